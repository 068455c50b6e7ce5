"""What must stay as it is while a concept is taught: the plain class, and concepts underneath.

Either as pictures that the base model draws beforehand, or as its own answers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from PIL import Image

from core.domain.concepts import StackEntry
from core.domain.recipes import Prior, Recipe
from core.domain.requests import TrainRequest
from core.storage import Storage
from core.worker.models import Base
from core.worker.stack import Speller
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
    replayed: bool = False
    """It is of a concept underneath, not of the plain class."""


def plans(request: TrainRequest, recipe: Recipe) -> list[Plan]:
    """The plain class first, then each concept underneath; nothing where nothing is kept."""
    if recipe.prior is Prior.NONE or not recipe.prior_weight:
        return []
    drawn = recipe.prior is Prior.PICTURES
    plain = captions.class_captions(request.concept_kind, request.class_noun)
    of_class = [Plan(plain, recipe.prior_pictures if drawn else 0)]
    of_parents = [
        Plan(_captions_of(parent), recipe.replay_pictures if drawn else 0, replayed=True)
        for parent in request.parents
        if recipe.replay_pictures
    ]
    return of_class * bool(recipe.prior_pictures or not drawn) + of_parents


def left(wanted: Sequence[Plan], known: int) -> Iterator[Wish]:
    """What is to be drawn once there are so many pictures: prompts, each with a few seeds."""
    return islice(_steps(wanted), _steps_done(wanted, known), None)


def kept(
    base: Base, storage: Storage, speller: Speller, wanted: Sequence[Plan], keys: Sequence[str]
) -> list[Kept]:
    """Encodes captions and pictures with what the model wears now."""
    made, rest = [], list(keys)
    for plan in wanted:
        own, rest = rest[: plan.pictures], rest[plan.pictures :]
        made.append(_kept(base, speller, plan, open_pictures(storage, own)))
    return made


@torch.no_grad()
def _kept(base: Base, speller: Speller, plan: Plan, pictures: list[Image.Image]) -> Kept:
    texts = tuple(speller(caption) for caption in plan.captions)
    views = encode_whole(base, pictures) if pictures else None
    return Kept(Captions(texts, encode_captions(base, list(texts))), views, PER_CAPTION)


def _captions_of(parent: StackEntry) -> tuple[str, ...]:
    return captions.class_captions(parent.kind, parent.phrase)


def _steps(wanted: Sequence[Plan]) -> Iterator[Wish]:
    """A few pictures of one caption each time: prompt and seeds."""
    for plan in wanted:
        for first in range(0, plan.pictures, PER_CAPTION):
            last = min(plan.pictures, first + PER_CAPTION)
            prompt = plan.captions[first // PER_CAPTION % len(plan.captions)]
            yield prompt, tuple(range(SEED + first, SEED + last))


def _steps_done(wanted: Sequence[Plan], count: int) -> int:
    """How many steps made the first `count` pictures."""
    steps = 0
    for _, seeds in _steps(wanted):
        count -= len(seeds)
        if count < 0:
            break
        steps += 1
    return steps
