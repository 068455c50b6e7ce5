"""espeak-ng's voices, parted into those that teach and those that are kept for tests."""

import random
from collections.abc import Sequence

from core.pocket.speech.espeak import Voice

_TRAINED = (
    "adam Alex Alicia Andy Annie antonio aunty belinda benjamin boris caleb david Denis Diogo ed "
    "edward edward2 Gene Gene2 Henrique Hugo iven iven2 iven3 iven4 Jacky kaukovalta Lee marcelo "
    "Marco Mario max Michael michel miguel Mike Nguyen pablo paul pedro quincy RicishayMax "
    "RicishayMax2 rob robert steph steph2 Storm travis victor zac anika f1 f2 f4 f5 m1 m2 m3 m4 "
    "m6 m7 m8 klatt klatt2 klatt4 klatt6 norbert sandro shelby grandpa croak"
)
_HELD_OUT = "f3 m5 Andrea klatt3 john linda grandma steph3"
TRAINED_VARIANTS = tuple(_TRAINED.split())
HELD_OUT_VARIANTS = tuple(_HELD_OUT.split())

TRAINED_ACCENTS = {
    "en": (*["en-us"] * 3, "en", "en", "en-gb-x-rp", "en-gb-scotland", "en-029", "en-us-nyc"),
    "es": ("es", "es", "es-419", "es-419"),
}
HELD_OUT_ACCENTS = {
    "en": ("en-us", "en", "en-gb-x-rp", "en-gb-x-gbclan", "en-029"),
    "es": ("es", "es-419"),
}


def trained_voice(rng: random.Random, language: str) -> Voice:
    """A voice to learn from, at any rate and pitch; one in ten is the plain one."""
    variant = "" if rng.random() < 0.1 else rng.choice(TRAINED_VARIANTS)
    return _varied(rng, TRAINED_ACCENTS[language], variant)


def held_out_voice(rng: random.Random, language: str) -> Voice:
    """A voice that nothing was learned from, at any rate and pitch."""
    return _varied(rng, HELD_OUT_ACCENTS[language], rng.choice(HELD_OUT_VARIANTS))


def _varied(rng: random.Random, accents: Sequence[str], variant: str) -> Voice:
    return Voice(
        rng.choice(accents),
        variant,
        rate_wpm=rng.randint(120, 215),
        pitch=rng.randint(15, 85),
        pitch_range=rng.randint(25, 80),
        word_gap=rng.choice((0, 0, 0, 1, 2, 3, 6)),
    )
