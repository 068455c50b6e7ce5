"""The judge: a small classifier that reads a picture of the drawn world back into a scene."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.pocket.world.palette import ACCENT_COLOURS, THING_COLOURS
from core.pocket.world.scene import ACCENTS, NOUNS, PATTERNS, PLACES, Backdrop, Scene, Thing

IGNORED = -100
"""The label of a question that a scene does not pose, such as the noun of a missing thing."""

LAYOUTS = ("empty", "one", "left", "above")
NATURAL = "natural"
TINTS = (NATURAL, *THING_COLOURS)
_THING_HEADS = {
    "noun": NOUNS,
    "colour": THING_COLOURS,
    "pattern": PATTERNS,
    "pattern_colour": ACCENT_COLOURS,
    "accent": ACCENTS,
    "accent_colour": ACCENT_COLOURS,
}
HEADS: dict[str, tuple[str, ...]] = {
    "layout": LAYOUTS,
    "place": PLACES,
    "trees": TINTS,
    "ground": TINTS,
    "sky": TINTS,
    **{f"first_{key}": values for key, values in _THING_HEADS.items()},
    **{f"second_{key}": values for key, values in _THING_HEADS.items()},
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the judge sees: a scene told from its left (or upper) thing on, sizes left out and
    the two colours of stripes in a fixed order (`Scene.as_seen`).

    `certainty` is the smallest probability (0 to 1) among the answers that make up the scene.
    """

    scene: Scene
    certainty: float


class JudgeNetwork(nn.Module):
    """A small residual network over (count, 3, 64, 64) in [-1, 1], then one linear head a question.

    Source: He et al., Deep residual learning for image recognition (2015), section 3.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(3, 32, stride=2),
            _Residual(32),
            *_convolution(32, 64, stride=2),
            _Residual(64),
            _Residual(64),
            *_convolution(64, 96, stride=2),
            _Residual(96),
            _Residual(96),
            *_convolution(96, 128, stride=2),
            _Residual(128),
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(2048, 384),
            nn.ReLU(),
        )
        self.heads = nn.ModuleDict(
            {name: nn.Linear(384, len(values)) for name, values in HEADS.items()}
        )

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Returns the logits of every head, each (count, number of answers)."""
        features = self.features(pictures)
        return {name: head(features) for name, head in self.heads.items()}


def _convolution(inputs: int, outputs: int, *, stride: int = 1) -> Iterator[nn.Module]:
    yield nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    yield nn.BatchNorm2d(outputs)
    yield nn.ReLU()


class _Residual(nn.Module):
    """What two convolutions find, added to what came in, of the same size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        *first, _ = _convolution(channels, channels)
        self.found = nn.Sequential(*_convolution(channels, channels), *first)

    def forward(self, features: Tensor) -> Tensor:
        """Returns (count, channels, height, width), as it came in."""
        found: Tensor = self.found(features)
        return (features + found).relu()


class Judge:
    """Reads pictures with trained weights."""

    def __init__(self, network: JudgeNetwork) -> None:
        self.network = network.eval()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Loads weights written by `save`. Raises FileNotFoundError where there are none."""
        network = JudgeNetwork()
        network.load_state_dict({name: t.float() for name, t in load_file(path).items()})
        return cls(network)

    def save(self, path: Path) -> None:
        """Writes the weights as half-precision safetensors."""
        state = self.network.state_dict()
        halves = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
        save_file({name: t.contiguous() for name, t in halves.items()}, path)

    @torch.no_grad()
    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        """Reads images of any size; all are brought to 64 × 64 first."""
        readings: list[Reading] = []
        for start in range(0, len(images), 64):
            answers = self.network(as_pixels(images[start : start + 64]))
            readings += _readings(answers)
        return readings


def as_pixels(images: Sequence[Image.Image]) -> Tensor:
    """Returns images as (count, 3, 64, 64) floats in [-1, 1]."""
    arrays = [np.asarray(image.convert("RGB").resize((64, 64))) for image in images]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 127.5 - 1


def labels(scene: Scene) -> dict[str, int]:
    """Returns the right answer of every head, IGNORED where the scene does not pose it."""
    scene = scene.as_seen()
    asked = {"layout": _layout(scene), "place": scene.backdrop.place, **_tints(scene.backdrop)}
    for slot, thing in zip(("first", "second"), scene.things, strict=False):
        asked |= {f"{slot}_{key}": getattr(thing, key) for key in _THING_HEADS}
    return {
        name: values.index(asked[name]) if asked.get(name) else IGNORED
        for name, values in HEADS.items()
    }


def _layout(scene: Scene) -> str:
    return scene.relation or ("one" if scene.things else "empty")


def _tints(backdrop: Backdrop) -> dict[str, str]:
    if backdrop.place != "forest":
        return {}
    return {key: getattr(backdrop, key) or NATURAL for key in ("trees", "ground", "sky")}


def _readings(answers: dict[str, Tensor]) -> list[Reading]:
    best = {name: logits.softmax(1).max(1) for name, logits in answers.items()}
    count = len(answers["layout"])
    return [_reading(_Answers(best, row)) for row in range(count)]


class _Answers:
    """The answers about one picture, noting how sure the ones that were looked at are."""

    def __init__(self, best: dict[str, torch.return_types.max], row: int) -> None:
        self._best, self._row, self.certainty = best, row, 1.0

    def __getitem__(self, name: str) -> str:
        chance, index = self._best[name][0][self._row], self._best[name][1][self._row]
        self.certainty = min(self.certainty, float(chance))
        return HEADS[name][int(index)]


def _reading(answers: _Answers) -> Reading:
    layout = answers["layout"]
    slots = {"empty": (), "one": ("first",)}.get(layout, ("first", "second"))
    relation = layout if len(slots) == 2 else None
    things = tuple(_thing(answers, slot) for slot in slots)
    scene = Scene(_backdrop(answers), things, relation).as_seen()
    return Reading(scene, answers.certainty)


def _backdrop(answers: _Answers) -> Backdrop:
    place = answers["place"]
    if place != "forest":
        return Backdrop(place)
    tints = (answers[key] for key in ("trees", "ground", "sky"))
    return Backdrop(place, *(None if tint == NATURAL else tint for tint in tints))


def _thing(answers: _Answers, slot: str) -> Thing:
    pattern, accent = answers[f"{slot}_pattern"], answers[f"{slot}_accent"]
    return Thing(
        noun=answers[f"{slot}_noun"],
        colour=answers[f"{slot}_colour"],
        pattern=pattern,
        pattern_colour=None if pattern == "plain" else answers[f"{slot}_pattern_colour"],
        accent=accent,
        accent_colour=None if accent == "none" else answers[f"{slot}_accent_colour"],
    )
