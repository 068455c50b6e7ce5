"""Schedules, optimizers, running averages and norm limits."""

import tomllib
from copy import deepcopy
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from core.domain.recipes import Method, Optimizer, Prior, Recipe, Schedule
from core.errors import InvalidInput
from core.worker.training import checkpoint, optimizers
from core.worker.training.average import Average
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.dataset import Bucket, Views
from core.worker.training.lesson import Lesson
from core.worker.training.material import Material
from core.worker.training.norms import limit_norms
from core.worker.training.optimizers import check_optimizer, new_optimizer, rate_of
from core.worker.training.parts import Bench
from core.worker.training.schedule import LEAST_RATE, rate_factor
from tests.unit.core.worker.training.conftest import finish, new_ticket, saved_in


def factors(**changes):
    recipe = Recipe(**changes)
    return [rate_factor(step, recipe) for step in range(recipe.steps)]


def test_rate_rises_stays_and_falls():
    """A short rise, a plateau to half way, then down to a small rest."""
    rates = factors()
    assert rates[0] < rates[10] < rates[19] == 1.0
    assert set(rates[19:150]) == {1.0}
    assert rates[-1] == LEAST_RATE
    assert all(later <= sooner for sooner, later in pairwise(rates[150:]))


@pytest.mark.parametrize("schedule", [Schedule.COSINE, Schedule.LINEAR])
def test_other_schedules_fall_all_the_way(schedule):
    """From the whole rate to the small rest, half of it half way; without a rise at once."""
    rates = factors(schedule=schedule, warmup_steps=0, steps=100)
    assert rates[0] == 1.0
    assert rates[50] == pytest.approx(0.5)
    assert rates[-1] == LEAST_RATE
    assert all(later <= sooner for sooner, later in pairwise(rates))


def test_constant_rate_rises_and_stays():
    """Nothing but the rise."""
    rates = factors(schedule=Schedule.CONSTANT, warmup_steps=4, steps=20)
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert set(rates[4:]) == {1.0}


def part_of(*values):
    parameters = [nn.Parameter(torch.tensor(value)) for value in values]
    return SimpleNamespace(parameters=parameters, decay=0.0)


NEEDS_EXTRA = pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="the extra 8bit is not installed"
)
KINDS = [
    pytest.param(kind, marks=NEEDS_EXTRA) if kind is Optimizer.ADAMW_8BIT else kind
    for kind in Optimizer
]


@pytest.mark.parametrize("kind", KINDS)
def test_optimizer_goes_downhill_and_goes_on_as_before(kind):
    """On a bowl the way is down; with its state loaded a second one takes the very same steps."""

    def step(optimizer, part):
        optimizer.zero_grad()
        for group in optimizer.param_groups:
            group["lr"] = rate_of(kind, 0.1, 1.0)
        loss = sum((p - 3).square().sum() for p in part.parameters)
        loss.backward()
        optimizer.step()
        return loss.item()

    part = part_of([[1.0, 2.0], [0.0, 9.0]], [5.0], torch.linspace(-1, 1, 8192).tolist())
    optimizer = new_optimizer(kind, [part])
    losses = [step(optimizer, part) for _ in range(60)]
    assert losses[-1] < losses[0]
    other = part_of(*[p.detach().clone().tolist() for p in part.parameters])
    again = new_optimizer(kind, [other])
    again.load_state_dict(deepcopy(optimizer.state_dict()))
    for _ in range(3):
        assert step(optimizer, part) == step(again, other)
    assert all(torch.equal(*pair) for pair in zip(part.parameters, other.parameters, strict=True))


@NEEDS_EXTRA
def test_8_bit_state_is_what_is_promised():
    """A byte for each of the two moments of what is large; what is small keeps float32."""
    large, small = nn.Parameter(torch.ones(64, 128)), nn.Parameter(torch.ones(8))
    optimizer = new_optimizer(
        Optimizer.ADAMW_8BIT, [SimpleNamespace(parameters=[large, small], decay=0.0)]
    )
    (large.sum() + small.sum()).backward()
    optimizer.step()
    moments = [
        {optimizer.state[parameter][name].dtype for name in ("state1", "state2")}
        for parameter in (large, small)
    ]
    assert moments == [{torch.uint8}, {torch.float32}]


def test_prodigy_finds_its_own_rate():
    """It is told how the rate goes, and that a part rests, not how large it is."""
    assert rate_of(Optimizer.PRODIGY, 1e-4, 0.5) == 0.5
    assert rate_of(Optimizer.PRODIGY, 0.0, 0.5) == 0.0
    assert rate_of(Optimizer.ADAMW, 1e-4, 0.5) == 5e-5


