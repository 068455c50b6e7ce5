"""The training corpus: shards of clips as log-mel spectrograms with what is said in them.

    python -m core.pocket.speech.corpus FOLDER --shards 20 --seed 1

A shard of 1,000 clips is `NAME.npy`, float16 (all frames, 80), and `NAME.json`, one entry a clip.
What is said depends on the seed and the shard's number alone. espeak-ng keeps state between
sentences, so samples repeat exactly when the whole corpus is made in one go.
A shard that is there is left as it is.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.pocket.speech import audio, augment, features, grammar
from core.pocket.speech.audio import SAMPLE_RATE_HZ, Samples
from core.pocket.speech.clips import LONGEST_S, Clip, Speaker, Utterance, Word
from core.pocket.speech.espeak import Espeak
from core.pocket.speech.phrases import Phrase
from core.pocket.speech.voices import trained_voice

CLIPS_PER_SHARD = 1000
SPANISH_SHARE = 0.3


class ClipMaker:
    """Draws training clips, each from the generator it is given."""

    def __init__(self, espeak: Espeak, *, spanish_share: float = SPANISH_SHARE) -> None:
        self._speaker = Speaker(espeak)
        self._spanish_share = spanish_share

    def draw(self, rng: random.Random) -> tuple[Samples, Clip]:
        """One clip of at most 9.9 s: nothing spoken, chatter, words in no order or requests."""
        while True:
            samples, clip = self._draw(rng)
            if SAMPLE_RATE_HZ // 4 < len(samples) < LONGEST_S * SAMPLE_RATE_HZ:
                return augment.roughen(samples, rng) if clip.language else samples, clip

    def _draw(self, rng: random.Random) -> tuple[Samples, Clip]:
        kind = rng.choices(("none", "chatter", "salad", "several", "one"), (6, 4, 13, 6, 71))[0]
        if kind == "none":
            return _nothing_said(rng), Clip(None, ())
        language = "es" if rng.random() < self._spanish_share else "en"
        phrases = _phrases(rng, kind, language)
        samples, utterances = self._speaker.clip(phrases, trained_voice(rng, language), rng)
        if kind == "chatter":
            utterances = ()
        elif kind == "salad":
            utterances = tuple(replace(utterance, translation=None) for utterance in utterances)
        return samples, Clip(language, utterances)


def _phrases(rng: random.Random, kind: str, language: str) -> list[Phrase]:
    if kind == "chatter":
        text = grammar.chatter(rng, language)
        return [Phrase(text, text)]
    if kind == "salad":
        return [grammar.word_salad(rng, language)]
    return [grammar.training_request(rng) for _ in range(2 if kind == "several" else 1)]


def _nothing_said(rng: random.Random) -> Samples:
    sound = audio.not_speech(rng, int(SAMPLE_RATE_HZ * rng.uniform(0.6, 6)))
    return audio.through_opus(sound, kbps=rng.choice((24, 32))) if rng.random() < 0.4 else sound


def write_shard(folder: Path, name: str, maker: ClipMaker, *, seed: int, clips: int) -> None:
    """One shard; the spectrograms appear last and whole, so a shard without them is not done."""
    rng = random.Random(seed)
    spectrograms: list[np.ndarray] = []
    entries: list[dict[str, object]] = []
    for _ in range(clips):
        samples, clip = maker.draw(rng)
        spectrograms.append(features.log_mel(samples).astype(np.float16))
        entries.append({"frames": len(spectrograms[-1]), **asdict(clip)})
    (folder / f"{name}.json").write_text(json.dumps(entries, ensure_ascii=False))
    with (folder / f"{name}.tmp").open("wb") as file:
        np.save(file, np.concatenate(spectrograms))
    (folder / f"{name}.tmp").replace(folder / f"{name}.npy")


def read_shards(folder: Path) -> Iterator[tuple[np.ndarray, Clip]]:
    """Every clip of the finished shards in `folder`, in their order, the spectrograms mapped."""
    for path in sorted(folder.glob("*.npy")):
        frames = np.load(path, mmap_mode="r")
        at = 0
        for entry in json.loads(path.with_suffix(".json").read_text()):
            yield frames[at : at + entry["frames"]], _clip(entry)
            at += entry["frames"]


def _clip(entry: dict[str, Any]) -> Clip:
    utterances = []
    for raw in entry["utterances"]:
        words = tuple(Word(word["text"], tuple(word["starts"])) for word in raw["words"])
        phonemes = tuple((at, name) for at, name in raw["phonemes"])
        fields = {**raw, "words": words, "phonemes": phonemes, "names": tuple(raw["names"])}
        utterances.append(Utterance(**fields))
    return Clip(entry["language"], tuple(utterances))


def main() -> None:
    """Write the shards that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spanish", type=float, default=SPANISH_SHARE, metavar="SHARE")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    maker = ClipMaker(Espeak(), spanish_share=arguments.spanish)
    for number in range(arguments.shards):
        name = f"shard-{arguments.seed}-{number:03d}"
        if not (arguments.folder / f"{name}.npy").exists():
            seed = arguments.seed * 10_000 + number
            write_shard(arguments.folder, name, maker, seed=seed, clips=CLIPS_PER_SHARD)
            print(name, flush=True)


if __name__ == "__main__":
    main()
