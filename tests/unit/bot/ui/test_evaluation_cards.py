"""Evaluations as people see them: words, bars, sheets and buttons."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PIL import Image as Picture

from bot.ui import scorecard
from bot.ui.card import Blob
from bot.ui.cards import concepts
from bot.ui.cards import evaluation as cards
from bot.ui.cards import scores as in_words
from bot.ui.cards.scores import Bar
from bot.ui.scorecard import Shown
from core.domain.concepts import ConceptKind, ConceptVersion, StackEntry
from core.domain.drawing import Stacking
from core.domain.evaluation import (
    Accepted,
    Estimate,
    Likeness,
    Measure,
    Named,
    Rank,
    Report,
    Scores,
)
from core.domain.images import Image, Manifest
from core.domain.jobs import Job, JobState
from core.domain.requests import EvaluateRequest, ImagineRequest, Purpose, Recipe, TrainRequest
from tests.evaluations import scores_of
from tests.unit.bot.files import noise_png

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PNG = Blob("a.png", b"png")
HOSTILE = "**x** @everyone `c` <@1>"


def entry(name: str = "xyz", noun: str = "temple") -> StackEntry:
    return StackEntry(
        concept_id=1,
        version_id=2,
        name=name,
        class_noun=noun,
        kind=ConceptKind.SUBJECT,
        artifact="ab" * 32,
    )


def request(purpose: Purpose = Purpose.CONCEPT, *, count: int = 1) -> EvaluateRequest:
    stack = (entry(), entry("kar", "forest"))[:count]
    return EvaluateRequest(purpose=purpose, prompts=("a <xyz>", HOSTILE), seeds=(1, 2), stack=stack)


def job(wish: EvaluateRequest) -> Job:
    return Job(7, 1, 10, 5, JobState.SUCCEEDED, wish, 1, NOW, started_at=NOW, ended_at=NOW)


def images(count: int) -> list[Image]:
    wish = ImagineRequest(prompt="a", seeds=(3,))
    manifest = Manifest(request=wish, index=0, model="m", device="cpu", dtype="f", versions={})
    return [Image(n, 7, 1, 10, n, 3, "k", 64, 64, manifest, NOW) for n in range(1, count + 1)]


def labels(bars: list[Bar]) -> list[str]:
    return [bar.label for bar in bars]


def test_a_concept_has_five_lines_in_plain_words() -> None:
    """What it looks like, does, varies, keeps and copies."""
    found = in_words.bars(scores_of(request()), {"xyz": "temple"})
    assert labels(found) == [
        "looks like the pictures",
        "does what is asked",
        "varies from seed to seed",
        "keeps plain “temple” as it was",
        "makes new pictures, no copies",
    ]
    assert "plain class 0.30" in found[0].note
    assert "16 images" not in found[2].note


def test_a_stack_has_a_line_for_each_concept() -> None:
    """Held to itself alone, and no word on the plain class."""
    wish = request(Purpose.STACK, count=2)
    found = in_words.bars(scores_of(wish), {"xyz": "temple", "kar": "forest"})
    assert labels(found)[:2] == ["still looks like <xyz>", "still looks like <kar>"]
    assert "alone 0.80" in found[0].note
    assert not any("keeps plain" in label for label in labels(found))


def test_each_figure_stands_under_its_own_name() -> None:
    """Where an encoder of pictures tells likeness, the CLIP's figure stands beside it."""
    scores = scores_of(request())
    assert "CLIP-I 0.70" in in_words.bars(scores, {"xyz": "temple"})[0].note
    clip = Measure(raw=Estimate(value=0.55))
    both = scores.model_copy(
        update={
            "scorer": "some/clip + some/dino-small",
            "likeness": (scores.likeness[0].model_copy(update={"clip": clip}),),
        }
    )
    note = in_words.bars(both, {"xyz": "temple"})[0].note
    assert note.startswith("dino-small 0.70")
    assert note.endswith("CLIP-I 0.55")


def test_what_images_are_taken_for_is_a_line_for_each_concept() -> None:
    """With its interval and what plain words come to."""
    raw = Estimate(value=0.75, low=0.5, high=1)
    share = Measure(raw=raw, floor=0.1, ceiling=1)
    named = tuple(
        Named(name=name, class_noun=noun, classes=9, share=share)
        for name, noun in (("xyz", "temple"), ("kar", "forest"))
    )
    scores = scores_of(request()).model_copy(update={"named": named})
    found = in_words.bars(scores, {"xyz": "temple", "kar": "forest"})
    told = [bar for bar in found if bar.label.startswith("is seen")]
    assert labels(told) == ["is seen as “temple” (<xyz>)", "is seen as “forest” (<kar>)"]
    assert (told[0].share, told[0].grade) == (raw, 1)
    assert told[0].note == "in 3 of 4, among 9 classes · in plain words 100%"


