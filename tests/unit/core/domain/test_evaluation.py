"""Figures on a scale that people can read."""

import pytest

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Sampler, Stacking
from core.domain.evaluation import (
    USUAL_SEEDS,
    Accepted,
    Estimate,
    Likeness,
    Measure,
    Named,
    Scores,
    after_training,
    evaluation_prompts,
    scenes_of,
    scores_a_version,
    spelled_plainly,
    taken_apart,
)
from core.domain.requests import EvaluateRequest, ImagineRequest, Purpose, TrainRequest

SUBJECT, STYLE = ConceptKind.SUBJECT, ConceptKind.STYLE


def measure(value: float, floor: float | None = 0.4, ceiling: float | None = 0.8) -> Measure:
    raw = Estimate(value=value, low=value - 0.1, high=value + 0.1)
    return Measure(raw=raw, floor=floor, ceiling=ceiling)


def scores(likeness: tuple[float, ...], asked: Measure | None) -> Scores:
    kept = tuple(
        Likeness(name=f"c{index}", fidelity=measure(value), nearest=Estimate(value=1), copies=index)
        for index, value in enumerate(likeness)
    )
    return Scores(
        scorer="pocket", prompts=2, seeds=3, likeness=kept, alignment=measure(0.5), asked=asked
    )


def test_a_share_lies_between_floor_and_ceiling() -> None:
    """With its interval, and cut at the ends."""
    share = measure(0.7).share
    assert share is not None
    assert (share.value, share.low) == (pytest.approx(0.75), pytest.approx(0.5))
    assert share.high == pytest.approx(1)
    low = measure(0.1).share
    assert low is not None
    assert low.value == 0


def test_intervals_are_cut_joined_and_moved() -> None:
    """The figure stays where it is, or moves with them; without an interval there is none."""
    half = Estimate(value=0.5, low=-0.5, high=0.8)
    assert half.within(0, 1) == Estimate(value=0.5, low=0, high=0.8)
    assert half.joined(Estimate(value=9, low=0.4, high=0.9)) == half.model_copy(
        update={"high": 0.9}
    )
    assert half.shifted(1) == Estimate(value=1.5, low=0.5, high=1.8)
    bare = Estimate(value=0.5)
    assert bare.within(0, 1) == bare
    assert (bare.shifted(1).value, bare.shifted(1).low) == (1.5, None)
    assert bare.joined(half) == half


def test_what_images_were_taken_for_is_counted() -> None:
    """Most first, and of one as often as another the earlier; nothing of older scores."""
    share = measure(0.5)
    named = Named(name="xyz", class_noun="temple", classes=9, share=share)
    labels = ("house", "temple", "temple", "cat")
    told = named.model_copy(update={"labels": labels})
    assert told.tally == (("temple", 2), ("house", 1), ("cat", 1))
    assert named.tally == ()


def test_a_training_is_asked_what_a_person_would_ask() -> None:
    """The concept alone, its usual prompts and seeds, held to its own pictures."""
    taught = TrainRequest(
        concept_id=4,
        name="xyz",
        class_noun="temple",
        concept_kind=SUBJECT,
        pictures=("p", "q"),
        parents=(entry("kar", "forest"),),
        seed=1,
    )
    asked = after_training(taught, "cd" * 32)
    assert asked.purpose is Purpose.CONCEPT
    assert asked.prompts == evaluation_prompts(SUBJECT, "xyz", "temple")
    assert (asked.seeds, asked.pictures) == (USUAL_SEEDS, (("p", "q"),))
    assert [(one.name, one.artifact) for one in asked.stack] == [("xyz", "cd" * 32)]
    assert asked.drawn == 48


def on(seeds: int, prompts: int = 4) -> Scores:
    return Scores(scorer="pocket", prompts=prompts, seeds=seeds)


@pytest.mark.parametrize(
    ("changes", "fresh", "before", "scores"),
    [
        ({}, on(1), None, True),
        ({}, on(4), on(4), True),
        ({}, on(16), on(4), True),
        ({}, on(3), on(4), False),
        ({}, on(1), on(9, prompts=1), True),
        ({"prompts": ("a <xyz>",)}, on(9, prompts=1), None, False),
        ({"stacking": Stacking.SUM}, on(4), None, False),
        ({"stacking": Stacking.SWITCH}, on(16), on(4), False),
    ],
)
def test_only_what_compares_scores_a_version(
    changes: dict[str, object], fresh: Scores, before: Scores | None, scores: bool
) -> None:
    """Kept apart, on the usual prompts, on no fewer seeds than what is there of the same kind."""
    usual = EvaluateRequest(
        purpose=Purpose.CONCEPT,
        prompts=evaluation_prompts(SUBJECT, "xyz", "temple"),
        seeds=USUAL_SEEDS,
        stack=(entry("xyz", "temple"),),
    )
    assert scores_a_version(usual.model_copy(update=changes), fresh, before) is scores


@pytest.mark.parametrize(("floor", "ceiling"), [(None, 0.8), (0.4, None), (0.8, 0.8), (0.9, 0.8)])
def test_no_share_where_floor_and_ceiling_do_not_differ(
    floor: float | None, ceiling: float | None
) -> None:
    """Nothing is told from noise, and nothing is divided by it."""
    assert measure(0.7, floor, ceiling).share is None


