"""What must stay as it is while a concept is taught: the plain class, and concepts underneath.

Either as pictures that the base model draws beforehand, or as its own answers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from PIL import Image

from core.domain.concepts import StackEntry
from core.domain.recipes import Prior, Recipe
from core.domain.requests import TrainRequest
from core.storage import Storage
from core.worker.models import Base
from core.worker.stack import Speller, Stacks
from core.worker.training import captions
from core.worker.training.conditions import encode_captions
from core.worker.training.dataset import encode_whole, open_pictures
from core.worker.training.drawn_once import Wish
from core.worker.training.material import Captions, Kept

PER_CAPTION = 4
SEED = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """Captions of one thing to be kept, and how many pictures of them are drawn."""

    captions: tuple[str, ...]
    pictures: int
    parent: StackEntry | None = None
    """The concept underneath that it is of; None: the plain class."""

    @property
    def stack(self) -> tuple[StackEntry, ...]:
        """What its pictures are drawn with, as anybody would draw them."""
        return (self.parent,) if self.parent else ()


def plans(request: TrainRequest, recipe: Recipe) -> list[Plan]:
    """The plain class first, then each concept underneath; nothing where nothing is kept."""
    if recipe.prior is Prior.NONE or not recipe.prior_weight:
        return []
    drawn = recipe.prior is Prior.PICTURES
    plain = captions.class_captions(request.concept_kind, request.class_noun)
    of_class = [Plan(plain, recipe.prior_pictures if drawn else 0)]
    of_parents = [
        Plan(_captions_of(parent), recipe.replay_pictures if drawn else 0, parent)
        for parent in request.parents
        if recipe.replay_pictures
    ]
    return of_class * bool(recipe.prior_pictures or not drawn) + of_parents


def left(wanted: Sequence[Plan], known: int) -> Iterator[tuple[Plan, list[Wish]]]:
    """What is to be drawn of each plan once there are so many pictures in all."""
    for plan in wanted:
        there = min(known, plan.pictures)
        known -= there
        yield plan, _wishes(plan)[-(-there // PER_CAPTION) :]


@torch.no_grad()
def kept(
    base: Base, stacks: Stacks, storage: Storage, request: TrainRequest,
    wanted: Sequence[Plan], keys: Sequence[str],
) -> list[Kept]:  # fmt: skip
    """Captions and pictures encoded, those of the plain class as the base model reads them and
    those of a concept underneath with all of these at work.
    """
    made, rest = [], list(keys)
    for plan in wanted:
        own, rest = rest[: plan.pictures], rest[plan.pictures :]
        speller = stacks.wear(request.parents, words_alone=plan.parent is None)
        made.append(_kept(base, speller, plan, open_pictures(storage, own)))
    return made


def _kept(base: Base, speller: Speller, plan: Plan, pictures: list[Image.Image]) -> Kept:
    texts = tuple(speller(caption) for caption in plan.captions)
    views = encode_whole(base, pictures) if pictures else None
    return Kept(Captions(texts, encode_captions(base, list(texts))), views, PER_CAPTION)


def _captions_of(parent: StackEntry) -> tuple[str, ...]:
    return captions.class_captions(parent.kind, parent.phrase)


def _wishes(plan: Plan) -> list[Wish]:
    """A few pictures of one caption each time: prompt and seeds."""
    return [
        (
            plan.captions[first // PER_CAPTION % len(plan.captions)],
            tuple(range(SEED + first, SEED + min(plan.pictures, first + PER_CAPTION))),
        )
        for first in range(0, plan.pictures, PER_CAPTION)
    ]