def test_what_was_named_in_the_images_is_told() -> None:
    """As a tally, in the picture and in words; the name of a class cannot break out."""
    raw = Estimate(value=0.75, low=0.5, high=1)
    labels = ("temple", "house", "temple", "temple")
    named = Named(name="xyz", class_noun="temple", classes=9, share=Measure(raw=raw), labels=labels)
    scores = scores_of(request()).model_copy(update={"named": (named,)})
    told = next(bar for bar in in_words.bars(scores, {"xyz": "temple"}) if "is seen" in bar.label)
    assert told.note == "named temple 3, house 1, among 9 classes"
    words = in_words.summary(scores, "xyz", "temple")
    assert "is seen as “temple”: **75%** [50%–100%] · temple 3, house 1" in words


def test_figures_say_how_far_they_may_be_off_and_over_how_many_seeds() -> None:
    """In brackets, and below; on the card of an evaluation in its foot."""
    wish = request()
    scores = scores_of(wish)
    lines = in_words.summary(scores, "xyz", "temple").splitlines()
    assert lines[0].endswith(" looks like the pictures: **80%** [60%–90%]")
    assert lines[-1] == "2 prompts on 2 seeds; in brackets the 95 % interval"
    card = cards.scored(job(wish), wish, scores, (PNG,))
    assert card.embed is not None
    assert "2 prompts on 2 seeds, in brackets" in str(card.embed.footer.text)
    vendi = Estimate(value=2.5, low=1.2, high=3.8)
    bar = in_words.bars(scores.model_copy(update={"vendi": vendi}), {"xyz": "temple"})[2]
    assert bar.note.endswith("count as 2.5 different ones [1.2 to 3.8]")


def likeness(value: float, low: float | None, high: float | None) -> Likeness:
    fidelity = Measure(raw=Estimate(value=value, low=low, high=high), floor=0.0, ceiling=1.0)
    return Likeness(name="xyz", fidelity=fidelity, nearest=Estimate(value=1))


@pytest.mark.parametrize(
    ("low", "high", "vague"),
    [
        (0.1, 0.95, True),
        (0.49, 0.8, True),
        (0.5, 0.95, False),
        (0.1, 0.79, False),
        (None, None, True),
    ],
)
def test_an_interval_that_holds_good_and_poor_says_nothing(
    low: float | None, high: float | None, vague: bool
) -> None:
    """Nor does a figure without one; then more seeds are asked for, by the command's own words."""
    scores = Scores(scorer="pocket", prompts=4, seeds=4, likeness=(likeness(0.7, low, high),))
    note = in_words.vague_note(scores, {"xyz": "temple"})
    assert bool(note) == vague
    if vague:
        assert note.startswith("⚪ After 4 seeds, “looks like the pictures” may still be anything")
        assert "`/evaluate concept` with `seeds: 8`" in note


def test_more_seeds_are_asked_for_as_long_as_there_are_more() -> None:
    """Twice as many, at least the usual four and at most what the command takes; none where
    nothing can score them."""
    unsure = Scores(scorer="pocket", prompts=4, seeds=1, likeness=(likeness(0.7, 0.0, 1.0),))
    several = {"xyz": "temple", "kar": "forest"}
    for seeds, said in ((1, "seeds: 4"), (8, "seeds: 16"), (12, "seeds: 16")):
        scores = unsure.model_copy(update={"seeds": seeds})
        assert f"`/evaluate stack` with `{said}`" in in_words.vague_note(scores, several)
    for change in ({"seeds": 16}, {"scorer": ""}):
        note = in_words.vague_note(unsure.model_copy(update=change), several)
        assert note.endswith("may still be anything from good to poor.")


def test_few_copies_of_few_images_leave_it_open() -> None:
    """None seen among a handful is no promise, and one of many is told for sure."""

    def note(value: float, low: float, high: float) -> str:
        copied = Estimate(value=value, low=low, high=high)
        return in_words.vague_note(
            Scores(scorer="c", prompts=1, seeds=4, copied=copied), {"a": "b"}
        )

    assert "no copies" in note(0, 0, 0.49)
    assert note(0, 0, 0.19) == ""
    assert note(0.9, 0.6, 1) == ""


