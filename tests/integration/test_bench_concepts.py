"""The benchmarks of concepts: their sums, and the whole of each in its tiny way."""

import json
import random

import pytest
import torch

from core.domain.concepts import tokens_in
from core.pocket.concepts import shows
from core.pocket.judge import Judge
from core.pocket.paths import judge_path
from core.pocket.world.palette import THING_COLOURS
from core.pocket.world.render import render
from core.pocket.world.scene import NOUNS, PLACES, Backdrop, Scene, Thing
from core.worker.engine.places import told_places
from tests.bench import hindsight, iterative, methods, places, stacking, styled, styles
from tests.bench.__main__ import read
from tests.bench._concepts import BY_NAME, alone, in_scenes, triples, two_things
from tests.bench._styles import ASKED, STYLES, shows_thing
from tests.bench._sums import figure, margin, mean, percent, share
from tests.bench._teaching import Workshop, mine
from tests.bench.hindsight import Look

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Shared, so that what one benchmark taught the next one finds."""
    before = torch.get_num_threads()
    yield tmp_path_factory.mktemp("concepts")
    torch.set_num_threads(before)


def test_shares_and_margins():
    """Half of four images; an interval is 1.96 standard errors either way."""
    assert share([True, False, True, False]) == 0.5
    assert mean([1.0, 2.0, 6.0]) == 3.0
    assert margin([0.0, 1.0, 0.0, 1.0]) == pytest.approx(1.96 * (1 / 3) ** 0.5 / 2)
    assert margin([0.4]) == 0
    assert percent([0.5, 0.5]) == "50% ± 0%"
    assert figure([0.25, 0.75]) == "0.50 ± 0.49"


def test_parts_are_the_whole():
    """Every unit of work belongs to exactly one process."""
    units = list(range(7))
    assert sorted(mine(units, "1/3") + mine(units, "2/3") + mine(units, "3/3")) == units
    assert mine(units, None) == units


@pytest.mark.parametrize("part", ["3/2", "0/2", "1", "a/b", "1/2/3"])
def test_a_part_that_there_is_not(part):
    """A slip in the option is told before anything is taught."""
    with pytest.raises(ValueError, match="written as 1/2"):
        mine([1, 2], part)


def test_options():
    """Only options that were given reach a benchmark, whose own numbers count else."""
    assert read(["methods", "--seeds", "3", "--part", "1/2"]) == (
        ["methods"],
        {"seeds": 3, "part": "1/2"},
    )
    assert read([])[1] == {}
    asked = ["engine_wait", "--device", "cuda", "--dtype", "bfloat16"]
    assert read(asked)[1] == {"device": "cuda", "dtype": "bfloat16"}
    with pytest.raises(SystemExit):
        read(["nothing_of_the_kind"])


def test_final_minus_best():
    """A concept loses what it had in its best row, not in its first one."""
    yes, no = True, False
    matrix = [
        [[yes, yes]],
        [[yes, no], [no, no]],
        [[no, no], [yes, no], [yes, yes]],
    ]
    assert iterative.drops(matrix) == [-1.0, 0.0, 0.0]


def look(step, whole, error=0.0, picture=0.0, drift=0.0):
    return Look(step, error, [picture] * 24, [drift] * 24, [mark == "x" for mark in whole])


def test_hindsight_against_what_was_kept():
    """The step with the least error was kept; the best one is that with the most whole looks."""
    seen = [look(1, "..x.", 0.5), look(2, "xxx.", 0.3), look(3, "xx..", 0.2)]
    kept = seen[2]
    assert hindsight.shipped(seen) == 3
    assert hindsight.best_of(seen).step == 2
    assert hindsight.lost(seen, kept) == pytest.approx(0.25)
    assert hindsight.lost(seen, seen[1]) == 0
    assert hindsight.summary("as shipped", hindsight.shipped, [seen])[1] == "0 of 1"


def test_luck_is_no_loss():
    """The best of half of the seeds is held to the kept one on the other half."""
    seen = [look(1, "x.x."), look(2, ".x.x")]
    assert hindsight.lost(seen, seen[0]) == 0
    assert hindsight.lost_fairly(seen, seen[0]) == pytest.approx(-0.5)
    seen = [look(1, "xx.."), look(2, ".xxx")]
    assert hindsight.lost(seen, seen[0]) == pytest.approx(0.25)
    assert hindsight.lost_fairly(seen, seen[0]) == pytest.approx(0)


def test_ways_to_choose():
    """Each way reads its own figure; the last is the last."""
    seen = [look(1, "x", 0.1, 0.9, 0.0), look(2, "x", 0.11, 0.5, 0.1), look(3, "x", 0.3, 0.4, 0.9)]
    chosen = {way: choose(seen) for way, choose in hindsight.WAYS.items()}
    assert chosen == {
        "as shipped": 2,
        "the least error": 1,
        "the picture alone": 3,
        "4 noises a level": 2,
        "4 noises, the picture alone": 3,
        "4 noises, a tenth of the drift": 3,
        "the last": 3,
    }


@pytest.mark.parametrize("name", BY_NAME)
def test_elsewhere_is_where_no_picture_was_taken(name):
    """Nobody is asked for what was shown, and a plain prompt names no concept."""
    asked = methods.elsewhere(name)
    assert BY_NAME[name].token in asked.prompt
    assert "<" not in methods.plainly(asked)
    assert BY_NAME[name].class_noun in methods.plainly(asked)


@pytest.mark.parametrize("asked", [alone, in_scenes, two_things, triples])
def test_the_judge_reads_what_is_asked_for(asked):
    """Of drawings of a scene, which are right, it misses few: a miss elsewhere is the model's."""
    judge = Judge.load(judge_path())
    least = 0.6 if asked is triples else 0.9
    for question in asked():
        readings = judge.read(stacking.drawings(question, 100))
        right = [all(shows(one, concept) for concept in question.concepts) for one in readings]
        assert share(right) >= least, question.prompt


