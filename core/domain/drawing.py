"""How an image may be drawn: what a request chooses, each frozen and validated."""

from enum import StrEnum

from pydantic import Field

from core.domain.frozen import Frozen

COUNT_MAX = 4


class Aspect(StrEnum):
    """The shape of a picture, at the base model's own area."""

    SQUARE = "1:1"
    PORTRAIT = "2:3"
    LANDSCAPE = "3:2"
    WIDE = "16:9"


class Sampler(StrEnum):
    """A diffusion sampler, by its usual name."""

    DDIM = "ddim"
    EULER = "euler"
    EULER_A = "euler_a"
    DPMPP_2M = "dpmpp_2m"
    DPMPP_2M_KARRAS = "dpmpp_2m_karras"
    DPMPP_2M_SDE = "dpmpp_2m_sde"
    UNIPC = "unipc"
    LCM = "lcm"
    TCD = "tcd"


class Stacking(StrEnum):
    """How the concepts of a stack work together."""

    SUM = "sum"  # every adapter changes every word and place; they are added up
    APART = "apart"  # each keeps to its own words, and to the places that look at them
    SWITCH = "switch"  # one adapter a step, in turn


class StartImage(Frozen):
    """Begin from a picture: image-to-image."""

    key: str
    strength: float = Field(gt=0, le=1)
    """1 forgets the picture, near 0 keeps it."""


class Margins(Frozen):
    """Room around a picture, in shares of its own sides: 0.5 to the right is half as wide again."""

    left: float = Field(default=0, ge=0, le=2)
    top: float = Field(default=0, ge=0, le=2)
    right: float = Field(default=0, ge=0, le=2)
    bottom: float = Field(default=0, ge=0, le=2)

    @property
    def growth(self) -> tuple[float, float]:
        """Width and height of the canvas, with the picture's own as 1."""
        return self.left + 1 + self.right, self.top + 1 + self.bottom


class ControlKind(StrEnum):
    """What a ControlNet reads in the picture that it is given."""

    SCRIBBLE = "scribble"
    EDGES = "edges"
    POSE = "pose"
    DEPTH = "depth"


class ControlImage(Frozen):
    """Follow the shapes in a picture, by a ControlNet."""

    kind: ControlKind
    key: str
    """Storage key of a picture; for edges an ordinary one, else the map itself."""
    scale: float = Field(default=1, gt=0, le=2)


class SecondPass(Frozen):
    """Draw once more, larger, from what was drawn: detail that a small picture has no room for."""

    scale: float = Field(ge=1.25, le=2)
    strength: float = Field(default=0.35, gt=0, le=1)


class Variation(Frozen):
    """Bend the starting noise towards another seed's by spherical interpolation."""

    seeds: tuple[int, ...] = Field(min_length=1, max_length=COUNT_MAX)
    strength: float = Field(gt=0, le=1)
