"""Training of the judge on renders of every combination, held-out ones included."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.pocket.judge import HEADS, IGNORED, JudgeNetwork, labels
from core.pocket.train.data import Split, to_range
from core.pocket.train.loop import Draws

BATCH = 96


def label_table(split: Split, count: int) -> Tensor:
    """Returns the (count, heads) right answers of a split's first pictures."""
    rows = (labels(split.scene(index)[0]) for index in range(count))
    return torch.tensor([[row[name] for name in HEADS] for row in rows])


class JudgeTrainer:
    """One step: cross entropy of every head that a picture poses, pictures made a little noisy."""

    def __init__(
        self, network: JudgeNetwork, pictures: Tensor, answers: Tensor, *, batch: int = BATCH
    ) -> None:
        # A third less time a step on a Xeon with AMX.
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.batch = network.train(), batch
        self.pictures, self.answers = pictures, answers
        self.device = next(network.parameters()).device
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=0.0, weight_decay=0.02)

    def step(self, draws: Draws, rate: float) -> float:
        """Trains on one batch at the given rate and returns its loss."""
        torch.manual_seed(draws.choose.getrandbits(62))  # dropout reads the global generator
        rows = torch.randint(0, len(self.pictures), (self.batch,), generator=draws.noise)
        pictures = softened_and_noisy(to_range(self.pictures[rows]), draws).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.network(pictures)
        loss = answer_loss(logits, self.answers[rows].to(self.device))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds."""
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes a checkpoint's state."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])


def answer_loss(logits: dict[str, Tensor], answers: Tensor) -> Tensor:
    """Sums the heads' cross entropies; a head that no picture of the batch poses adds nothing."""
    losses = [
        functional.cross_entropy(
            logits[name].float(), column, ignore_index=IGNORED, reduction="sum"
        )
        / (column != IGNORED).sum().clamp(min=1)
        for name, column in zip(HEADS, answers.T, strict=True)
    ]
    return torch.stack(losses).sum()


def softened_and_noisy(pictures: Tensor, draws: Draws) -> Tensor:
    """Softens half of the pictures and adds noise, so that generated ones read like drawn ones."""
    shape = (len(pictures), 1, 1, 1)
    soft = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    share = torch.rand(shape, generator=draws.noise) * (
        torch.rand(shape, generator=draws.noise) < 0.5
    )
    noise = torch.randn(pictures.shape, generator=draws.noise)
    level = 0.08 * torch.rand(shape, generator=draws.noise)
    return pictures + share * (soft - pictures) + level * noise