def test_quality_needs_likeness_and_the_prompt() -> None:
    """A product of the two; the mean over concepts."""
    assert scores((0.8,), measure(0.8)).quality == pytest.approx(1)
    assert scores((0.8,), measure(0.4)).quality == 0
    assert scores((0.8, 0.4), measure(0.6)).quality == pytest.approx(0.25)
    assert scores((0.8,), None).quality == pytest.approx(0.25)


def test_images_and_copies_are_counted() -> None:
    """Over all prompts, seeds and concepts."""
    found = scores((0.8, 0.8, 0.8), None)
    assert (found.images, found.copies) == (6, 3)


def test_prompts_suit_what_is_taught() -> None:
    """A thing is put somewhere, into a place something is put, a style shows something."""
    assert "a <xyz> temple on a beach" in evaluation_prompts(SUBJECT, "xyz", "temple")
    assert "a cat in a <kar> forest" in evaluation_prompts(SUBJECT, "kar", "forest")
    assert "a cat in a <old> pine forest" in evaluation_prompts(SUBJECT, "old", "pine forest")
    assert "a cat in <ink> drawing style" in evaluation_prompts(STYLE, "ink", "drawing")
    assert "a cat in <ink> style" in evaluation_prompts(STYLE, "ink", "style")


def test_names_are_spelled_as_their_class() -> None:
    """The noun is said once, beside the name or not."""
    nouns = {"xyz": "temple", "kar": "forest"}
    assert spelled_plainly("a <xyz> temple in <kar>", nouns) == "a temple in forest"
    assert spelled_plainly("a <new> cat", nouns) == "a <new> cat"


def test_acceptance_has_the_wilson_interval() -> None:
    """The textbook's figures: 9 of 10, and none of 5, which is not 0 for sure."""
    nine = Accepted(prompt="a", up=9, down=1).rate
    none = Accepted(prompt="a", up=0, down=5).rate
    assert nine is not None
    assert none is not None
    assert (nine.value, nine.low, nine.high) == pytest.approx((0.9, 0.5958, 0.9821), abs=1e-4)
    assert (none.value, none.low, none.high) == pytest.approx((0, 0, 0.4345), abs=1e-4)
    assert Accepted(prompt="a", up=0, down=0).rate is None


def entry(name: str, noun: str) -> StackEntry:
    return StackEntry(
        concept_id=len(name),
        version_id=1,
        name=name,
        class_noun=noun,
        kind=ConceptKind.SUBJECT,
        artifact="ab" * 32,
        weight=0.7,
    )


def test_a_scene_is_taken_apart_concept_by_concept() -> None:
    """Each alone with the others in plain words, then all, then none; nothing else changes."""
    xyz, kar = entry("xyz", "temple"), entry("kar", "forest")
    scene = ImagineRequest(
        prompt="a <xyz> temple in <kar>",
        negative_prompt="<kar> forest",
        seeds=(9,),
        sampler=Sampler.EULER,
        stacking=Stacking.APART,
        stack=(xyz, kar),
    )
    apart = taken_apart(scene)
    assert [(one.prompt, one.negative_prompt, one.stack) for one in apart] == [
        ("a <xyz> temple in forest", "forest", (xyz,)),
        ("a temple in <kar>", "<kar> forest", (kar,)),
        ("a <xyz> temple in <kar>", "<kar> forest", (xyz, kar)),
        ("a temple in forest", "forest", ()),
    ]
    assert {(one.seeds, one.sampler, one.stacking) for one in apart} == {
        ((9,), Sampler.EULER, Stacking.APART)
    }


def test_a_scene_is_drawn_with_each_version_in_place_of_its_own() -> None:
    """Where it stands and at its weight; the other concepts, the prompt and the seeds stay."""
    xyz, kar = entry("xyz", "temple"), entry("kar", "forest")
    xyz, kar = (one.model_copy(update={"concept_id": n}) for n, one in ((1, xyz), (2, kar)))
    old, new = (xyz.model_copy(update={"version_id": number}) for number in (5, 6))
    stack = (kar, xyz.model_copy(update={"weight": 0.5}))
    scene = ImagineRequest(prompt="a <xyz> in <kar>", seeds=(1, 2, 3), stack=stack)
    request = EvaluateRequest(
        purpose=Purpose.VERSIONS,
        prompts=(scene.prompt,),
        seeds=scene.seeds,
        stack=(old, new),
        scene=scene,
    )
    first, second = scenes_of(request)
    assert [(one.version_id, one.weight) for one in first.stack] == [(1, 0.7), (5, 0.5)]
    assert [(one.version_id, one.weight) for one in second.stack] == [(1, 0.7), (6, 0.5)]
    without = {"stack": ()}
    assert first.model_copy(update=without) == second.model_copy(update=without)
    assert request.drawn == 6
    assert scenes_of(request.model_copy(update={"scene": None})) == ()


def test_a_scene_belongs_to_other_stacks_alone() -> None:
    """A strip without one, or a score with one, is no request."""
    scene = ImagineRequest(prompt="a", seeds=(1,))
    asked = {"prompts": ("a",), "seeds": (1,)}
    assert EvaluateRequest(purpose=Purpose.SOLO, scene=scene, **asked).drawn == 2
    wrongs = (
        {"purpose": Purpose.SOLO},
        {"purpose": Purpose.VERSIONS},
        {"purpose": Purpose.STACK, "scene": scene},
    )
    for wrong in wrongs:
        with pytest.raises(ValueError, match="other stacks"):
            EvaluateRequest(**asked, **wrong)
