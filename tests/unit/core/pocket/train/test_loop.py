"""The training loop: its plan, its draws, its checkpoints and its running means."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from core.pocket.train.loop import Draws, Ema, Plan, save_atomically, train


class Walk:
    """A trainer whose whole state is one number, moved by each step's draws."""

    def __init__(self, *, stop_at: int | None = None) -> None:
        self.place, self.seen = 0.0, 0
        self.stop_at = stop_at

    def step(self, draws: Draws, rate: float) -> float:
        if self.seen == self.stop_at:
            raise KeyboardInterrupt
        self.seen += 1
        noise = torch.randn(1, generator=draws.noise).item()
        self.place += rate * (draws.choose.random() + noise)
        return self.place

    def state(self) -> dict[str, Any]:
        return {"place": self.place}

    def restore(self, state: dict[str, Any]) -> None:
        self.place = state["place"]


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    """A run that is stopped and resumed takes exactly the steps of one that was not."""
    plan = Plan(steps=30, rate=0.1, warmup=3, checkpoint_every=7)
    unbroken, broken, resumed = Walk(), Walk(stop_at=20), Walk()
    train(unbroken, plan, tmp_path / "a.pt")
    with pytest.raises(KeyboardInterrupt):
        train(broken, plan, tmp_path / "b.pt")
    train(resumed, plan, tmp_path / "b.pt")
    assert resumed.place == unbroken.place
    assert resumed.seen == 30 - 14


def test_a_finished_run_does_nothing_more(tmp_path: Path) -> None:
    """A run whose checkpoint holds the last step takes no further one."""
    plan, again = Plan(steps=5, rate=0.1), Walk()
    train(Walk(), plan, tmp_path / "a.pt")
    train(again, plan, tmp_path / "a.pt")
    assert again.seen == 0


def test_the_rate_rises_stays_and_falls() -> None:
    """The learning rate warms up, holds, and falls in a line to nearly zero."""
    plan = Plan(steps=1000, rate=2.0, warmup=100, decay=0.5)
    rates = [plan.rate_at(step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.02)
    assert rates[100:500] == [2.0] * 400
    assert rates[750] == pytest.approx(1.0)
    assert 0 < rates[999] < 0.01


def test_draws_depend_on_seed_and_step_alone() -> None:
    """The same step draws the same numbers whatever was drawn before it."""
    one, other = Draws.of(1, 2), Draws.of(1, 2)
    random.random()
    torch.rand(1)
    assert one.choose.random() == other.choose.random()
    assert torch.equal(torch.rand(3, generator=one.noise), torch.rand(3, generator=other.noise))
    assert Draws.of(1, 3).choose.random() != Draws.of(1, 2).choose.random()


def test_a_checkpoint_is_whole_or_absent(tmp_path: Path) -> None:
    """A checkpoint that cannot be written leaves the one before it as it was."""
    path = tmp_path / "deep" / "state.pt"
    save_atomically({"step": 1}, path)
    with pytest.raises(Exception, match="pickle"):
        save_atomically({"step": lambda: None}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}


def test_the_running_mean_follows_and_is_put_back() -> None:
    """The mean lags behind the parameter, survives a checkpoint, and can replace it."""
    weight = torch.nn.Parameter(torch.zeros(2))
    ema = Ema([weight], decay=0.9)
    for value in range(200):
        weight.data.fill_(value)
        ema.update()
    assert 180 < ema.means[0][0].item() < 195
    copy = Ema([weight], decay=0.9)
    copy.restore(ema.state())
    copy.apply()
    assert torch.equal(weight.data, ema.means[0])