PAIR = in_scenes()[0]
FEW = (methods.OURS, methods.ADAPTER, "hypernetwork", methods.BASELINE, methods.TUNED)
"""The engine draws with all but the hypernetwork."""


@pytest.mark.slow
async def test_methods(folder, capsys, monkeypatch):
    """A row for each method, and the same figures from the folder the second time."""
    every = methods.ways(3e-3)
    assert len(every) == 8
    monkeypatch.setattr(methods, "ways", lambda _rate: {way: every[way] for way in FEW})
    monkeypatch.setattr(methods, "pairs_of", lambda _names: [PAIR])
    await methods.run(tiny=True, folder=folder)
    told = capsys.readouterr().out
    table = told[told.index("| 2 concepts") :]
    assert all(f"| {way} |" in table for way in (*FEW, methods.IN_WORDS))
    assert "1 pairs of subjects" in table
    await methods.run(tiny=True, folder=folder)
    assert capsys.readouterr().out == table


async def test_iterative(folder, capsys):
    """A matrix for each way; the first row of all is the same concept taught alone."""
    await iterative.run(tiny=True, folder=folder, part="1/2")
    assert "|" not in capsys.readouterr().out
    await iterative.run(tiny=True, folder=folder)
    told = capsys.readouterr().out
    assert told.count("2 seeds: after") == 4
    assert "final minus best" in told


@pytest.mark.parametrize("preset", [None, "dreambooth-lora"])
async def test_hindsight(folder, capsys, preset):
    """What the benchmark measures on a checkpoint is what the run itself measured."""
    await hindsight.run(tiny=True, folder=folder, preset=preset)
    assert "as shipped" in capsys.readouterr().out
    for note in (folder / "notes").glob("hindsight-*"):
        for one in json.loads(note.read_text()):
            found = mean(one["picture"][:6]) + mean(one["drift"][:6])
            assert found == pytest.approx(one["error"], rel=1e-3)


