"""What only a course looks at is drawn in half the steps, and shows the same."""

import pytest

from core.pocket.judge import Judge
from core.pocket.paths import judge_path
from core.worker.families import FAMILIES
from core.worker.training.tools import Tools

SEEDS = (1000, 1001, 1002, 1003)


@pytest.fixture(scope="module")
def judge():
    return Judge.load(judge_path())


@pytest.mark.parametrize("said", ["a photo of a temple on a beach", "a photo of a cat in a city"])
def test_plain_pictures_show_what_they_are_asked_for(base, stacks, imaginer, storage, judge, said):
    """In half the steps as in all of them the judge finds the thing nearly always, in its place."""
    in_brief = Tools(base, stacks, imaginer, storage).in_brief(said, SEEDS)
    assert in_brief.num_inference_steps == base.family.steps // 2
    usual = {"sampler": base.family.sampler, "num_inference_steps": base.family.steps}
    found = []
    for wish in (in_brief, in_brief.model_copy(update=usual)):
        request = imaginer.resolve(wish)
        pictures = imaginer.draw(request, stacks.wear(()), on_step=lambda *_: None)
        scenes = [reading.scene for reading in judge.read(pictures)]
        assert all(scene.backdrop.place in said for scene in scenes)
        found.append(sum(scene.things[0].noun in said for scene in scenes))
    assert min(found) >= len(SEEDS) - 1  # the judge itself takes one temple in sixteen for another


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl"])
def test_large_models_take_their_usual_steps(name):
    """Fewer were not measured on them."""
    family = FAMILIES[name]
    assert family.in_brief == (family.sampler, family.steps)