def test_parents_are_told_beside_what_stands_on_them() -> None:
    """What is left of their likeness, and what to do where that is little; nothing of none."""
    good, poor = likeness(0.95, 0.9, 1.0), likeness(0.4, 0.3, 0.5)
    poor = poor.model_copy(update={"name": "kar"})
    scores = scores_of(request()).model_copy(update={"parents": (good, poor)})
    first, second = in_words.parents_note(scores, "new").splitlines()
    assert first.startswith("🟢 <xyz> beside <new>: **95%** [90%–100%] · CLIP-I 0.95")
    assert first.endswith("without it 0.00 · alone 1.00")
    assert second.startswith("🔴 <kar> beside <new>: **40%**")
    assert second.endswith("no longer looks as it does alone; give one of them less weight.")
    assert in_words.parents_note(scores_of(request()), "new") == ""


def test_another_version_or_stacking_is_said() -> None:
    """As usual nothing is said; of a stack no versions."""
    numbered = entry().model_copy(update={"number": 3})
    wish = request().model_copy(update={"stack": (numbered,), "stacking": Stacking.SUM})
    assert cards.manner(wish) == ("v3", "stacking: sum")
    card = cards.scored(job(wish), wish, scores_of(wish), (PNG,))
    assert card.embed is not None
    assert "v3 · stacking: sum" in str(card.embed.footer.text)
    assert cards.manner(request()) == ()
    stack = wish.model_copy(update={"purpose": Purpose.STACK, "stacking": Stacking.APART})
    assert cards.manner(stack) == ()


def test_copies_have_their_interval() -> None:
    """Turned round as the bar is, which says how much is new."""
    scores = scores_of(request()).model_copy(
        update={"copied": Estimate(value=0.25, low=0.0, high=0.5)}
    )
    bar = in_words.bars(scores, {"xyz": "temple"})[-1]
    assert bar.share == Estimate(value=0.75, low=0.5, high=1.0)
    assert bar.note == "1 of 4 is nearly a training picture"
    assert in_words.copy_warning(scores).startswith("1 of 4 images")


def test_scores_without_a_model_are_one_line() -> None:
    """What pixels tell, for the card of a training."""
    scores = Scores(scorer="", prompts=1, seeds=3, copied=Estimate(value=1))
    lines = in_words.summary(scores, "xyz", "temple").splitlines()
    assert lines[:-1] == ["🔴 makes new pictures, no copies: **0%**"]
    assert in_words.copy_warning(scores).startswith("3 of 3 images")


def test_concepts_without_pictures_are_told_what_is_missing() -> None:
    """What was taken in or fused has none; the others are not named."""
    wish = request(Purpose.STACK, count=2).model_copy(update={"pictures": (("k",), ())})
    card = cards.scored(job(wish), wish, scores_of(wish), (PNG,))
    assert card.embed is not None
    text = str(card.embed.description)
    assert "\n\n<kar>: there are no training pictures" in text


def test_grades_follow_the_share() -> None:
    """Four fifths is well, half is partly; drift counts the other way round."""
    for value, grade, kept in ((0.75, 2, 0), (0.6, 1, 0), (0.35, 0, 2)):
        found = in_words.bars(scores_of(request(), value=value), {"xyz": "temple"})
        assert (found[0].grade, found[3].grade) == (grade, kept)


def test_what_cannot_be_told_is_not_graded() -> None:
    """Floor and ceiling are the same: no bar, no verdict, but the figure."""
    scores = scores_of(request())
    same = Measure(raw=Estimate(value=0.7), floor=0.5, ceiling=0.5)
    likeness = (scores.likeness[0].model_copy(update={"fidelity": same}),)
    bar = in_words.bars(scores.model_copy(update={"likeness": likeness}), {"xyz": "temple"})[0]
    assert (bar.share, bar.grade) == (None, -1)
    assert "CLIP-I 0.70" in bar.note


def test_copies_are_warned_of_and_many_with_advice() -> None:
    """None, one, and every image."""
    wish = request()
    assert in_words.copy_warning(scores_of(wish)) == ""
    many = in_words.copy_warning(scores_of(wish, copies=4))
    assert many.startswith("4 of 4 images")
    assert "fewer steps" in many
    few = scores_of(wish.model_copy(update={"seeds": tuple(range(8))}), copies=1)
    assert "fewer steps" not in in_words.copy_warning(few)
    assert "1 of 16" in in_words.copy_warning(few)
    card = cards.scored(job(wish), wish, scores_of(wish, copies=4), (PNG,))
    assert card.embed is not None
    assert "⚠️ 4 of 4" in str(card.embed.description)