def test_optimizer_that_is_not_there_is_refused(monkeypatch):
    """The sentence names the package, how it is had, and what to choose instead."""
    monkeypatch.setattr(optimizers, "find_spec", lambda _name: None)
    for kind in (Optimizer.PRODIGY, Optimizer.ADAMW_8BIT):
        with pytest.raises(InvalidInput, match="which this server does not have") as refused:
            check_optimizer(Recipe(optimizer=kind), device="cuda")
        assert ("pip install 'atelier[8bit]'" in str(refused.value)) is (
            kind is Optimizer.ADAMW_8BIT
        )
    check_optimizer(Recipe(optimizer=Optimizer.ADAMW), device="cpu")


def test_extras_are_those_that_can_be_installed():
    """By the names of pyproject.toml, and each with the package that its optimizer needs."""
    project = tomllib.loads((Path(__file__).parents[5] / "pyproject.toml").read_text())["project"]
    for kind, extra in optimizers.EXTRAS.items():
        (needed,) = project["optional-dependencies"][extra]
        assert needed.startswith(optimizers.PACKAGES[kind])


def test_8_bit_runs_on_all_but_apples_gpus(monkeypatch):
    """Where the package is, the device may still be wrong."""
    monkeypatch.setattr(optimizers, "find_spec", lambda name: name)
    with pytest.raises(InvalidInput, match="does not run on mps"):
        check_optimizer(Recipe(optimizer=Optimizer.ADAMW_8BIT), device="mps")
    for device in ("cuda", "cpu"):
        check_optimizer(Recipe(optimizer=Optimizer.ADAMW_8BIT), device=device)


def test_prodigy_has_one_rate_for_all_that_learns():
    """In pivotal tuning the word rests afterwards or goes on as the adapter does, nothing between;
    where no word comes first, the setting says nothing."""
    word_first = Recipe(method=Method.PIVOTAL, optimizer=Optimizer.PRODIGY, token_after=0.1)
    with pytest.raises(InvalidInput, match=r"cannot go on at 0\.1 of it. Add token_after=0"):
        check_optimizer(word_first, device="cpu")
    for changes in ({"token_after": 0}, {"token_after": 1}, {"method": Method.DREAMBOOTH_LORA}):
        check_optimizer(word_first.model_copy(update=changes), device="cpu")


def test_decay_is_what_the_recipe_says(quick, stacks, request_of):
    """Of an adapter; a word has none."""
    recipe = Recipe(rank=2, weight_decay=0.01)
    lesson = Lesson(Bench(quick, stacks, request_of(), recipe, adapter="decays"))
    try:
        assert [part.decay for part in lesson.parts] == [0.01, 0.0]
    finally:
        lesson.close()


def test_average_follows_and_is_put_on_for_a_while():
    """At first it follows fast, later slowly; afterwards the weights are what they were."""
    weights = {"a": torch.zeros(2)}
    average = Average(weights, 0.9)
    weights["a"] += 1
    average.follow(1)
    assert torch.allclose(average.tensors["a"], torch.full((2,), 1 - 2 / 11))
    before = average.tensors["a"].clone()
    average.follow(1000)
    assert torch.allclose(average.tensors["a"], before * 0.9 + 0.1)
    with average.put_on():
        assert torch.equal(weights["a"], average.tensors["a"])
    assert weights["a"].tolist() == [1, 1]


@pytest.mark.parametrize("shape", [((3, 4), (5, 3)), ((3, 4, 3, 3), (5, 3, 1, 1))])
def test_norm_of_what_an_adapter_adds_is_limited(shape):
    """Above the limit it is brought to it, below it nothing moves; layers and convolutions."""
    random = torch.Generator().manual_seed(1)
    keys = ("x.lora_A.weight", "x.lora_B.weight")
    pair = {key: torch.randn(s, generator=random) for key, s in zip(keys, shape, strict=True)}

    def norm():
        down, up = (pair[key].flatten(1) for key in keys)
        return float((up @ down).norm())

    assert norm() > 2
    limit_norms(pair, 2.0)
    assert norm() == pytest.approx(2.0, rel=1e-4)
    before = {key: value.clone() for key, value in pair.items()}
    limit_norms(pair, 3.0)
    assert all(torch.equal(pair[key], before[key]) for key in keys)


