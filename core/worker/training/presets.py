"""The recipe of a request as it is run."""

from typing import Any

from core.domain.presets import recipe_wanted
from core.domain.recipes import SLOTS, Recipe
from core.domain.requests import TrainRequest
from core.precision import half_on_cpu
from core.worker.families import Family


def recipe_for(request: TrainRequest, family: Family, *, device: str) -> Recipe:
    """The recipe of a request with nothing left open.

    A CPU has no use for float16: there its own half precision takes the place, or float32 where it
    has none, and the recipe says so.
    """
    wanted = _settled(recipe_wanted(request, family.name), request)
    if device == "cpu" and wanted.precision == "float16":
        return wanted.model_copy(update={"precision": str(half_on_cpu()).removeprefix("torch.")})
    return wanted


def _settled(recipe: Recipe, request: TrainRequest) -> Recipe:
    """With what it leaves to the request: the seed, and for a frozen A the concept's own slot."""
    settled: dict[str, Any] = {"seed": recipe.seed_or(request.seed)}
    if recipe.freeze_a and recipe.slot is None:
        settled["slot"] = request.concept_id % SLOTS
    return recipe.model_copy(update=settled)