def test_the_card_says_the_same_in_words_as_the_picture_does() -> None:
    """For who cannot see the picture; the name cannot break out."""
    wish = request()
    card = cards.scored(job(wish), wish, scores_of(wish), (PNG,))
    assert card.embed is not None
    lines = str(card.embed.description).split("\n\n")[0].splitlines()
    assert len([line for line in lines if "%" in line]) == 5
    assert card.embed.image.url == "attachment://a.png"
    assert [button.custom_id for row in card.rows for button in row] == ["a:try:1"]
    assert in_words.summary(scores_of(wish), "xyz", "temple").splitlines()[:-1] == lines


def test_a_training_ends_with_its_scores_and_a_warning() -> None:
    """Where it was scored; without scores the card is as it was."""
    learned = TrainRequest(
        concept_id=1,
        name="xyz",
        class_noun="temple",
        concept_kind=ConceptKind.SUBJECT,
        pictures=("p",),
        seed=1,
    )
    recipe = Recipe().model_dump_json()
    plain = ConceptVersion(1, 1, 1, "ab" * 32, "pocket", ("p",), ("s",), (), recipe, 9.0, 7, NOW)
    scored = replace(plain, scores=scores_of(request(), copies=4))
    drawn = [concepts.learned(learned, one, PNG, 7).embed for one in (plain, scored)]
    texts = [str(card.to_dict()) for card in drawn if card is not None]
    assert "How good is it?" not in texts[0]
    assert "looks like the pictures: **80%** [60%–90%]" in texts[1]
    assert "4 of 4 images are almost a training picture" in texts[1]
    assert "What it stands on" not in texts[1]
    assert "may still be anything" in texts[1]


def test_a_training_on_top_of_others_ends_with_how_they_fare() -> None:
    """In a field of its own; however many they are it fits into one."""
    learned = TrainRequest(
        concept_id=1,
        name="new",
        class_noun="temple",
        concept_kind=ConceptKind.SUBJECT,
        pictures=("p",),
        parents=(entry(),),
        seed=1,
    )
    recipe = Recipe().model_dump_json()
    bare = ConceptVersion(1, 1, 1, "ab" * 32, "pocket", ("p",), ("s",), (), recipe, 9.0, 7, NOW)
    poor = likeness(0.4, 0.3, 0.5)
    scores = scores_of(request()).model_copy(update={"parents": (poor,) * 6})
    card = concepts.learned(learned, replace(bare, scores=scores), PNG, 7, more=PNG).embed
    assert card is not None
    fields = {field.name: str(field.value) for field in card.fields}
    assert fields["What it stands on"].startswith("🔴 <xyz> beside <new>: **40%**")
    assert max(map(len, fields.values())) <= 1024


def test_the_best_seeds_can_be_used_and_kept() -> None:
    """Four of them with their figures; upscale, vary and a favourite for each."""
    wish = request(Purpose.SEEDS)
    report = Report(ranks=tuple(Rank(fidelity=0.8, alignment=0.5) for _ in range(6)))
    card = cards.seeds(job(wish), wish, report, images(6), (PNG,))
    ids = [[button.custom_id for button in row] for row in card.rows]
    assert ids[2] == ["a:good:1", "a:good:2", "a:good:3", "a:good:4"]
    assert ids[3] == ["a:star:1", "a:star:2", "a:star:3", "a:star:4", "a:starall:7"]
    assert card.content.count("seed `3`") == 4
    bare = Report(ranks=(Rank(fidelity=None, alignment=0.5),))
    assert "pictures" not in cards.seeds(job(wish), wish, bare, images(1), (PNG,)).content


def test_a_blind_sheet_has_a_yes_and_a_no_for_each_of_eight() -> None:
    """Within Discord's five rows of five; user text is escaped, and nothing tells the origin."""
    wish = request(Purpose.BLIND)
    card = cards.blind(job(wish), wish, images(8), PNG)
    assert [len(row) for row in card.rows] == [4, 4, 4, 4, 1]
    ids = {button.custom_id for row in card.rows for button in row}
    assert {"a:yes:1", "a:no:8", "a:verdict:7"} <= ids
    assert "@everyone" not in card.content.replace("\\@everyone", "")
    assert not any(verb in str(ids) for verb in ("info", "look"))


