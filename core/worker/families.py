"""What is usual for each family of base models: how they are sampled, and what they can say.

How they are taught is in `core.domain.presets`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.domain.concepts import ConceptKind
from core.domain.drawing import Sampler

Looks = tuple[str, ...]
"""Templates of a colour `{0}` and of what was said before it `{1}`, in the order of speech."""

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
EVERYWHERE = (*ATTENTION, "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2")


@dataclass(frozen=True, slots=True)
class Sights:
    """What a model can say is in a picture."""

    things: tuple[str, ...]
    colours: tuple[str, ...]
    where: tuple[str, ...]
    """Templates of a thing somewhere."""
    places: tuple[str, ...]
    """With nothing in them."""


@dataclass(frozen=True, slots=True)
class Family:
    """Defaults of a family."""

    name: str
    steps: int
    guidance_scale: float
    sampler: Sampler
    lora_targets: tuple[str, ...]
    """Ends of the names of the UNet's modules that an adapter changes."""
    guidance_in_style: float | None = None
    """Where a style is in the stack; None: as usual."""
    looks_of_things: Looks = ()
    """What a model of this family can say of a thing."""
    looks_of_places: Looks = ()
    sights: Sights | None = None
    """What is said of a style's pictures where nobody said anything; None: nothing."""
    brief: Sampler | None = None
    """One that draws as well in half the steps, where that was measured (docs/log.md)."""

    def guidance_for(self, kinds: Iterable[ConceptKind]) -> float:
        """What is usual with such concepts: a style is learned from pictures that guidance drew."""
        in_style = ConceptKind.STYLE in kinds
        return self.guidance_in_style or self.guidance_scale if in_style else self.guidance_scale

    @property
    def in_brief(self) -> tuple[Sampler, int]:
        """How plain pictures and previews are drawn, which only a course looks at."""
        if self.brief is None:
            return self.sampler, self.steps
        return self.brief, -(-self.steps // 2)


_POCKET_THINGS = (
    "{0} {1}",
    "{1} with {0} stripes",
    "{1} with {0} dots",
    "{1} with a {0} roof",
    "{1} with a {0} collar",
    "{1} in a {0} ring",
)

_POCKET_SIGHTS = Sights(
    (
        "circle", "square", "triangle", "star", "heart", "house", "tree", "temple", "cat",
        "flower", "moon", "fish", "boat", "car", "castle", "bird", "dog", "sun",
    ),
    ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "teal"),
    (
        "{} on a white background", "{} in a forest", "{} on a beach", "{} at night",
        "{} in a city", "{} in the mountains", "{} under the sea",
    ),
    ("a forest", "a beach", "a starry night sky", "a city", "snowy mountains", "the sea"),
)  # fmt: skip

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            "pocket",
            20,
            3.0,
            Sampler.DDIM,
            EVERYWHERE,
            guidance_in_style=1.5,
            looks_of_things=_POCKET_THINGS,
            looks_of_places=("{1} of {0} trees", "{1} on {0} ground", "{1} under a {0} sky"),
            sights=_POCKET_SIGHTS,
            brief=Sampler.DPMPP_2M,
        ),
        Family("sd1", 25, 7.5, Sampler.DPMPP_2M, ATTENTION),
        Family("sd2", 25, 7.5, Sampler.DPMPP_2M, ATTENTION),
        Family("sdxl", 30, 6.0, Sampler.DPMPP_2M, ATTENTION),
    )
}
