"""A fresh test set of Ogg Opus clips: sentences, names and voices that nothing was learned from.

Made again by its seed wherever espeak-ng is installed.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.pocket.speech import audio, augment, grammar, names, phrases
from core.pocket.speech.audio import SAMPLE_RATE_HZ, Samples
from core.pocket.speech.clips import LONGEST_S, Speaker
from core.pocket.speech.espeak import Espeak, Voice
from core.pocket.speech.hotwords import Hotwords
from core.pocket.speech.phrases import Phrase
from core.pocket.speech.voices import held_out_voice, trained_voice

KEY_SENTENCES = (
    Phrase(
        "a photo of xyz temple in car forest",
        "una foto de templo xyz en bosque car",
        ("xyz", "car"),
    ),
    Phrase("xyz temple in car forest", "templo xyz en bosque car", ("xyz", "car")),
    Phrase("a photo of a red star in a forest", "una foto de una estrella roja en un bosque"),
    Phrase(
        "draw a lumo cat near zed castle",
        "dibuja un gato lumo cerca de castillo zed",
        ("lumo", "zed"),
    ),
    Phrase(
        "a temple with a teal roof in a pink forest",
        "un templo con un techo turquesa en un bosque rosa",
    ),
)
UNHEARD_CHATTER = (
    "the quick brown fox jumps over the lazy dog",
    "we are planning to travel abroad next summer",
    "the committee approved the budget without discussion",
    "my grandmother used to sing while cooking breakfast",
    "nobody expected such heavy traffic on tuesday",
    "please turn down the volume of your microphone",
    "economists predict slower growth during winter",
    "he forgot his password again and called support",
    "those biscuits were absolutely delicious",
    "our flight was delayed because of fog",
)


@dataclass(frozen=True)
class ScoredClip:
    """An Ogg Opus file and what it should be heard as; `english` is the translation."""

    group: str
    opus: bytes
    duration_s: float
    language: str | None
    text: str
    english: str
    names: tuple[str, ...] = ()


def scored_clips(espeak: Espeak, *, seed: int, share: float) -> Iterator[ScoredClip]:
    """Every group of the test set; `share` makes all but the key sentences smaller."""
    rng = random.Random(seed)
    speaker = Speaker(espeak)

    def group(
        name: str, count: int, draw: Callable[[], list[Phrase]], language: str = "en",
        *, voice: Callable[[random.Random, str], Voice] = held_out_voice, noisy: bool = False,
    ) -> Iterator[ScoredClip]:  # fmt: skip
        for _ in range(max(1, int(count * share))):
            yield _spoken(speaker, rng, name, draw, voice, language, noisy=noisy)

    def plain() -> list[Phrase]:
        return [grammar.held_out_request(rng, named=False)]

    def named() -> list[Phrase]:
        return [grammar.held_out_request(rng, named=True)]

    yield from group("trained voices", 80, plain, voice=trained_voice)
    yield from group("new voices", 120, plain)
    yield from group("new voices, noise 8-20 dB", 80, plain, noisy=True)
    yield from group("new names", 80, named)
    yield from group("two requests", 30, lambda: plain() + plain())
    yield from group("words in no order", 50, lambda: [grammar.word_salad(rng, "en")])
    yield from group("Spanish", 100, plain, "es")
    yield from group("chatter", 30, lambda: [_same(rng.choice(UNHEARD_CHATTER))])
    for phrase in KEY_SENTENCES:
        for _ in range(12):
            yield _spoken(
                speaker, rng, "key sentences", partial(list, [phrase]), held_out_voice, "en"
            )
    for _ in range(int(80 * share)):
        yield _silent(audio.not_speech(rng, int(SAMPLE_RATE_HZ * rng.uniform(0.8, 6))))
    for seconds in (0.3, 1, 3, 8):
        yield _silent(np.zeros(int(SAMPLE_RATE_HZ * seconds), np.float32))


def hotwords_for(clip: ScoredClip, rng: random.Random) -> Hotwords:
    """A guild's names: those in the clip, "car" as "kar", among five that nobody says."""
    spelling = {name: names.SOUND_ALIKE.get(name, name) for name in clip.names}
    listed = [*(names.made_up(rng) for _ in range(5)), *spelling.values()]
    rng.shuffle(listed)
    return Hotwords(", ".join(listed), spelling)


def _spoken(
    speaker: Speaker, rng: random.Random, group: str, draw: Callable[[], list[Phrase]],
    voice: Callable[[random.Random, str], Voice], language: str, *, noisy: bool = False,
) -> ScoredClip:  # fmt: skip
    """A clip of at most 9.9 s through Opus at 24 kbit/s."""
    while True:
        said = draw()
        samples, _ = speaker.clip(said, voice(rng, language), rng)
        if len(samples) < LONGEST_S * SAMPLE_RATE_HZ:
            break
    samples = samples / np.abs(samples).max() * np.float32(rng.uniform(0.3, 0.9))
    if noisy:
        noise = np.random.default_rng(rng.randrange(1 << 31))
        samples = augment.with_noise(
            samples, noise, snr_db=rng.uniform(8, 20), slope=rng.choice((0, 1, 2))
        )
    whole = phrases.join(*said)
    english = "" if group == "chatter" else whole.english
    text = english if language == "en" else whole.spanish
    return _clip(group, samples, language, text, english, whole.names)


def _silent(samples: Samples) -> ScoredClip:
    return _clip("nothing said", samples, None, "", "", ())


def _clip(
    group: str,
    samples: Samples,
    language: str | None,
    text: str,
    english: str,
    said: tuple[str, ...],
) -> ScoredClip:
    opus = audio.ogg_opus(np.clip(samples, -1, 1), kbps=24)
    return ScoredClip(group, opus, len(samples) / SAMPLE_RATE_HZ, language, text, english, said)


def _same(text: str) -> Phrase:
    return Phrase(text, text)
