"""The plot over the checkpoints of a training."""

import io
from itertools import pairwise

from PIL import Image

from bot.ui import plot, scorecard
from bot.ui.card import Blob
from bot.ui.cards import concepts
from bot.ui.cards import scores as in_words
from bot.ui.scorecard import COLOURS, Shown
from core.domain.evaluation import Waypoint
from tests.evaluations import scores_of
from tests.unit.bot.files import noise_png
from tests.unit.bot.ui.test_cards import PNG, train, version
from tests.unit.bot.ui.test_evaluation_cards import request

LIKENESS, ALIGNMENT = COLOURS[2], COLOURS[1]
COURSE = (
    Waypoint(step=0, likeness=0.0, alignment=1.0),
    Waypoint(step=50, error=0.4),
    Waypoint(step=100, error=0.1, likeness=0.5, alignment=0.9, kept=True),
    Waypoint(step=150, error=0.2),
)


def rows_of(picture: Image.Image, colour: tuple[int, ...], x: int) -> list[int]:
    """Where a column of the plot has a colour."""
    column = picture.crop((x, plot.TOP_PX - 8, x + 1, plot.FLOOR_PX + 8)).get_flattened_data()
    return [plot.TOP_PX - 8 + y for y, pixel in enumerate(column) if pixel == colour]


def test_each_line_has_only_what_was_measured() -> None:
    """Gaps are no zeros; the figure beside a name is that of the step that was kept."""
    likeness, alignment, error = plot.curves(COURSE)
    assert likeness.points == ((0, 0.0), (100, 0.5))
    assert (likeness.said, alignment.said, error.said) == ("50%", "90%", "0.100")
    assert [step for step, _ in error.points] == [50, 100, 150]
    heights = dict(error.points)
    assert heights[50] == plot.HIGH
    assert heights[100] == plot.LOW
    assert heights[100] < heights[150] < heights[50]


def test_one_point_is_no_line() -> None:
    """Too little was measured to plot anything."""
    assert not plot.can_be_plotted(())
    assert not plot.can_be_plotted(COURSE[:1])
    assert not plot.can_be_plotted((COURSE[0], COURSE[1]))
    assert plot.can_be_plotted(COURSE[1:])
    assert [curve.said for curve in plot.curves(COURSE[1:])] == ["0.100"]


def test_equal_errors_are_a_level_line() -> None:
    """Nothing is divided by nothing."""
    level = [Waypoint(step=step, error=0.2) for step in (50, 100)]
    (curve,) = plot.curves(level)
    assert curve.points == ((50, plot.LOW), (100, plot.LOW))


def test_a_line_is_where_its_shares_are() -> None:
    """At the left edge on the ground and at the top, at the step that was kept in the middle."""
    drawn = plot.course_plot(COURSE)
    assert drawn.size == (scorecard.WIDTH_PX, plot.HEIGHT_PX)
    middle = (plot.TOP_PX + plot.FLOOR_PX) // 2
    left, at_100 = plot.LEFT_PX, plot.LEFT_PX + (plot.RIGHT_PX - plot.LEFT_PX) * 2 // 3
    assert all(y > plot.FLOOR_PX - 8 for y in rows_of(drawn, LIKENESS, left))
    assert all(y < plot.TOP_PX + 8 for y in rows_of(drawn, ALIGNMENT, left))
    assert all(abs(y - middle) < 8 for y in rows_of(drawn, LIKENESS, at_100))
    assert rows_of(drawn, LIKENESS, at_100)
    assert not rows_of(drawn, LIKENESS, plot.RIGHT_PX)


def test_the_step_that_was_kept_is_marked() -> None:
    """With a dashed line, which a plot without such a step lacks."""
    unmarked = [one.model_copy(update={"kept": False}) for one in COURSE]
    at_100 = plot.LEFT_PX + (plot.RIGHT_PX - plot.LEFT_PX) * 2 // 3
    dashes = [
        len(rows_of(plot.course_plot(course), scorecard.WHISKER, at_100))
        for course in (COURSE, unmarked)
    ]
    assert dashes[0] > 60
    assert dashes[1] == 0


def test_labels_of_near_steps_do_not_touch() -> None:
    """Of many checkpoints some are named."""
    many = [Waypoint(step=step, error=step / 1000) for step in range(0, 2001, 50)]
    drawn = plot.course_plot(many)
    assert drawn.size[1] == plot.HEIGHT_PX
    axes = plot._Axes(0, 2000)
    named = plot._spaced([one.step for one in many], axes)
    gaps = [axes.x(after) - axes.x(before) for before, after in pairwise(named)]
    assert min(gaps) >= 64
    assert len(named) > 8


def test_the_score_card_of_a_concept_has_room_for_it() -> None:
    """Between the bars and the images; a card without one is as it was."""
    bars = in_words.bars(scores_of(request()), {"xyz": "temple"})
    rows = [Shown("a prompt", (noise_png(1),))]
    drawn = [
        scorecard.score_card("How good?", "4 images", bars, rows, "card", plot=one)
        for one in (None, plot.course_plot(COURSE))
    ]
    heights = [Image.open(io.BytesIO(blob.data)).height for blob in drawn]
    assert heights[1] - heights[0] == plot.HEIGHT_PX


def test_a_training_ends_with_its_plot() -> None:
    """A second picture beside the sheet, where there is one."""
    blob = plot.course_card("How <xyz> was learned", "by step", COURSE, "course-1-v2")
    assert blob.name == "course-1-v2.png"
    assert Image.open(io.BytesIO(blob.data)).height == plot.HEAD_PX + plot.HEIGHT_PX
    drawn: list[Blob | None] = [None, blob]
    files = [concepts.learned(train(), version(), PNG, 12, more=one).files for one in drawn]
    assert files == [(PNG,), (PNG, blob)]
