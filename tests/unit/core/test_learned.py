"""Steps of a training that can be found again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.learned import Learned, recall, remember
from core.storage import Storage

VERSION = "ab" * 32


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path}")


def test_steps_are_found_by_the_version_that_was_kept(storage: Storage) -> None:
    """With their numbers; those of another version are not."""
    learned = Learned({50: storage.put(b"a"), 100: storage.put(b"b")}, {0: storage.put(b"p")})
    remember(storage, VERSION, learned)
    assert recall(storage, VERSION) == learned
    assert recall(storage, "cd" * 32) is None


def test_what_was_let_go_is_left_out(storage: Storage) -> None:
    """A step or a preview whose blob is gone; where no step is left there is nothing to choose."""
    kept, gone = storage.put(b"a"), storage.put(b"b")
    remember(storage, VERSION, Learned({50: kept, 100: gone}, {0: gone}))
    soon = datetime.now(UTC) + timedelta(seconds=5)
    storage.delete(gone, soon)
    assert recall(storage, VERSION) == Learned({50: kept}, {})
    storage.delete(kept, soon)
    assert recall(storage, VERSION) is None


def test_steps_that_nobody_asks_for_are_forgotten(storage: Storage) -> None:
    """As any note is, and asking makes it young again."""
    remember(storage, VERSION, Learned({50: storage.put(b"a")}, {}))
    assert storage.forget_notes(datetime.now(UTC) - timedelta(days=1)) == 0
    assert recall(storage, VERSION) is not None
    assert storage.forget_notes(datetime.now(UTC) + timedelta(seconds=5)) == 1
    assert recall(storage, VERSION) is None


def test_the_kept_step_is_none_to_choose() -> None:
    """The others come in their order."""
    learned = Learned({100: "b", 50: "a", 300: "c"}, {})
    assert learned.others(100) == (50, 300)
    assert Learned({100: "b"}, {}).others(100) == ()
