"""Finding words for what pictures show: how things are said, and how the search goes."""

import pytest

from core.worker.training.wording import BLINDLY, CLEARLY, COLOURS, Wording, found

LOOKS = ("{0} {1}", "{1} with {0} stripes", "{1} with a {0} collar", "{1} in a {0} ring")


def wording(**said):
    names = {"whole": 0, "stripes": 1, "collar": 2, "ring": 3}
    pairs = sorted((names[name], colour) for name, colour in said.items())
    return Wording("cat", LOOKS, tuple(pairs))


class Distance:
    """Likelier for each look that is as in a certain wording, less so in another colour."""

    def __init__(self, goal, *, gain=0.1):
        self.goal, self.gain = dict(goal.said), gain

    def errors(self, ones):
        yield
        return [self.error(one) for one in ones]

    roughly = errors

    def error(self, one):
        return 10 - self.gain * sum(map(self._worth, one.said))

    def _worth(self, look):
        number, colour = look
        if number not in self.goal:
            return -1
        return 10 if self.goal[number] == colour else 1


class Exchanged(Distance):
    """Two colours count only together, and the other way round they count nearly as much."""

    def error(self, one):
        colours = [colour for _, colour in one.said]
        if sorted(colours) != sorted(self.goal.values()):
            return 10 - 0.4 * len(set(colours) & set(self.goal.values()))
        return 6 if dict(one.said) == self.goal else 7


def search(goal, likelihood):
    slices = found("cat", LOOKS, likelihood)
    while True:
        try:
            next(slices)
        except StopIteration as ended:
            return ended.value


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({}, "cat"),
        ({"whole": "orange"}, "orange cat"),
        ({"stripes": "white"}, "cat with white stripes"),
        (
            {"whole": "orange", "stripes": "white", "collar": "blue"},
            "orange cat with white stripes and a blue collar",
        ),
        ({"stripes": "white", "ring": "pink"}, "cat with white stripes in a pink ring"),
    ],
)
def test_looks_are_said_in_the_order_of_speech(said, text):
    """Whatever was found first, a wording reads as people would say it."""
    assert str(wording(**said)) == text


def test_longer_says_one_look_more_in_every_colour():
    """What is said already stays, and is not said twice."""
    longer = wording(collar="blue").longer()
    assert len(longer) == 3 * len(COLOURS)
    assert {one.said[-1] if one.said[0] == (2, "blue") else one.said[0] for one in longer} == {
        (look, colour) for look in (0, 1, 3) for colour in COLOURS
    }
    assert all((2, "blue") in one.said for one in longer)


def test_recoloured_changes_one_colour_or_exchanges_two():
    """Stripes and ground are taken for each other until both colours change at once."""
    texts = {str(one) for one in wording(whole="white", stripes="orange").recoloured()}
    assert "orange cat with white stripes" in texts
    assert "white cat with red stripes" in texts
    assert "red cat with white stripes" not in texts


@pytest.mark.parametrize(
    "goal",
    [
        wording(),
        wording(whole="teal"),
        wording(collar="red"),
        wording(whole="orange", stripes="white", collar="blue"),
        wording(whole="black", stripes="red", collar="pink", ring="white"),
    ],
    ids=str,
)
def test_all_that_counts_is_found_and_nothing_else(goal):
    """From the noun alone, look by look, to what makes the pictures likeliest."""
    assert search(goal, Distance(goal)) == goal


class Together(Distance):
    """Fewer looks than the goal has tell nothing."""

    def error(self, one):
        return super().error(one) if len(one.said) >= len(self.goal) else 10


@pytest.mark.parametrize(
    "goal",
    [wording(whole="black", collar="pink"), wording(whole="black", stripes="pink", collar="teal")],
    ids=str,
)
def test_looks_that_count_only_together_are_found(goal):
    """Of what is said first alone nothing can be seen, so more is tried beside it."""
    assert search(goal, Together(goal)) == goal


def test_what_cannot_be_found_is_given_up():
    """So many looks together are too many to try, and nothing is said rather than anything."""
    goal = wording(whole="black", stripes="pink", collar="teal", ring="red")
    assert len(goal.said) > BLINDLY
    assert search(goal, Together(goal)) == wording()


def test_what_is_hardly_likelier_is_left_unsaid():
    """A look that helps by less than chance might is no look."""
    goal = wording(whole="teal")
    assert search(goal, Distance(goal, gain=(1 - CLEARLY) * 0.9)) == wording()


def test_two_colours_that_stand_in_each_others_place_are_exchanged():
    """No single step leads from a white cat with orange stripes to an orange one with white."""
    goal = wording(whole="orange", stripes="white")
    assert search(goal, Exchanged(goal)) == goal
