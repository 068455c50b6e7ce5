"""Score a speech model on the fresh test set and print the table.

python -m core.pocket.speech.evaluate [--model FOLDER] [--seed 20261120] [--share 1]
"""

import argparse
import io
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from faster_whisper import WhisperModel

from core.pocket.speech.espeak import Espeak
from core.pocket.speech.hotwords import Hotwords
from core.pocket.speech.paths import whisper_path
from core.pocket.speech.testset import ScoredClip, hotwords_for, scored_clips

SEED = 20261120
TIMED_S = 4.0  # the length that the time limit speaks of


@dataclass(frozen=True)
class Way:
    """A way to ask: for which groups, with what language, task and hotwords."""

    title: str
    groups: frozenset[str]
    task: str = "transcribe"
    hotwords: bool = False
    detect: bool = False


@dataclass
class Score:
    """Word errors and processor seconds of one group asked in one way."""

    clips: int = 0
    words: int = 0
    errors: int = 0
    exact: int = 0
    texts: int = 0
    seconds: list[float] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    def add(self, expected: str, heard: str, seconds: float) -> None:
        """Count one clip."""
        errors = word_errors(expected.split(), heard.split())
        self.clips += 1
        self.words += len(expected.split())
        self.errors += errors
        self.exact += not errors
        self.texts += bool(heard)
        self.seconds.append(seconds)
        if errors:
            self.wrong.append((expected, heard))

    def row(self, title: str) -> str:
        """A line of the table."""
        rate = f"{100 * self.errors / self.words:.2f} %" if self.words else "-"
        exact = f"{100 * self.exact / self.clips:.1f} %"
        return (
            f"| {title} | {self.clips} | {rate} | {exact} | {self.texts} "
            f"| {median(self.seconds):.2f} s |"
        )


ENGLISH = frozenset(
    {"trained voices", "new voices", "new voices, noise 8-20 dB", "new names", "two requests",
     "words in no order", "key sentences", "chatter", "nothing said"}
)  # fmt: skip
GUILD = frozenset({"new voices", "new names", "key sentences", "chatter", "nothing said"})
SPANISH = frozenset({"Spanish"})
WAYS = (
    Way("", ENGLISH),
    Way("hotwords", GUILD, hotwords=True),
    Way("language detected", frozenset({"new voices", "nothing said"}), detect=True),
    Way("transcribed", SPANISH),
    Way("translated", SPANISH, task="translate"),
    Way("translated, hotwords", SPANISH, task="translate", hotwords=True),
    Way("translated, language detected", SPANISH, task="translate", detect=True),
)


class Ear:
    """A faster-whisper model on one core, asked as the product asks."""

    def __init__(self, model: Path) -> None:
        self._model = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)

    def hear(
        self, opus: bytes, *, language: str | None, task: str = "transcribe", hotwords: str = ""
    ) -> str:
        """What is said in an Ogg Opus file; language None is detected."""
        segments, _ = self._model.transcribe(
            io.BytesIO(opus),
            language=language,
            task=task,
            hotwords=hotwords or None,
            condition_on_previous_text=False,
        )
        return " ".join(segment.text.strip() for segment in segments).strip()


def word_errors(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(expected, 1):
        above, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1]


def evaluate(
    ear: Ear, clips: Sequence[ScoredClip], report: Callable[[str], None], *, show: int = 0
) -> dict[str, Score]:
    """Score every group in every way that fits it; `show` wrong clips a row."""
    scores: dict[str, Score] = {}
    groups = dict.fromkeys(clip.group for clip in clips)
    report("| clips | n | word errors | exact | not empty | processor time |")
    report("|---|---|---|---|---|---|")
    for way in WAYS:
        for group in (each for each in groups if each in way.groups):
            title = f"{group}, {way.title}" if way.title else group
            rng = random.Random(title)
            scores[title] = Score()
            for clip in (each for each in clips if each.group == group):
                _ask(ear, clip, way, scores[title], rng)
            report(scores[title].row(title))
            for expected, heard in scores[title].wrong[:show]:
                report(f"    {expected} -> {heard}")
    return scores


def four_seconds(ear: Ear, clips: Sequence[ScoredClip]) -> float:
    """Median processor seconds for the ten clips whose length is nearest to 4 s."""
    nearest = sorted(clips, key=lambda clip: abs(clip.duration_s - TIMED_S))[:10]
    score = Score()
    for clip in nearest:
        _ask(ear, clip, WAYS[0], score, random.Random(0))
    return median(score.seconds)


def _ask(ear: Ear, clip: ScoredClip, way: Way, score: Score, rng: random.Random) -> None:
    hotwords = hotwords_for(clip, rng) if way.hotwords else Hotwords()
    language = None if way.detect else clip.language or "en"
    started = time.process_time()
    heard = ear.hear(clip.opus, language=language, task=way.task, hotwords=hotwords.text)
    seconds = time.process_time() - started
    plain = clip.english if way.task == "translate" else clip.text
    score.add(_nearest(heard, (hotwords.respelled(plain), plain)), heard, seconds)


def _nearest(heard: str, spellings: Sequence[str]) -> str:
    """The reference with the fewest errors: "kar" and "car" sound the same, so both are right."""
    return min(spellings, key=lambda text: word_errors(text.split(), heard.split()))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--show", type=int, default=0)
    arguments = parser.parse_args()
    ear = Ear(arguments.model or whisper_path())
    clips = list(scored_clips(Espeak(), seed=arguments.seed, share=arguments.share))
    evaluate(ear, clips, print, show=arguments.show)
    print(f"\na 4 s clip takes {four_seconds(ear, clips):.2f} s of one core")


if __name__ == "__main__":
    main()
