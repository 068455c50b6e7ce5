"""The card of a training's other steps."""

from dataclasses import replace

import pytest

from bot.ui.card import Blob, Menu
from bot.ui.cards.steps import OPTIONS_MAX, Ran, spread, steps
from core.domain.evaluation import Waypoint
from tests.unit.bot.ui.test_library_cards import version

VERSION = version(number=3)
RAN = Ran("xyz", VERSION, kept=300, others=(100, 200))


def menu_of(ran: Ran) -> Menu:
    """What can be chosen."""
    ((menu,),) = steps(ran, 7, None).rows
    assert isinstance(menu, Menu)
    return menu


def test_every_other_step_can_be_chosen() -> None:
    """With what was measured there, as far as it was."""
    course = (Waypoint(step=100, error=0.5), Waypoint(step=200, likeness=0.25, alignment=0.5))
    menu = menu_of(replace(RAN, version=replace(VERSION, course=course)))
    assert menu.custom_id == "a:keepstep:7"
    assert menu.options == (
        ("100", "Step 100", "error 0.500"),
        ("200", "Step 200", "looks like the pictures 25% · follows the prompt 50%"),
    )
    assert menu_of(RAN).options[0] == ("100", "Step 100", "")


def test_the_card_says_which_step_is_the_version() -> None:
    """And has the sheet, where there is one."""
    card = steps(RAN, 7, Blob("steps.png", b"png"))
    assert f"v{VERSION.number} is step 300" in card.content
    assert [one.name for one in card.files] == ["steps.png"]
    assert RAN.told(100) == "step 100"
    assert RAN.told(300) == f"step 300 = v{VERSION.number}"


@pytest.mark.parametrize("count", [1, 2, 24, 25, 26, 40, 400])
def test_a_menu_has_no_more_than_discord_takes(count: int) -> None:
    """Spread evenly, with the first and the last; none comes twice."""
    every = [50 * at for at in range(1, count + 1)]
    some = spread(every)
    assert len(some) == min(count, OPTIONS_MAX)
    assert (some[0], some[-1]) == (every[0], every[-1])
    assert sorted(set(some)) == some
    assert len(menu_of(replace(RAN, others=tuple(every))).options) == len(some)