@NEEDS_EXTRA
def test_8_bit_course_goes_on_bit_for_bit(calm, teacher, request_of, storage):
    """Its state goes through a checkpoint: every weight of the UNet has moments of a byte."""
    recipe = Recipe(
        method=Method.DREAMBOOTH, optimizer=Optimizer.ADAMW_8BIT, steps=4, batch=1,
        prior=Prior.NONE, checkpoint_every=2, preview_every=100, learning_rate=1e-4,
    )  # fmt: skip
    whole, told = calm(request_of(recipe=recipe))
    key = saved_in(told)[0]
    assert checkpoint.unpack(storage.get(key)).step == 2
    resumed = finish(teacher.run(request_of(recipe=recipe), new_ticket([], checkpoint=key)))
    assert resumed.artifact == whole.artifact


@pytest.fixture
def in_half(quick, stacks, request_of):
    """A lesson in float16 with one picture to learn from, as on a GPU but for the device."""
    recipe = Recipe(rank=2, batch=2, precision="float16", warmup_steps=0, learning_rate=2e-3)
    lessons = []

    def begin():
        bench = Bench(quick, stacks, request_of(recipe=recipe), recipe, adapter="in-half")
        lessons.append(Lesson(bench))
        return lessons[-1]

    yield begin
    for lesson in lessons:
        lesson.close()


def one_picture(lesson):
    shown = torch.randn((1, 4, 16, 16), generator=torch.Generator().manual_seed(1))
    said = lesson.wear()("a <orb> circle")
    return Material([Bucket(Views(shown), (0,))], ((said,),), None)


def learned_by(lesson):
    return {f"{p.name}.{k}": v.clone() for p in lesson.parts for k, v in p.tensors().items()}


def test_float16_learns_by_scaled_gradients(in_half):
    """The loss falls as in float32, in weights that stay float32, under a scale that holds."""
    lesson = in_half()
    material = one_picture(lesson)
    before, scale = learned_by(lesson), lesson._scaler.get_scale()
    chance = torch.Generator().manual_seed(3).get_state()
    losses = []
    for _ in range(8):
        lesson._random.set_state(chance)
        losses.append(lesson.learn(material))
    after = learned_by(lesson)
    assert losses[-1] < losses[0]
    assert lesson._scaler.get_scale() == scale > 1
    assert all(value.dtype == torch.float32 and value.isfinite().all() for value in after.values())
    ups = [key for key in after if "lora_B" in key]
    assert all(not torch.equal(after[key], before[key]) for key in ups)


def test_float16_skips_a_step_whose_gradients_overflow(in_half):
    """Nothing moves, and the scale is halved for the next one, which learns."""
    lesson = in_half()
    material = one_picture(lesson)
    before = learned_by(lesson)
    lesson._scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    lesson.learn(material)
    assert lesson._scaler.get_scale() == 2.0**39
    assert all(torch.equal(value, before[key]) for key, value in learned_by(lesson).items())
    lesson._scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    lesson.learn(material)
    assert not all(torch.equal(value, before[key]) for key, value in learned_by(lesson).items())


def test_float16_goes_on_bit_for_bit_with_its_scale(in_half):
    """The scale is in the checkpoint, and a lesson that loads it takes the very same steps."""
    lesson = in_half()
    material = one_picture(lesson)
    lesson._scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    lesson.learn(material)
    saved = Checkpoint()
    lesson.save(saved)
    saved = checkpoint.unpack(checkpoint.pack(saved))
    lesson.learn(material)
    whole = learned_by(lesson)
    lesson.close()
    again = in_half()
    again.load(saved)
    assert again._scaler.get_scale() == 2.0**10
    again.learn(one_picture(again))
    assert all(torch.equal(value, whole[key]) for key, value in learned_by(again).items())


@pytest.mark.parametrize(
    ("precision", "narrow", "joined"),
    [("float32", True, True), ("float32", False, False), ("float16", False, True)],
)
def test_layers_are_joined_where_that_is_faster(
    quick, stacks, request_of, monkeypatch, precision, narrow, joined
):  # fmt: skip
    """In float32 not those of a large model, whose copies would fill the memory for nothing."""
    if not narrow:
        monkeypatch.setattr("core.worker.training.lesson.NARROW_WEIGHTS", 0)
    recipe = Recipe(rank=2, batch=2, precision=precision)
    lesson = Lesson(Bench(quick, stacks, request_of(recipe=recipe), recipe, adapter="wide"))
    lesson.learn(one_picture(lesson))
    assert (list(lesson._joined) == [False]) is joined
    lesson.close()
