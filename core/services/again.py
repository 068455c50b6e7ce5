"""What buttons ask for that do something again: requests made from an earlier one. Pure."""

import secrets
from collections.abc import Mapping
from enum import StrEnum

from core.domain.concepts import Concept, token_of
from core.domain.drawing import COUNT_MAX, Margins, StartImage, Variation
from core.domain.images import Image
from core.domain.recipes import Value
from core.domain.requests import SEED_MAX, ImagineRequest, TrainRequest
from core.errors import Conflict

SIDE_MAX_PX = 4096
VARY_STRENGTH = 0.35
UPSCALE_STRENGTH = 0.35
LIKE_STRENGTH = 0.65
ANEW_STRENGTH = 1.0
"""What lies under a mask begins from noise alone."""
AROUND_STRENGTH = 0.85
"""What lies around a picture begins from the colours at its edge, so that the scene goes on."""


class Direction(StrEnum):
    """Where a picture is expanded to."""

    AROUND = "around"
    FAR_AROUND = "far_around"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


MARGINS: Mapping[Direction, Margins] = {
    Direction.AROUND: Margins(left=0.25, top=0.25, right=0.25, bottom=0.25),
    Direction.FAR_AROUND: Margins(left=0.5, top=0.5, right=0.5, bottom=0.5),
    Direction.LEFT: Margins(left=0.5),
    Direction.RIGHT: Margins(right=0.5),
    Direction.UP: Margins(top=0.5),
    Direction.DOWN: Margins(bottom=0.5),
}


def seeds_from(base: int | None, count: int) -> tuple[int, ...]:
    """`base`, `base + 1`, …; a random base when there is none."""
    first = secrets.randbelow(SEED_MAX + 1) if base is None else base
    return tuple((first + step) % (SEED_MAX + 1) for step in range(count))


def varied(image: Image) -> ImagineRequest:
    """Four pictures near this one: its own noise, bent towards four others."""
    return _from(
        image,
        seeds=(image.seed,) * COUNT_MAX,
        variation=Variation(seeds=seeds_from(None, COUNT_MAX), strength=VARY_STRENGTH),
    )


def upscaled(image: Image) -> ImagineRequest:
    """This picture at twice the size, with detail drawn anew.

    Raises:
        Conflict: twice the size is more than can be made.
    """
    width_px, height_px = 2 * image.width_px, 2 * image.height_px
    if max(width_px, height_px) > SIDE_MAX_PX:
        raise Conflict(
            f"This picture is {image.width_px} × {image.height_px} pixels; twice that is more "
            f"than the {SIDE_MAX_PX} a side that can be made."
        )
    return _from(
        image,
        seeds=(image.seed,),
        variation=None,
        start=StartImage(key=image.key, strength=UPSCALE_STRENGTH),
        mask=None,
        expand=None,
        hires=None,
        width_px=width_px,
        height_px=height_px,
    )


def alike(image: Image) -> ImagineRequest:
    """Four new pictures that begin from this one."""
    return _from(
        image,
        seeds=seeds_from(None, COUNT_MAX),
        variation=None,
        start=StartImage(key=image.key, strength=LIKE_STRENGTH),
        mask=None,
        expand=None,
        hires=None,
        width_px=image.width_px,
        height_px=image.height_px,
    )


def expanded(image: Image, direction: Direction) -> ImagineRequest:
    """Four ways in which the scene may go on beyond the picture; the model chooses the size."""
    return _from(
        image,
        seeds=seeds_from(None, COUNT_MAX),
        variation=None,
        start=StartImage(key=image.key, strength=AROUND_STRENGTH),
        mask=None,
        expand=MARGINS[direction],
        control=None,
        hires=None,
        width_px=None,
        height_px=None,
    )


def redone(request: ImagineRequest) -> ImagineRequest:
    """The same wish with other dice; a variation keeps the picture that it varies."""
    count = len(request.seeds)
    if request.variation is None:
        return request.model_copy(update={"seeds": seeds_from(None, count)})
    dice = request.variation.model_copy(update={"seeds": seeds_from(None, count)})
    return request.model_copy(update={"variation": dice})


def redrawn(image: Image) -> ImagineRequest:
    """This one picture again, without the others of its job."""
    request, variation = image.manifest.request, image.manifest.request.variation
    if variation is not None:
        own = variation.seeds[min(image.manifest.index, len(variation.seeds) - 1)]
        variation = variation.model_copy(update={"seeds": (own,)})
    return request.model_copy(update={"seeds": (image.seed,), "variation": variation})


def redone_alone(image: Image) -> ImagineRequest:
    """The same for this one picture, drawn as the worker is set up now."""
    return redone(redrawn(image)).model_copy(update={"setup": None})


def scene(image: Image) -> ImagineRequest:
    """What the picture shows, to be drawn with other stacks.

    One that was made from another picture here begins from the words alone, for all concepts are
    in that other one already.
    """
    request = redrawn(image)
    if request.start is None or request.parent_image_id is None:
        return request
    sides = {"width_px": None, "height_px": None}
    return request.model_copy(update={"start": None, "mask": None, "expand": None, **sides})


def replayed(image: Image) -> ImagineRequest:
    """The picture's whole manifest again, alone in its batch, for the same bits."""
    return image.manifest.request.model_copy(update={"exact": True})


def retaught(
    request: TrainRequest, concept: Concept, *, steps: int | None, settings: Mapping[str, Value]
) -> TrainRequest:
    """The same pictures and words for a concept as it is now: called otherwise, or corrected."""
    old, new = token_of(request.name), concept.token
    changes = {
        "name": concept.name,
        "class_noun": concept.class_noun,
        "concept_kind": concept.kind,
        "captions": tuple(said.replace(old, new) for said in request.captions),
        "steps": steps,
        "settings": dict(settings),
        "ends_early": False,
    }
    if request.learned is not None:
        changes |= {"learned": None, "recipe": None}
    return TrainRequest.model_validate(request.model_dump() | changes)


def _from(image: Image, **changes: object) -> ImagineRequest:
    """A new picture has no bits to match, so it may share a batch whatever `image` had to do."""
    known = image.manifest.request.model_dump()
    known |= {"parent_image_id": image.id, "exact": False, "setup": None}
    return ImagineRequest.model_validate(known | changes)
