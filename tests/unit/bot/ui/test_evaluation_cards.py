"""Evaluations as people see them: words, bars, sheets and buttons."""

import io
from dataclasses import replace
from datetime import UTC, datetime

from PIL import Image as Picture

from bot.ui import scorecard
from bot.ui.card import Blob
from bot.ui.cards import concepts
from bot.ui.cards import evaluation as cards
from bot.ui.cards.evaluation import Bar
from bot.ui.scorecard import Shown
from core.domain.concepts import ConceptKind, ConceptVersion, StackEntry
from core.domain.evaluation import Accepted, Estimate, Measure, Named, Rank, Report, Scores
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
    found = cards.bars(scores_of(request()), {"xyz": "temple"})
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
    found = cards.bars(scores_of(wish), {"xyz": "temple", "kar": "forest"})
    assert labels(found)[:2] == ["still looks like <xyz>", "still looks like <kar>"]
    assert "alone 0.80" in found[0].note
    assert not any("keeps plain" in label for label in labels(found))


def test_each_figure_stands_under_its_own_name() -> None:
    """Where an encoder of pictures tells likeness, the CLIP's figure stands beside it."""
    scores = scores_of(request())
    assert "CLIP-I 0.70" in cards.bars(scores, {"xyz": "temple"})[0].note
    clip = Measure(raw=Estimate(value=0.55))
    both = scores.model_copy(
        update={
            "scorer": "some/clip + some/dino-small",
            "likeness": (scores.likeness[0].model_copy(update={"clip": clip}),),
        }
    )
    note = cards.bars(both, {"xyz": "temple"})[0].note
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
    found = cards.bars(scores, {"xyz": "temple", "kar": "forest"})
    told = [bar for bar in found if bar.label.startswith("is seen")]
    assert labels(told) == ["is seen as “temple” (<xyz>)", "is seen as “forest” (<kar>)"]
    assert (told[0].share, told[0].grade) == (raw, 1)
    assert told[0].note == "in 3 of 4, among 9 classes · in plain words 100%"


def test_copies_have_their_interval() -> None:
    """Turned round as the bar is, which says how much is new."""
    scores = scores_of(request()).model_copy(
        update={"copied": Estimate(value=0.25, low=0.0, high=0.5)}
    )
    bar = cards.bars(scores, {"xyz": "temple"})[-1]
    assert bar.share == Estimate(value=0.75, low=0.5, high=1.0)
    assert bar.note == "1 of 4 is nearly a training picture"
    assert cards.copy_warning(scores).startswith("1 of 4 images")


def test_scores_without_a_model_are_one_line() -> None:
    """What pixels tell, for the card of a training."""
    scores = Scores(scorer="", prompts=1, seeds=3, copied=Estimate(value=1))
    assert cards.summary(scores, "xyz", "temple") == "🔴 makes new pictures, no copies: **0%**"
    assert cards.copy_warning(scores).startswith("3 of 3 images")


def test_concepts_without_pictures_are_told_what_is_missing() -> None:
    """What was taken in or fused has none; the others are not named."""
    wish = request(Purpose.STACK, count=2).model_copy(update={"pictures": (("k",), ())})
    card = cards.scored(job(wish), wish, scores_of(wish), (PNG,))
    assert card.embed is not None
    text = str(card.embed.description)
    assert text.splitlines()[-1].startswith("<kar>: there are no training pictures")


def test_grades_follow_the_share() -> None:
    """Four fifths is well, half is partly; drift counts the other way round."""
    for value, grade, kept in ((0.75, 2, 0), (0.6, 1, 0), (0.35, 0, 2)):
        found = cards.bars(scores_of(request(), value=value), {"xyz": "temple"})
        assert (found[0].grade, found[3].grade) == (grade, kept)


def test_what_cannot_be_told_is_not_graded() -> None:
    """Floor and ceiling are the same: no bar, no verdict, but the figure."""
    scores = scores_of(request())
    same = Measure(raw=Estimate(value=0.7), floor=0.5, ceiling=0.5)
    likeness = (scores.likeness[0].model_copy(update={"fidelity": same}),)
    bar = cards.bars(scores.model_copy(update={"likeness": likeness}), {"xyz": "temple"})[0]
    assert (bar.share, bar.grade) == (None, -1)
    assert "CLIP-I 0.70" in bar.note


def test_copies_are_warned_of_and_many_with_advice() -> None:
    """None, one, and every image."""
    wish = request()
    assert cards.copy_warning(scores_of(wish)) == ""
    many = cards.copy_warning(scores_of(wish, copies=4))
    assert many.startswith("4 of 4 images")
    assert "fewer steps" in many
    few = scores_of(wish.model_copy(update={"seeds": tuple(range(8))}), copies=1)
    assert "fewer steps" not in cards.copy_warning(few)
    assert "1 of 16" in cards.copy_warning(few)
    card = cards.scored(job(wish), wish, scores_of(wish, copies=4), (PNG,))
    assert card.embed is not None
    assert "⚠️ 4 of 4" in str(card.embed.description)


def test_the_card_says_the_same_in_words_as_the_picture_does() -> None:
    """For who cannot see the picture; the name cannot break out."""
    wish = request()
    card = cards.scored(job(wish), wish, scores_of(wish), (PNG,))
    assert card.embed is not None
    text = str(card.embed.description)
    assert text.count("%") == 5
    assert card.embed.image.url == "attachment://a.png"
    assert [button.custom_id for row in card.rows for button in row] == ["a:try:1"]
    assert cards.summary(scores_of(wish), "xyz", "temple") in text


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
    assert "looks like the pictures: **80%**" in texts[1]
    assert "4 of 4 images are almost a training picture" in texts[1]


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


def test_one_prompt_on_one_seed_is_said_in_the_singular() -> None:
    """And the many in the plural."""
    wish = request().model_copy(update={"prompts": ("a",), "seeds": (1,)})
    assert cards.counted(scores_of(wish)) == "1 prompt on 1 seed"
    assert cards.counted(scores_of(request())) == "2 prompts on 2 seeds"


def test_scores_in_brief_are_three_lines_and_what_they_rest_on() -> None:
    """Named as on the score card; what could not be measured is left out, copies too."""
    whole = scores_of(request(), copies=3)
    assert cards.brief(whole).splitlines() == [
        "🟡 looks like the pictures: **80%**",
        "🟡 does what is asked: **80%**",
        "🟢 varies from seed to seed: **80%**",
        "2 prompts on 2 seeds, scored by pocket",
    ]
    one_seed = whole.model_copy(update={"seeds": 1, "diversity": None, "likeness": ()})
    assert cards.brief(one_seed).splitlines() == [
        "🟡 does what is asked: **80%**",
        "2 prompts on 1 seed, scored by pocket",
    ]
    copies = Scores(scorer="", prompts=1, seeds=4, copied=Estimate(value=0.25))
    assert cards.brief(copies) == ""
