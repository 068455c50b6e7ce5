"""Concept versions read from storage: the latest whole, and of very many what is said of them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from core.storage import Storage
from core.worker.artifact import Artifact, unpack

WHOLE_BYTES = 256 * 2**20
"""For whole versions: what has been brought to the model is not read again."""
OUTLINE_BYTES = 256 * 2**20
"""For outlines: a word takes some 10 to 50 KB, adapters of text encoders a few MB."""
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Outline:
    """A version without its part of the UNet."""

    said: Artifact
    """Words and adapters of the text encoders, with all facts."""
    has_adapter: bool
    """The UNet has an adapter of it."""
    changes_weights: bool
    """Full differences or a hypernetwork: more in the UNet than an adapter."""


class Artifacts:
    """Versions by storage key; `check` refuses what does not fit the model."""

    def __init__(self, storage: Storage, check: Callable[[Artifact], None]) -> None:
        self._storage, self._check = storage, check
        self._whole: _Recent[Artifact] = _Recent(WHOLE_BYTES)
        self._outlines: _Recent[Outline] = _Recent(OUTLINE_BYTES)

    def whole(self, key: str) -> Artifact:
        """Raises:
        ModelFault: it is not the artifact of a concept, or what `check` raises.
        """
        known = self._whole.get(key)
        return self._read(key) if known is None else known

    def outline(self, key: str) -> Outline:
        """Reads nothing where it is known; raises as `whole` does."""
        if (known := self._outlines.get(key)) is not None:
            return known
        outline = _outline(self.whole(key))
        self._outlines.put(key, outline, outline.said.bytes)
        return outline

    def _read(self, key: str) -> Artifact:
        made = unpack(self._storage.get(key))
        self._check(made)
        self._whole.put(key, made, made.bytes)
        return made


class _Recent(Generic[Kept]):
    """What was asked for last, up to so many bytes; the newest in any case."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._kept: OrderedDict[str, tuple[Kept, int]] = OrderedDict()

    def get(self, key: str) -> Kept | None:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: str, value: Kept, size: int) -> None:
        self._kept[key] = value, size
        self._taken += size
        while self._taken > self._most and len(self._kept) > 1:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._taken -= dropped


def _outline(whole: Artifact) -> Outline:
    return Outline(
        said=replace(whole, lora={}, delta={}, hyper={}),
        has_adapter=bool(whole.lora),
        changes_weights=bool(whole.delta or whole.hyper),
    )
