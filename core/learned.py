"""What a training had learned at each of its checkpoints, for a person to choose another one.

It is noted beside the version, so housekeeping lets it go once nobody has asked for long.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from core.storage import Storage


@dataclass(frozen=True, slots=True)
class Learned:
    """Storage keys by step."""

    artifacts: Mapping[int, str]
    """What could be a version."""
    previews: Mapping[int, str]
    """What it drew, one strip for each step at which it was looked at."""

    def others(self, kept: int) -> tuple[int, ...]:
        """The steps that could be versions besides the kept one, in their order."""
        return tuple(sorted(self.artifacts.keys() - {kept}))


def remember(storage: Storage, version: str, learned: Learned) -> None:
    """Lets the steps be found by the artifact of the version that was kept."""
    storage.note(_name(version), json.dumps([dict(learned.artifacts), dict(learned.previews)]))


def recall(storage: Storage, version: str) -> Learned | None:
    """The steps of a version's training that are still there; None: they were let go."""
    noted = storage.noted(_name(version))
    if noted is None:
        return None
    artifacts, previews = (
        {int(step): key for step, key in keys.items() if storage.exists(key)}
        for keys in json.loads(noted)
    )
    return Learned(artifacts, previews) if artifacts else None


def _name(version: str) -> str:
    return f"learned {version}"