def test_a_blind_sheet_asks_about_pictures_only_where_there_are_some() -> None:
    """Of concepts with pictures by name; with none at all about the prompt alone."""
    wish = request(Purpose.BLIND, count=2)
    asked = {}
    for shown in (("k",), ("l",)), (("k",), ()), ((), ()):
        card = cards.blind(job(wish), wish.model_copy(update={"pictures": shown}), images(8), PNG)
        asked[shown] = card.content.splitlines()[0]
    both, one, none = asked.values()
    end = "as in the pictures at the top, and what was asked for?**"
    assert both == f"**Does it show `<xyz> temple` and `<kar> forest` {end}"
    assert one == f"**Does it show `<xyz> temple` {end}"
    assert none == "**Does it show what was asked for?**"


def test_results_stand_beside_the_bar() -> None:
    """Green when surely above, red when surely below, yellow in between."""
    accepted = [
        Accepted(prompt="good", versions=(2, 0), up=40, down=1),
        Accepted(prompt="bad", up=1, down=20),
        Accepted(prompt="unsure", up=4, down=1),
        Accepted(prompt="", up=1, down=9),
    ]
    card = cards.results(accepted)
    assert card.embed is not None
    lines = str(card.embed.description).splitlines()
    assert [line[0] for line in lines] == ["🟢", "🔴", "🟡", "🟡", "⚪"]
    assert ["good (v2): " in lines[0], "bad: " in lines[1]] == [True, True]
    assert "**67%**" in lines[3]
    assert "of 10 votes" in lines[4]
    assert "Nobody has judged" in cards.results([]).content


def test_the_picture_shows_what_the_bars_say() -> None:
    """A fuller bar has more of its colour; one that cannot be told has none."""
    row = Shown("a prompt", tuple(noise_png(n) for n in range(5)))

    def greens(share: Estimate | None, grade: int) -> int:
        bar = Bar("looks like the pictures", share, grade, "CLIP-I 0.70")
        blob = scorecard.score_card("How good?", "4 images", [bar], [row], "card")
        picture = Picture.open(io.BytesIO(blob.data)).convert("RGB")
        assert picture.width == scorecard.WIDTH_PX
        line = picture.crop((430, 112, 870, 140))
        return sum(pixel == scorecard.COLOURS[2] for pixel in line.get_flattened_data())

    full, half = greens(Estimate(value=1), 2), greens(Estimate(value=0.5), 2)
    assert full > 1.8 * half > 0
    assert greens(None, -1) == 0


def test_a_sheet_numbers_eight_images_below_the_pictures() -> None:
    """Four columns, two lines and a strip."""
    blob = scorecard.blind_sheet([noise_png(1)] * 5, [noise_png(n) for n in range(8)], "blind-7")
    picture = Picture.open(io.BytesIO(blob.data))
    assert blob.name == "blind-7.png"
    assert picture.size == (4 * 248 + 8, 160 + 2 * 248 + 8)


def test_a_sheet_without_pictures_has_no_strip() -> None:
    """The images begin at the top."""
    blob = scorecard.blind_sheet([], [noise_png(n) for n in range(8)], "blind-7")
    picture = Picture.open(io.BytesIO(blob.data)).convert("RGB")
    assert picture.size == (4 * 248 + 8, 2 * 248 + 16)
    first = Picture.open(io.BytesIO(noise_png(0))).convert("RGB").resize((240, 240))
    assert picture.getpixel((240, 240)) == first.getpixel((232, 232))


def test_one_prompt_on_one_seed_is_said_in_the_singular() -> None:
    """And the many in the plural."""
    wish = request().model_copy(update={"prompts": ("a",), "seeds": (1,)})
    assert in_words.counted(scores_of(wish)) == "1 prompt on 1 seed"
    assert in_words.counted(scores_of(request())) == "2 prompts on 2 seeds"


def test_scores_in_brief_are_three_lines_and_what_they_rest_on() -> None:
    """Named as on the score card; what could not be measured is left out, copies too."""
    whole = scores_of(request(), copies=3)
    assert in_words.brief(whole).splitlines() == [
        "🟡 looks like the pictures: **80%** [60%–90%]",
        "🟡 does what is asked: **80%** [60%–90%]",
        "🟢 varies from seed to seed: **80%** [60%–90%]",
        "2 prompts on 2 seeds, scored by pocket; in brackets the 95 % interval",
    ]
    one_seed = whole.model_copy(update={"seeds": 1, "diversity": None, "likeness": ()})
    assert in_words.brief(one_seed).splitlines() == [
        "🟡 does what is asked: **80%** [60%–90%]",
        "2 prompts on 1 seed, scored by pocket; in brackets the 95 % interval",
    ]
    copies = Scores(scorer="", prompts=1, seeds=4, copied=Estimate(value=0.25))
    assert in_words.brief(copies) == ""
