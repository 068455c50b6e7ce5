"""How cards tell recipes: to be typed again, and where those of two versions differ."""

import re

import pytest

from bot.ui.cards.concepts import learned
from bot.ui.cards.recipes import differing, recipe_fields
from core.domain.changes import parse_changes
from core.domain.concepts import ConceptKind, ConceptVersion, Origin
from core.domain.recipes import Choice, Method, Preset, Recipe, Value
from core.domain.requests import TrainRequest
from core.worker.families import FAMILIES
from core.worker.training.presets import recipe_for
from tests.unit.bot.ui.test_cards import PNG, train, version

TYPED = re.compile(r"`method:(\S+) steps:(\d+) settings:(.+)`")


def of(recipe: Recipe, **changes: object) -> ConceptVersion:
    return version(recipe=recipe.model_dump_json(), **changes)


def told(recipe: Recipe, settings: dict[str, Value] | None = None) -> str:
    """The card's field."""
    request = train().model_copy(update={"settings": settings or {}})
    card = learned(request, of(recipe), PNG, 12)
    assert card.embed is not None
    return next(field.value or "" for field in card.embed.fields if field.name == "Recipe of v2")


def test_usual_recipe_is_its_name_steps_and_seed() -> None:
    """Nothing else, since nothing else was chosen; and that no checkpoint was measured."""
    line, unmeasured = told(Recipe(seed=77)).splitlines()
    assert line == "`method:dreambooth-lora steps:300 settings:seed=77`"
    assert unmeasured.startswith("No picture was held back")
    assert len(recipe_fields(of(Recipe()), train())) == 1


def test_the_seed_of_a_version_from_before_it_was_noted_is_its_job_s() -> None:
    """Which is what it was taught with."""
    assert told(Recipe()).startswith(
        f"`method:dreambooth-lora steps:300 settings:seed={train().seed}`"
    )


def test_what_was_chosen_comes_before_what_the_method_set() -> None:
    """Each as name=value, as the option `settings` takes it, in the order in which it was given."""
    settings: dict[str, Value] = {"snr_cap": None, "flips": False, "batch": 4}
    recipe = Recipe(
        preset=Preset.PIVOTAL, method=Method.PIVOTAL, steps=9, rank=16, snr_cap=None, flips=False,
        seed=5, begins_as="a `red` @everyone " + "x" * 270,
    )  # fmt: skip
    request = train().model_copy(update={"settings": settings})
    (name, typed), (_, others) = recipe_fields(of(recipe), request)
    assert name == "Recipe of v2"
    assert typed.splitlines()[0] == (
        "`method:pivotal steps:9 settings:snr_cap=off, flips=no, batch=4, seed=5`"
    )
    assert others.startswith("`rank=16, begins_as=a ˋredˋ @everyone xxx")
    assert max(len(typed), len(others)) <= 1024


@pytest.mark.parametrize("preset", [None, *Preset])
@pytest.mark.parametrize("family", ["pocket", "sdxl"])
@pytest.mark.parametrize("kind", ConceptKind)
def test_what_is_typed_again_is_the_same_recipe(
    preset: Preset | None, family: str, kind: ConceptKind
) -> None:
    """A setting that is Recipe's own default but not the preset's is no exception."""

    def asked(chosen: Preset | None, steps: int | None, settings: str, seed: int) -> TrainRequest:
        return train().model_copy(
            update={
                "concept_kind": kind,
                "preset": chosen,
                "steps": steps,
                "settings": parse_changes(settings),
                "seed": seed,
            }
        )

    first = asked(
        preset, None, "batch=4, noise_offset=0.05, flips=yes, snr_cap=5, targets=usual", 5
    )
    made = recipe_for(first, FAMILIES[family], device="cuda")
    (_, field), *_ = recipe_fields(of(made), first)
    typed = TYPED.match(field)
    assert typed is not None
    method, steps, settings = typed.groups()
    again = asked(Preset(method), int(steps), settings, 6)
    assert recipe_for(again, FAMILIES[family], device="cuda") == made


