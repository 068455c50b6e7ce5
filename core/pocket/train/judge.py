"""Training of the judge on renders of every combination, held-out ones included.

Half of what it sees has strokes over it and went through the VAE, so that it can read styles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.pocket.judge import HEADS, IGNORED, JudgeNetwork, labels
from core.pocket.train.data import Split, to_range
from core.pocket.train.loop import Draws
from core.precision import halved

BATCH = 96


def label_table(split: Split, count: int) -> Tensor:
    """Returns the (count, heads) right answers of a split's first pictures."""
    rows = (labels(split.scene(index)[0]) for index in range(count))
    return torch.tensor([[row[name] for name in HEADS] for row in rows])


@dataclass(frozen=True, slots=True)
class Asked:
    """Pictures as (count, 64, 64, 3) bytes, and the right answers about them."""

    pictures: Tensor
    answers: Tensor

    @classmethod
    def of(cls, split: Split, pictures: Tensor) -> "Asked":
        """A split's first pictures, whatever was done to them."""
        return cls(pictures, label_table(split, len(pictures)))

    def some(self, count: int, random: torch.Generator) -> "Asked":
        """As many of them as that, any of them more than once."""
        rows = torch.randint(0, len(self.pictures), (count,), generator=random)
        return Asked(self.pictures[rows], self.answers[rows])


class JudgeTrainer:
    """One step: cross entropy of every head that a picture poses, pictures made a little noisy.

    A batch takes as many pictures of each table.
    """

    def __init__(
        self, network: JudgeNetwork, tables: Sequence[Asked], *, batch: int = BATCH
    ) -> None:
        # A third less time a step on a Xeon with AMX.
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.tables, self.batch = network.train(), tables, batch
        self.device = next(network.parameters()).device
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=0.0, weight_decay=0.02)

    def step(self, draws: Draws, rate: float) -> float:
        """Trains on one batch at the given rate and returns its loss."""
        torch.manual_seed(draws.choose.getrandbits(62))  # dropout reads the global generator
        chosen = self.chosen(draws)
        pictures = softened_and_noisy(to_range(chosen.pictures), draws).to(self.device)
        with halved(self.device):
            logits = self.network(pictures)
        loss = answer_loss(logits, chosen.answers.to(self.device))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float(loss.detach())

    def chosen(self, draws: Draws) -> Asked:
        """Returns what a batch shows."""
        each = self.batch // len(self.tables)
        chosen = [one.some(each, draws.noise) for one in self.tables]
        return Asked(
            torch.cat([one.pictures for one in chosen]), torch.cat([one.answers for one in chosen])
        )

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds."""
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes a checkpoint's state."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])


@torch.no_grad()
def halfway(before: JudgeNetwork, after: JudgeNetwork) -> JudgeNetwork:
    """The second network with the mean of both's weights.

    Source: Wortsman et al., Robust fine-tuning of zero-shot models (2022), section 3.
    """
    begun = before.state_dict()
    for name, tensor in after.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(begun[name].to(tensor), 0.5)
    return after


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
