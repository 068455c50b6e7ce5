"""Shards on disk."""

import random
from pathlib import Path

import numpy as np

from core.pocket.speech import features
from core.pocket.speech.corpus import read_shards, write_shard
from tests.unit.core.pocket.speech.handmade import HandMade


def test_clips_come_back_from_a_shard_as_they_were(tmp_path: Path) -> None:
    """Words, times and spectrograms survive; float16 costs less than a hundredth of a decade."""
    write_shard(tmp_path, "one", HandMade(), seed=4, clips=6)  # type: ignore[arg-type]
    rng = random.Random(4)
    drawn = [HandMade().draw(rng) for _ in range(6)]
    read = list(read_shards(tmp_path))
    assert [clip for _, clip in read] == [clip for _, clip in drawn]
    for (mel, _), (samples, _) in zip(read, drawn, strict=True):
        np.testing.assert_allclose(mel, features.log_mel(samples), atol=0.01)


def test_a_shard_without_spectrograms_is_not_read(tmp_path: Path) -> None:
    """A run that was killed while writing leaves nothing that training would take."""
    write_shard(tmp_path, "one", HandMade(), seed=4, clips=2)  # type: ignore[arg-type]
    (tmp_path / "two.json").write_text("[]")
    (tmp_path / "two.tmp").write_bytes(b"half")
    assert len(list(read_shards(tmp_path))) == 2
