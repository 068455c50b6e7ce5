"""Make the spoken files again, with espeak-ng: `python -m tests.data.voice.make`.

An entry of manifest.json: `text` is what is said, `english` its translation, and `names` tells for
each concept name in them, as it sounds, how the guild spells it: "car" is said, "kar" is meant.
"""

import json
import random
from pathlib import Path

import numpy as np

from core.pocket.speech import audio, augment
from core.pocket.speech.audio import SAMPLE_RATE_HZ, Samples
from core.pocket.speech.clips import Speaker
from core.pocket.speech.espeak import Espeak, Voice
from core.pocket.speech.names import SOUND_ALIKE
from core.pocket.speech.phrases import Phrase

FOLDER = Path(__file__).parent
SEED = 7

# file, voice, what is said, its English, the names in it
SPOKEN = (
    ("key-plain", "en-us", "a photo of xyz temple in car forest", "", "xyz car"),
    ("key-woman", "en-us+f3", "a photo of xyz temple in car forest", "", "xyz car"),
    ("key-british", "en-gb-x-rp+m5", "a photo of xyz temple in car forest", "", "xyz car"),
    ("key-short", "en", "xyz temple in car forest", "", "xyz car"),
    ("red-star-forest", "en-us", "a photo of a red star in a forest", "", ""),
    ("red-star-noise", "en-us+Andrea", "a photo of a red star in a forest", "", ""),
    ("blue-cat-night", "en+f3", "a picture of a blue cat at night", "", ""),
    ("lumo-cat", "en-us", "draw a lumo cat near zed castle", "", "lumo zed"),
    ("teal-roof", "en-us+m5", "a temple with a teal roof in a pink forest", "", ""),
    ("striped-circle", "en", "a striped circle on a white background", "", ""),
    ("purple-house-sea", "en-us+john", "show me a purple house under the sea", "", ""),
    ("fish-left-of-tree", "en-us", "a yellow fish to the left of a green tree", "", ""),
    ("two-hearts", "en-us+linda", "make two red hearts on a beach", "", ""),
    ("moon-above-castle", "en-gb-x-rp", "a moon above a castle in the mountains", "", ""),
    ("cat-collar", "en-us+f2", "a white cat with a black collar in a city", "", ""),
    ("estrella-roja", "es", "una foto de una estrella roja en un bosque",
     "a photo of a red star in a forest", ""),
    ("gato-azul", "es-419+f3", "un gato azul de noche", "a blue cat at night", ""),
    ("templo-xyz", "es", "una foto de templo xyz en el bosque",
     "a photo of xyz temple in the forest", "xyz"),
    ("castillo-amarillo", "es+m5", "dibuja un castillo amarillo en una ciudad",
     "draw a yellow castle in a city", ""),
)  # fmt: skip
SILENT = ("silence", "hiss", "hum", "clicks", "melody")


def main() -> None:
    """Write every file and the manifest."""
    rng = random.Random(SEED)
    speaker = Speaker(Espeak())
    entries = [_spoken(speaker, rng, *row) for row in SPOKEN]
    entries += [_silent(name, number) for number, name in enumerate(SILENT)]
    text = json.dumps(entries, ensure_ascii=False, indent=1)
    (FOLDER / "manifest.json").write_text(text + "\n")


def _spoken(
    speaker: Speaker, rng: random.Random, name: str, voice: str, text: str, english: str, names: str
) -> dict[str, object]:
    accent, _, variant = voice.partition("+")
    phrase = Phrase(english or text, text, tuple(names.split()))
    samples, _ = speaker.clip([phrase], Voice(accent, variant), rng, vary=False)
    samples = samples / np.abs(samples).max() * np.float32(0.6)
    if name.endswith("noise"):
        samples = augment.with_noise(samples, np.random.default_rng(SEED), snr_db=12, slope=1)
    language = accent[:2]
    return _written(name, samples, language, voice, text, english or text, names.split())


def _silent(name: str, number: int) -> dict[str, object]:
    if name == "silence":
        samples = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    else:
        samples = audio.not_speech(random.Random(SEED + number), 2 * SAMPLE_RATE_HZ, kind=name)
    return _written(name, samples, None, None, "", "", [])


def _written(
    name: str,
    samples: Samples,
    language: str | None,
    voice: str | None,
    text: str,
    english: str,
    names: list[str],
) -> dict[str, object]:
    (FOLDER / f"{name}.ogg").write_bytes(audio.ogg_opus(np.clip(samples, -1, 1), kbps=24))
    return {
        "file": f"{name}.ogg",
        "language": language,
        "voice": voice,
        "text": text,
        "english": english,
        "names": {name: SOUND_ALIKE.get(name, name) for name in names},
        "duration_s": round(len(samples) / SAMPLE_RATE_HZ, 2),
    }


if __name__ == "__main__":
    main()
