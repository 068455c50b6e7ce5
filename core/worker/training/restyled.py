"""Pictures of other things in a style: what a style looks like where nobody showed it.

From a few pictures a style is learned for what they show: a yellow dog stays bright in a style of
dark paint that was shown on a house (docs/log.md). So the base model draws what the style's
pictures show, without it, which tells what the style does; that is done to plain pictures of many
other things, which are learned beside the style's own.
"""

import random
from collections.abc import Sequence
from itertools import product

from PIL import Image

from core.domain.concepts import ConceptKind
from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.worker.families import Sights
from core.worker.interrogator import said_of
from core.worker.training.captions import surroundings
from core.worker.training.company import OTHERS
from core.worker.training.drawn_once import Wish

COMPARED = 20
"""So many pictures at most are drawn again without the style, and as many are drawn of them."""
SEED = 2000
TO_ONE = 3
"""So many other things are learned for each of the style's own pictures: what is in those few must
not become part of it."""


def wanted(request: TrainRequest, recipe: Recipe) -> bool:
    """Of a masked picture only a part shows the style."""
    is_style = request.concept_kind is ConceptKind.STYLE
    return is_style and not any(request.masks) and recipe.company > 0


def without_style(shown: Sequence[str]) -> list[Wish]:
    """What is drawn of what the first pictures show: each as often, from seeds of its own."""
    some = shown[:COMPARED]
    wishes = [said for said in some for _ in range(COMPARED // len(some))]
    return [(said, (SEED + index,)) for index, said in enumerate(wishes)]


def compared(pictures: Sequence[Image.Image]) -> Sequence[Image.Image]:
    """The style's own that `without_style` draws again."""
    return pictures[:COMPARED]


def other_things(count: int, sights: Sights | None) -> list[Wish]:
    """What a base model can say of a picture, or else things in places; the same for every style,
    so that they are drawn once.

    One of each of `count` equal parts of all that can be said, which goes by places, then colours,
    then things: by luck alone some place would hardly be seen, and the style not be learned there.
    """
    places = surroundings(ConceptKind.SUBJECT, "thing")
    said = (
        said_of(sights) if sights else [where.format(one) for where, one in product(places, OTHERS)]
    )
    chance = random.Random("other things")
    chosen = [said[int((part + chance.random()) / count * len(said))] for part in range(count)]
    return [(one, (SEED + COMPARED + index,)) for index, one in enumerate(chosen)]
