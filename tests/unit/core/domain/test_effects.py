"""Which settings do something, and what is said of those that do not."""

import pytest

from core.domain.changes import SETTINGS
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.effects import OF_CASES, OF_RECIPES, Case, contradiction, effect_note, idle
from core.domain.presets import TEACHING, recipe_of
from core.domain.recipes import Method, Optimizer, Preset, Prior, Recipe
from core.domain.requests import TrainRequest

PARENT = StackEntry(
    concept_id=2, version_id=2, name="kar", class_noun="forest", kind=ConceptKind.SUBJECT,
    artifact="a",
)  # fmt: skip


def note(recipe: Recipe, *names: str, finds_words: bool = False, **changes: object) -> str:
    """What is said of settings of a training of three pictures of a thing."""
    values: dict[str, object] = {
        "concept_id": 1, "name": "xyz", "class_noun": "temple", "pictures": ("a", "b", "c"),
        "concept_kind": ConceptKind.SUBJECT, "seed": 1,
    }  # fmt: skip
    request = TrainRequest.model_validate(values | changes)
    return effect_note(Case(request, recipe, finds_words), names)


def test_only_settings_that_exist_are_in_the_tables() -> None:
    """A name that is misspelled there would never be told of."""
    assert OF_RECIPES.keys() | OF_CASES.keys() <= set(SETTINGS)


@pytest.mark.parametrize(
    ("method", "idles"),
    [
        (Method.DREAMBOOTH_LORA, {"text_learning_rate", "token_share", "token_after"}),
        (Method.DREAMBOOTH_LORA_TEXT, {"token_share", "token_after"}),
        (Method.PIVOTAL, {"text_learning_rate"}),
        (
            Method.TEXTUAL_INVERSION,
            {
                "rank", "targets", "rank_norm_max", "freeze_a", "learning_rate",
                "text_learning_rate", "token_share", "token_after", "weight_decay", "prior",
                "prior_pictures", "prior_weight", "replay_pictures",
            },
        ),
        (
            Method.DREAMBOOTH,
            {
                "rank", "targets", "rank_norm_max", "freeze_a", "text_learning_rate",
                "token_share", "token_after",
            },
        ),
        (
            Method.HYPERNETWORK,
            {
                "rank", "targets", "rank_norm_max", "freeze_a", "text_learning_rate",
                "token_share", "token_after", "weight_decay",
            },
        ),
    ],
)  # fmt: skip
def test_each_method_has_settings_that_do_nothing(method: Method, idles: set[str]) -> None:
    """What it does not teach has no rank, rate or decay; a slot needs a frozen A besides."""
    recipe = Recipe(method=method)
    assert {name for name in SETTINGS if idle(recipe, name)} == idles | {"slot"}
    frozen = Recipe(method=method, freeze_a=True)
    assert bool(idle(frozen, "slot")) is ("rank" in idles)


def test_what_does_nothing_is_told_in_one_sentence_with_its_reasons() -> None:
    """Settings of one reason stand together; what has an effect is not named."""
    recipe = Recipe(method=Method.TEXTUAL_INVERSION)
    assert note(recipe, "rank", "batch", "freeze_a", "learning_rate") == (
        "Without effect here: rank, freeze_a (textual-inversion teaches no adapter); "
        "learning_rate (textual-inversion teaches the word alone)."
    )
    assert note(Recipe(), "rank", "batch") == note(Recipe()) == ""


def test_prodigy_finds_its_own_rate() -> None:
    """It is still told which parts rest."""
    recipe = Recipe(optimizer=Optimizer.PRODIGY)
    assert "learning_rate (prodigy finds its own rate)" in note(recipe, "learning_rate")
    assert "prodigy" in note(recipe, "token_learning_rate")
    assert not note(recipe.model_copy(update={"token_learning_rate": 0}), "token_learning_rate")


def test_words_that_are_named_are_not_looked_for() -> None:
    """Nor has the word another number of vectors than they have."""
    named = Recipe(begins_as="a cat, striped", words_first=True)
    assert "begins_as names the words" in note(named, "words_first", finds_words=True)
    assert "as many as begins_as" in note(named, "vectors")


def test_words_are_looked_for_only_where_there_is_a_list_of_them() -> None:
    """Not to look for them needs none."""
    first = Recipe(words_first=True)
    assert "no list of words" in note(first, "words_first")
    assert not note(first, "words_first", finds_words=True)
    assert not note(Recipe(words_first=False), "words_first")


@pytest.mark.parametrize("prior", [Prior.OUTPUT, Prior.NONE])
def test_pictures_of_the_class_are_drawn_for_one_prior_alone(prior: Prior) -> None:
    """The others have no use for their number."""
    recipe = Recipe(prior=prior)
    assert f"prior_pictures (prior={prior} draws none)" in note(recipe, "prior_pictures")
    assert bool(note(recipe, "prior_weight")) is (prior is Prior.NONE)
    assert not note(Recipe(), "prior_pictures")


def test_what_needs_masks_parents_or_a_thing_is_told_without_them() -> None:
    """By what is taught; with it there is nothing to say."""
    usual = Recipe()
    masks = ("", "m", "")
    assert "no picture has a mask" in note(usual, "mask_floor")
    assert not note(usual, "mask_floor", masks=masks)
    assert not note(Recipe(company=10), "mask_floor"), "what is painted beside it is masked"
    assert "builds on no other concept" in note(usual, "replay_pictures")
    assert not note(usual, "replay_pictures", parents=(PARENT,))
    assert "a place is shown alone" in note(usual, "company", class_noun="forest")
    assert "masked pictures are shown alone" in note(usual, "company", masks=masks)
    assert not note(usual, "company")
    style = {"concept_kind": ConceptKind.STYLE, "class_noun": "painting"}
    assert not note(usual, "company", **style)


def test_patience_needs_something_to_measure_by() -> None:
    """A picture that is held back, or pictures in which words were found."""
    assert "no picture is held back" in note(Recipe(), "patience")
    assert not note(Recipe(hold_out_from=3), "patience")
    words = Recipe(words_first=True)
    assert not note(words, "patience", finds_words=True)
    assert note(words, "patience")


def test_prodigy_cannot_slow_the_word() -> None:
    """That is refused and not only told; where no word comes first the setting says nothing."""
    slowed = Recipe(method=Method.PIVOTAL, optimizer=Optimizer.PRODIGY, token_after=0.1)
    assert "cannot go on at 0.1 of it. Add token_after=0" in contradiction(slowed)
    for changes in ({"token_after": 0}, {"token_after": 1}, {"method": Method.DREAMBOOTH_LORA}):
        assert contradiction(slowed.model_copy(update=changes)) == ""


@pytest.mark.parametrize("family", TEACHING)
@pytest.mark.parametrize("preset", Preset)
def test_no_preset_contradicts_itself(family: str, preset: Preset) -> None:
    """On any base model, for things, places and styles."""
    for kind in ({}, {"thing": True}, {"style": True}):
        assert contradiction(recipe_of(family, preset, **kind)) == ""
