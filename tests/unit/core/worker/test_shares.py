"""Who is next on the worker."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.jobs import JobKind
from core.worker.shares import Shares, Turn, turn_of

HEAR, DRAW, LEARN = Turn.HEAR, Turn.DRAW, Turn.LEARN
BOTH = {DRAW, LEARN}
SECONDS = {HEAR: 1.0, DRAW: 0.1, LEARN: 0.2}


def played(shares, *wanted, seconds=SECONDS):
    """The turns that come of what was wanted, one after another."""
    turns = []
    for wanting in wanted:
        turns.append(shares.next(wanting))
        shares.took(turns[-1], seconds[turns[-1]])
    return turns


@pytest.mark.parametrize(
    ("wanting", "turn"),
    [
        ({HEAR}, HEAR),
        ({DRAW}, DRAW),
        ({LEARN}, LEARN),
        (BOTH, DRAW),
        ({HEAR, DRAW}, HEAR),
        ({HEAR, LEARN}, HEAR),
        ({HEAR, DRAW, LEARN}, HEAR),
    ],
)
def test_first_turn(wanting, turn):
    """A voice goes first, then pictures, then training; whoever is alone goes at once."""
    assert Shares(0.1).next(wanting) is turn


def test_every_kind_of_job_has_its_turn():
    """Voices and pictures have turns of their own, and what is left is learning."""
    turns = {kind: turn_of(kind) for kind in JobKind}
    assert turns.pop(JobKind.TRANSCRIBE) is HEAR
    assert turns.pop(JobKind.IMAGINE) is DRAW
    assert set(turns.values()) == {LEARN}


def test_nobody_is_next_where_nobody_wants():
    """To be asked without anybody there is a mistake."""
    with pytest.raises(ValueError, match="empty"):
        Shares(0.1).next(set())


@pytest.mark.parametrize(
    ("share", "learned"),
    # 300 turns; of the time, not of the turns: a turn of training is two of drawing.
    [(0.0, 0), (0.1, 16), (0.5, 100), (1.0, 299)],
)
def test_share_is_of_the_time(share, learned):
    """While both want the worker, training has its share of the seconds."""
    turns = played(Shares(share), *[BOTH] * 300)
    assert turns[0] is DRAW
    assert turns.count(LEARN) == pytest.approx(learned, abs=1)


def test_pictures_go_first_until_a_turn_of_training_is_due():
    """A job of pictures that is short enough is not interrupted by a training that goes on."""
    shares = Shares(0.1)
    played(shares, {LEARN})
    turns = played(shares, *[BOTH] * 20)
    assert turns == [DRAW] * 18 + [LEARN] + [DRAW]


@pytest.mark.parametrize(("alone", "first"), [(DRAW, DRAW), (LEARN, DRAW)])
def test_time_alone_gives_no_credit(alone, first):
    """However long one of them was alone, the other is not paid back for it."""
    shares = Shares(0.1)
    played(shares, *[{alone}] * 10_000)
    turns = played(shares, *[BOTH] * 200)
    assert turns[0] is first
    assert turns.count(LEARN) == pytest.approx(0.1 * 200 * 0.1 / 0.2, abs=2)


def test_a_voice_costs_neither():
    """The time of voice messages is not booked on anyone."""
    loud = played(Shares(0.5), *[{HEAR, DRAW, LEARN}, BOTH] * 50)
    still = played(Shares(0.5), *[BOTH] * 50)
    assert [turn for turn in loud if turn is not HEAR] == still


def test_one_long_turn_is_paid_back_and_does_not_bring_others_behind_it():
    """A preview of three seconds is followed by pictures, then by single steps, not by a row."""
    shares = Shares(0.1)
    played(shares, *[{LEARN}] * 10)
    shares.next({LEARN})
    shares.took(LEARN, 3.0)
    turns = played(shares, *[BOTH] * 2000)
    assert (LEARN, LEARN) not in pairwise(turns)


@given(
    st.floats(0, 1),
    st.lists(
        st.tuples(
            st.sampled_from([{DRAW}, {LEARN}, BOTH, {HEAR, DRAW}, {HEAR, DRAW, LEARN}]),
            st.floats(0.001, 10),
        ),
        max_size=200,
    ),
)
def test_nobody_is_kept_from_his_share_by_more_than_a_turn(share, wishes):
    """In any run of contested turns both have their share of its time, but for one turn each."""
    shares = Shares(share)
    longest = had = dict.fromkeys(Turn, 0.0)
    for wanting, seconds in wishes:
        turn = shares.next(wanting)
        assert turn in wanting
        shares.took(turn, seconds)
        longest = longest | {turn: max(longest[turn], seconds)}
        if wanting == BOTH:
            had = had | {turn: had[turn] + seconds}
        elif HEAR not in wanting:
            had = dict.fromkeys(Turn, 0.0)
        owed = share * (had[DRAW] + had[LEARN]) - had[LEARN]
        slack = 1e-6
        assert owed <= share * longest[DRAW] + (1 - share) * longest[LEARN] + slack
        assert -owed <= (1 - share) * longest[LEARN] + slack


@given(st.floats(0.01, 0.99), st.floats(0.001, 1), st.floats(0.001, 1))
def test_neither_waits_for_ever(share, draw_s, learn_s):
    """With any share between, both come to their turn in bounded time."""
    shares, seconds = Shares(share), {DRAW: draw_s, LEARN: learn_s}
    waited = dict.fromkeys(seconds, 0.0)
    for _ in range(500):
        (turn,) = played(shares, BOTH, seconds=seconds)
        waited = {other: waited[other] + seconds[turn] for other in waited} | {turn: 0.0}
        assert waited[DRAW] <= learn_s + draw_s * share / (1 - share) + 1e-6
        assert waited[LEARN] <= draw_s + 2 * learn_s * (1 - share) / share + 1e-6