def test_words_with_commas_are_in_quotes() -> None:
    """So that they too can be typed again, whether a person chose them or they were found."""
    words: dict[str, Value] = {"rank": 16, "begins_as": "a cat, striped"}
    recipe = Recipe(seed=5, rank=16, begins_as="a cat, striped")
    typed = TYPED.match(told(recipe, words))
    assert typed is not None
    assert typed[3] == 'rank=16, begins_as="a cat, striped", seed=5'
    assert parse_changes(typed[3]) == words | {"seed": 5}
    _, (_, brought) = recipe_fields(of(recipe), train())
    assert brought == '`rank=16, begins_as="a cat, striped"`'


def test_run_that_a_person_ended_says_where() -> None:
    """Before what was kept of it."""
    ended = Recipe(steps=300, ended_at=120)
    assert (
        told(ended)
        .splitlines()[1]
        .startswith("It was ended early, at step 120 of 300. No picture was held back")
    )
    choice = Choice(step=100, ran=120, error=0.1, error_last=0.2)
    assert (
        told(ended.model_copy(update={"choice": choice}))
        .splitlines()[1]
        .startswith("It was ended early, at step 120 of 300. Step 100 of 120 was kept")
    )


def test_choice_of_a_checkpoint_is_told_with_its_reason() -> None:
    """Which step, and what the last one would have been worth."""
    choice = Choice(step=200, ran=300, error=0.1234, error_last=0.15)
    assert told(Recipe(choice=choice)).endswith(
        "\nStep 200 of 300 was kept, the last at which a picture that was held back was foretold "
        "about as well as ever "
        "(error 0.123, at the end 0.150)."
    )
    choice = Choice(step=300, ran=300, error=0.12, error_last=0.12, held_back=False)
    assert "Step 300 of 300 was kept, the last at which the pictures were foretold" in told(
        Recipe(choice=choice)
    )
    choice = Choice(step=0, ran=100, error=0.1234, error_last=0.12)
    assert told(Recipe(choice=choice)).endswith(
        "\nThe words it began as were kept: 100 steps of learning showed the pictures no clearly "
        "better (error 0.123, at the end 0.120)."
    )
    choice = Choice(step=300, ran=300, error=0.1, error_last=0.1)
    assert "Step 300 of 300 was kept, the last at which a picture" in told(Recipe(choice=choice))


def test_two_versions_are_told_apart_by_what_differs_alone() -> None:
    """As it would be typed; what came out in the end is no part of it."""
    pivotal = {"preset": Preset.PIVOTAL, "method": Method.PIVOTAL}
    one = Recipe(steps=9, seed=1, choice=Choice(step=1, ran=9, error=1, error_last=2))
    two = Recipe(steps=9, seed=2, snr_cap=None, ema=0.9, **pivotal)
    assert differing([of(one), of(two)]) == [
        "`method:dreambooth-lora settings:seed=1, ema=0.0, snr_cap=5.0`",
        "`method:pivotal settings:seed=2, ema=0.9, snr_cap=off`",
    ]
    assert differing([of(one), of(one, pictures=("q",))]) == [
        "5 pictures of its own",
        "1 picture of its own",
    ]
    assert differing([of(one), of(one)]) == ["", ""]
    ended = one.model_copy(update={"ended_at": 4})
    assert differing([of(one), of(ended)]) == ["", "ended early at step 4"]


def test_a_seed_that_was_not_noted_is_not_told_as_another() -> None:
    """Nobody knows whether it is."""
    assert differing([of(Recipe()), of(Recipe(seed=2))]) == ["", ""]


def test_versions_that_were_not_taught_are_told_by_where_they_come_from() -> None:
    """Harmlessly, and the taught one beside by its method."""
    origin = Origin(file_name="a_`b`.pt", file="ab" * 32, form="kohya", rank=8, vectors=0)
    imported = version(recipe=origin.model_dump_json(), pictures=())
    assert recipe_fields(imported, train()) == []
    assert differing([imported, of(Recipe())]) == [
        r"from a\_\`b\`.pt",
        "dreambooth-lora · 300 steps",
    ]
