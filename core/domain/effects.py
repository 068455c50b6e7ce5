"""Which settings of a recipe do something: from each to what it needs.

A setting that is in neither table always has an effect.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from core.domain.concepts import ConceptKind
from core.domain.presets import TEACHING, recipe_wanted
from core.domain.recipes import Method, Optimizer, Prior, Recipe
from core.domain.requests import TrainRequest
from core.errors import InvalidInput

ADAPTERS = frozenset({Method.DREAMBOOTH_LORA, Method.DREAMBOOTH_LORA_TEXT, Method.PIVOTAL})


@dataclass(frozen=True, slots=True)
class Case:
    """What is taught, and how."""

    request: TrainRequest
    recipe: Recipe
    """All of it, with the request's own settings."""
    finds_words: bool
    """The base model has words for what can be seen."""

    @property
    def masked(self) -> bool:
        """Of some picture only a part is learned."""
        return any(self.request.masks)

    @property
    def looks_for_words(self) -> bool:
        """They are found in the pictures."""
        return self.finds_words and self.recipe.words_first and not self.recipe.begins_as


def contradiction(recipe: Recipe) -> str:
    """Why a recipe cannot be run at all, and what would mend that; empty where it can."""
    slowed = recipe.method is Method.PIVOTAL and 0 < recipe.token_after < 1
    if not slowed or recipe.optimizer is not Optimizer.PRODIGY:
        return ""
    return (
        f"The optimizer {recipe.optimizer} has one rate for all that learns, so the word cannot go "
        f"on at {recipe.token_after:g} of it. Add token_after=0, and it rests, or token_after=1."
    )


def about_settings(request: TrainRequest, family: str) -> tuple[str, ...]:
    """What there is to say of the settings of a request; mostly nothing.

    Raises:
        InvalidInput: they contradict each other.
    """
    recipe = recipe_wanted(request, family)
    if reason := contradiction(recipe):
        raise InvalidInput(reason)
    note = effect_note(Case(request, recipe, TEACHING[family].finds_words), request.settings)
    return (note,) if note else ()


def effect_note(case: Case, names: Collection[str]) -> str:
    """A sentence on those of the settings that do nothing here, and why; mostly empty."""
    by_reason: dict[str, list[str]] = {}
    for name in names:
        if reason := _idle(case, name):
            by_reason.setdefault(reason, []).append(name)
    parts = [f"{', '.join(some)} ({reason})" for reason, some in by_reason.items()]
    return f"Without effect here: {'; '.join(parts)}." if parts else ""


def idle(recipe: Recipe, name: str) -> str:
    """Why a setting does nothing in a recipe, whatever is taught; empty where it does something."""
    found = (need(recipe, name) for need in OF_RECIPES.get(name, ()))
    return next((reason for reason in found if reason), "")


def _idle(case: Case, name: str) -> str:
    need = OF_CASES.get(name)
    return idle(case.recipe, name) or (need(case) if need else "")


def _adapter(recipe: Recipe, _: str) -> str:
    return "" if recipe.method in ADAPTERS else f"{recipe.method} teaches no adapter"


def _text_adapter(recipe: Recipe, _: str) -> str:
    is_text = recipe.method is Method.DREAMBOOTH_LORA_TEXT
    return "" if is_text else f"{recipe.method} leaves text encoders alone"


def _more_than_a_word(recipe: Recipe, _: str) -> str:
    is_word = recipe.method is Method.TEXTUAL_INVERSION
    return f"{recipe.method} teaches the word alone" if is_word else ""


def _class_can_move(recipe: Recipe, name: str) -> str:
    alone = _more_than_a_word(recipe, name)
    return alone and f"{alone}, and the plain class is said without it"


def _decay(recipe: Recipe, name: str) -> str:
    is_net = recipe.method is Method.HYPERNETWORK
    return f"{recipe.method} has none" if is_net else _more_than_a_word(recipe, name)


def _given_rate(recipe: Recipe, name: str) -> str:
    """Prodigy asks only which parts rest."""
    finds = recipe.optimizer is Optimizer.PRODIGY and getattr(recipe, name) > 0
    return f"{recipe.optimizer} finds its own rate" if finds else ""


def _pivotal(recipe: Recipe, _: str) -> str:
    is_pivotal = recipe.method is Method.PIVOTAL
    return "" if is_pivotal else f"{recipe.method} does not teach the word first"


def _frozen_a(recipe: Recipe, _: str) -> str:
    return "" if recipe.freeze_a else "only freeze_a=yes puts an adapter into a slot"


def _begins_as_noun(recipe: Recipe, _: str) -> str:
    return "the word has as many as begins_as" if recipe.begins_as else ""


def _words_are_open(recipe: Recipe, _: str) -> str:
    return "begins_as names the words" if recipe.words_first and recipe.begins_as else ""


def _drawn_class(recipe: Recipe, _: str) -> str:
    return "" if recipe.prior is Prior.PICTURES else f"prior={recipe.prior} draws none"


def _some_prior(recipe: Recipe, _: str) -> str:
    return "prior=none keeps nothing" if recipe.prior is Prior.NONE else ""


def _list_of_words(case: Case) -> str:
    found = case.finds_words or not case.recipe.words_first
    return "" if found else "this base model has no list of words for what can be seen"


def _company(case: Case) -> str:
    if case.masked:
        return "masked pictures are shown alone"
    fits = case.request.is_thing or case.request.concept_kind is ConceptKind.STYLE
    return "" if fits else "a place is shown alone"


def _masks(case: Case) -> str:
    """Pictures in company have masks of their own."""
    painted = case.request.is_thing and case.recipe.company > 0
    return "" if case.masked or painted else "no picture has a mask"


def _parents(case: Case) -> str:
    return "" if case.request.parents else "it builds on no other concept"


def _measured(case: Case) -> str:
    measured = case.recipe.holds_out(len(case.request.pictures)) or case.looks_for_words
    return "" if measured else "no picture is held back to measure by"


OF_RECIPES: Mapping[str, tuple[Callable[[Recipe, str], str], ...]] = {
    "rank": (_adapter,),
    "targets": (_adapter,),
    "rank_norm_max": (_adapter,),
    "freeze_a": (_adapter,),
    "slot": (_adapter, _frozen_a),
    "vectors": (_begins_as_noun,),
    "words_first": (_words_are_open,),
    "learning_rate": (_more_than_a_word, _given_rate),
    "token_learning_rate": (_given_rate,),
    "text_learning_rate": (_text_adapter, _given_rate),
    "token_share": (_pivotal,),
    "token_after": (_pivotal,),
    "weight_decay": (_decay,),
    "prior": (_class_can_move,),
    "prior_pictures": (_class_can_move, _drawn_class),
    "prior_weight": (_class_can_move, _some_prior),
    "replay_pictures": (_class_can_move, _some_prior),
}
"""Why a setting does nothing, by what the rest of the recipe says; empty where it does something.
The name goes in beside the recipe."""

OF_CASES: Mapping[str, Callable[[Case], str]] = {
    "words_first": _list_of_words,
    "company": _company,
    "mask_floor": _masks,
    "replay_pictures": _parents,
    "patience": _measured,
}
"""The same by what is taught."""
