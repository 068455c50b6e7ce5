"""How versions came to be: recipes that can be typed into `/train` again, and where they differ."""

from collections.abc import Iterable, Sequence

from bot.ui.card import FIELD_MAX
from bot.ui.text import code, dotted, escaped
from core.domain.concepts import ConceptVersion
from core.domain.fusion import fusion_of
from core.domain.recipes import FIXED, Choice, Recipe, Value, recorded_recipe
from core.domain.requests import TrainRequest

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
    brought = [n for n in _settable() if n not in own and _differs(n, (recipe, Recipe()))]
    kept = _kept(recipe.choice) if recipe.choice else UNMEASURED
    fields = [(f"Recipe of v{version.number}", f"{_typed(recipe, (*TYPED, *own))}\n{kept}")]
    if brought:
        fields.append(("Set by method and model", code(_settings(recipe, brought), FIELD_MAX - 2)))
    return fields


def differing(versions: Sequence[ConceptVersion]) -> list[str]:
    """How each version came to be, as far as that is not the same for all of them."""
    recipes = [recipe for one in versions if (recipe := recorded_recipe(one.recipe)) is not None]
    if len(recipes) < len(versions):
        return [escaped(made_by(version)) for version in versions]
    names = [name for name in (*TYPED, *_settable()) if _differs(name, recipes)]
    typed = [_typed(recipe, names) if names else "" for recipe in recipes]
    if len({version.pictures for version in versions}) == 1:
        return typed
    pairs = zip(versions, typed, strict=True)
    return [dotted(f"{counted_pictures(one)} of its own", told) for one, told in pairs]


def made_by(version: ConceptVersion) -> str:
    """The file that a version was taken in from, what it was fused of, or its method and steps."""
    if version.origin is not None:
        return f"from {version.origin.file_name[:60]}"
    fusion = fusion_of(version)
    if fusion is not None:
        return f"fused of {', '.join(word.name for word in fusion.words)}"
    recipe = recorded_recipe(version.recipe) or Recipe()
    return dotted(recipe.method, f"{recipe.steps} steps")


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


def _settings(recipe: Recipe, names: Iterable[str]) -> str:
    return ", ".join(f"{name}={_spelled(getattr(recipe, name))}" for name in names)


def _spelled(value: Value) -> Value:
    """A setting's value as a person types it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "off" if value is None else value


def _settable() -> list[str]:
    return [name for name in Recipe.model_fields if name not in FIXED]


def _differs(name: str, recipes: Sequence[Recipe]) -> bool:
    values = {getattr(recipe, name) for recipe in recipes}
    # Versions from before the recipe named its seed have none that could be told.
    return len(values) > 1 and not (name == "seed" and None in values)


def _kept(choice: Choice) -> str:
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
