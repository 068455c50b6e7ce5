"""How the card of a training run tells its recipe."""

from bot.ui.cards.concepts import learned
from core.domain.recipes import Choice, Method, Preset, Recipe
from tests.unit.bot.ui.test_cards import PNG, train, version


def told(recipe: Recipe) -> str:
    """The card's field."""
    card = learned(train(), version(recipe=recipe.model_dump_json()), PNG, 12)
    assert card.embed is not None
    return next(field.value or "" for field in card.embed.fields if field.name == "Recipe")


def test_usual_recipe_is_its_name_and_steps() -> None:
    """Nothing else, since nothing else was chosen; and that no checkpoint was measured."""
    line, unmeasured = told(Recipe()).splitlines()
    assert line == "`dreambooth-lora · 300 steps`"
    assert unmeasured.startswith("No picture was held back")


def test_what_is_not_usual_is_named_so_that_it_can_be_typed_again() -> None:
    """Each as name=value, as the option `settings` takes it."""
    recipe = Recipe(
        preset=Preset.PIVOTAL, method=Method.PIVOTAL, steps=9, rank=16, snr_cap=None, flips=False
    )
    assert told(recipe).splitlines()[0] == "`pivotal · 9 steps, rank=16, snr_cap=off, flips=no`"


def test_words_with_commas_are_in_quotes() -> None:
    """So that they too can be typed again."""
    recipe = Recipe(begins_as="a cat, striped", rank=16)
    assert told(recipe).splitlines()[0] == (
        '`dreambooth-lora · 300 steps, rank=16, begins_as="a cat, striped"`'
    )


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