def test_stacking(folder, capsys, monkeypatch):
    """A stack is judged in every way beside drawings of it, and a sheet of each is left."""
    monkeypatch.setattr(stacking, "FOLDER", folder)
    monkeypatch.setattr(stacking, "SEEDS", 1)
    monkeypatch.setattr(stacking, "BY_NAME", {name: BY_NAME[name] for name in PAIR.names})
    stacking._Bench(Workshop(folder, tiny=True)).table("together", [PAIR])
    assert "| added up | apart | in words | drawings |" in capsys.readouterr().out
    assert len(list(folder.glob("*.png"))) == 4


async def test_places(folder, capsys, monkeypatch):
    """A row for every prompt, in both ways."""
    monkeypatch.setattr(places, "PAIRS", places.PAIRS[:1])
    monkeypatch.setattr(places, "ALONE", places.ALONE[:1])
    await places.run(tiny=True, folder=folder)
    told = capsys.readouterr().out
    assert r"a \<red-castle> on the left and a \<yellow-flower> on the right" in told
    assert told.count("| **mean** |") == 2


@pytest.mark.parametrize("prompt", [*places.PAIRS, *places.ALONE])
def test_every_place_of_the_bench_is_told(prompt):
    """Each concept is a thing of the drawn world, and has one box."""
    told = told_places(prompt, tokens_in(prompt))
    assert len(told) == prompt.count("<")
    assert all(len(boxes) == 1 for boxes in told.values())
    for colour, noun in (name.split("-") for name in told):
        assert colour in THING_COLOURS
        assert noun in NOUNS


def test_in_place_is_on_its_side_or_in_its_box():
    """Two things by how they stand, one by where its colour is."""
    judge = Judge.load(judge_path())
    castle, dog = Thing("castle", "red"), Thing("dog", "orange")
    left, right = ((0.0, 0.0, 0.5, 1.0),), ((0.5, 0.0, 1.0, 1.0),)

    def right_of(told, *things, relation=None):
        scene = Scene(Backdrop("white"), things, relation)
        images = [render(scene, random.Random(seed)) for seed in range(20)]
        read = zip(images, judge.read(images), strict=True)
        return share([places.in_place(*pair, told) for pair in read])

    told = {"orange-dog": right, "red-castle": left}
    assert right_of(told, castle, dog, relation="left") > 0.9
    assert right_of(told, dog, castle, relation="left") == 0
    assert right_of(told, castle, dog, relation="above") == 0
    assert right_of(told, castle) == 0
    whole = ((0.0, 0.0, 1.0, 1.0),)
    assert right_of({"red-castle": whole}, castle) > 0.9
    assert right_of({"red-castle": whole}, dog) == 0
    assert right_of({"red-castle": ((0.0, 0.0, 1.0, 0.2),)}, castle) == 0


async def test_styles(folder, capsys, monkeypatch):
    """A row for each way to teach a style, one without it, and one of what can be reached."""
    ways = {way: styles.WAYS[way] for way in (styles.USUAL, f"{styles.USUAL}{styles.UNTOLD}")}
    monkeypatch.setattr(styles, "WAYS", ways)
    monkeypatch.setattr(styles, "STYLES", STYLES[:1])
    await styles.run(tiny=True, folder=folder)
    told = capsys.readouterr().out
    assert all(f"| {way} |" in told for way in (*ways, *styles.UNTAUGHT))


async def test_styled(folder, capsys, monkeypatch):
    """A row for each subject, beside what can be reached."""
    monkeypatch.setattr(styled, "STYLES", STYLES[1:2])
    await styled.run(tiny=True, folder=folder)
    told = capsys.readouterr().out
    assert r"| a photo of \<xyz> temple on a beach in \<dus> style |" in told
    assert "| **mean** |" in told


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_style_is_read_and_looked_through(style):
    """Renders in it are in it, plain ones are not, and nearly all things under it are read."""
    chance, judge, read = random.Random(1), Judge.load(judge_path()), []
    for _, asked in ASKED:
        scenes = [Scene(Backdrop(place), asked.things) for place in PLACES]
        plain = [render(scene, chance) for scene in scenes]
        painted = [style.over(one, chance) for one in plain]
        assert all(map(style.has, painted))
        assert not any(map(style.has, plain))
        read += shows_thing(judge.read([style.through(one) for one in painted]), asked)
    assert mean(read) > 0.95
