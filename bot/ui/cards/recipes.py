"""How versions came to be: recipes that can be typed into `/train` again, and where they differ."""

from collections.abc import Sequence

from bot.ui.card import FIELD_MAX
from bot.ui.text import code, dotted, escaped
from core.domain.changes import SETTINGS, written
from core.domain.concepts import ConceptVersion
from core.domain.fusion import fusion_of
from core.domain.recipes import Choice, Recipe, recorded_recipe
from core.domain.requests import TrainRequest

ENDED = "It was ended early, at step {} of {}. "
UNMEASURED = "No picture was held back to choose a checkpoint by, so the last step was kept."
TYPED = ("preset", "steps")
"""What is an option of its own."""


def recipe_fields(version: ConceptVersion, request: TrainRequest) -> list[tuple[str, str]]:
    """Name and text of fields: what to type and what was kept, and what else it came to."""
    recipe = recorded_recipe(version.recipe)
    if recipe is None:
        return []
    recipe = recipe.model_copy(update={"seed": recipe.seed_or(request.seed)})
    own = (*(name for name in request.settings if name != "seed"), "seed")
    brought = [n for n in SETTINGS if n not in own and _differs(n, (recipe, Recipe()))]
    fields = [
        (f"Recipe of v{version.number}", f"{_typed(recipe, (*TYPED, *own))}\n{_kept(recipe)}")
    ]
    if brought:
        fields.append(("Set by method and model", code(_settings(recipe, brought), FIELD_MAX - 2)))
    return fields


def differing(versions: Sequence[ConceptVersion]) -> list[str]:
    """How each version came to be, as far as that is not the same for all of them."""
    recipes = [recipe for one in versions if (recipe := recorded_recipe(one.recipe)) is not None]
    if len(recipes) < len(versions):
        return [escaped(made_by(version)) for version in versions]
    names = [name for name in (*TYPED, *SETTINGS) if _differs(name, recipes)]
    alike = len({version.pictures for version in versions}) == 1
    return [
        dotted(
            "" if alike else f"{counted_pictures(version)} of its own",
            _typed(recipe, names) if names else "",
            f"ended early at step {recipe.ended_at}" if recipe.ended_at else "",
            _by_hand(recipe),
        )
        for version, recipe in zip(versions, recipes, strict=True)
    ]


def made_by(version: ConceptVersion) -> str:
    """The file that a version was taken in from, what it was fused of, or its method and steps."""
    if version.origin is not None:
        return f"from {version.origin.file_name[:60]}"
    fusion = fusion_of(version)
    if fusion is not None:
        return f"fused of {', '.join(word.name for word in fusion.words)}"
    recipe = recorded_recipe(version.recipe) or Recipe()
    return dotted(recipe.method, _by_hand(recipe) or f"{recipe.steps} steps")


def counted_pictures(version: ConceptVersion) -> str:
    """5 pictures."""
    count = len(version.pictures)
    return f"{count} picture{'s' if count != 1 else ''}"


def _typed(recipe: Recipe, names: Sequence[str]) -> str:
    """These parts of a recipe as options of `/train`."""
    own = [name for name in names if name not in TYPED]
    options = [
        f"method:{recipe.preset}" if "preset" in names else "",
        f"steps:{recipe.steps}" if "steps" in names else "",
        f"settings:{_settings(recipe, own)}" if own else "",
    ]
    return code(" ".join(filter(None, options)), 700)


def _settings(recipe: Recipe, names: Sequence[str]) -> str:
    return written({name: getattr(recipe, name) for name in names})


def _differs(name: str, recipes: Sequence[Recipe]) -> bool:
    values = {getattr(recipe, name) for recipe in recipes}
    # Versions from before the recipe named its seed have none that could be told.
    return len(values) > 1 and not (name == "seed" and None in values)


def _by_hand(recipe: Recipe) -> str:
    """Which step a person chose; empty where nobody did."""
    choice = recipe.choice
    return f"step {choice.step} of {choice.ran}" if choice and choice.by_hand else ""


def _kept(recipe: Recipe) -> str:
    """Where a person ended the run, if one did, and which checkpoint the version is."""
    ended = ENDED.format(recipe.ended_at, recipe.steps) if recipe.ended_at else ""
    return ended + (_chosen(recipe.choice) if recipe.choice else UNMEASURED)


def _chosen(choice: Choice) -> str:
    if choice.by_hand:
        return f"Step {choice.step} of {choice.ran} was chosen by hand."
    if choice.step == 0:
        return (
            f"The words it began as were kept: {choice.ran} steps of learning showed the pictures "
            f"no clearly better (error {choice.error:.3f}, at the end {choice.error_last:.3f})."
        )
    which = "a picture that was held back was" if choice.held_back else "the pictures were"
    return (
        f"Step {choice.step} of {choice.ran} was kept, the last at which {which} foretold "
        f"about as well as ever (error {choice.error:.3f}, at the end {choice.error_last:.3f})."
    )
