"""The recipe of a request as it is run."""

from core.domain.presets import recipe_wanted
from core.domain.recipes import SLOTS, Recipe
from core.domain.requests import TrainRequest
from core.worker.device import half_on_cpu
from core.worker.families import Family


def recipe_for(request: TrainRequest, family: Family, *, device: str) -> Recipe:
    """The recipe of a request with nothing left open.

    A CPU has no use for float16: there its own half precision takes the place, or float32 where it
    has none, and the recipe says so.
    """
    wanted = _in_slot(recipe_wanted(request, family.name), request.concept_id)
    if device == "cpu" and wanted.precision == "float16":
        return wanted.model_copy(update={"precision": str(half_on_cpu()).removeprefix("torch.")})
    return wanted


def _in_slot(recipe: Recipe, concept_id: int) -> Recipe:
    """A frozen A lies in the slot of the concept's number where the recipe names none."""
    if not recipe.freeze_a or recipe.slot is not None:
        return recipe
    return recipe.model_copy(update={"slot": concept_id % SLOTS})
