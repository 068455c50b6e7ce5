"""Muon for weight matrices beside AdamW for the rest, as one optimizer."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """Maps each (rows, columns) matrix of a batch near its closest orthogonal one.

    The quintic Newton-Schulz iteration of Muon (Jordan et al. 2024), run on the Gram matrix so
    that only the smaller side is ever squared.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-8)
    gram = x @ x.mT
    identity = torch.eye(gram.shape[1], device=gram.device, dtype=gram.dtype)
    product = identity
    for _ in range(steps):
        factor = 3.4445 * identity - 4.7750 * gram + 2.0315 * gram @ gram
        product, gram = factor @ product, gram_step(factor, gram)
    orthogonal: Tensor = product @ x
    return orthogonal.mT if tall else orthogonal


def gram_step(factor: Tensor, gram: Tensor) -> Tensor:
    """Returns the Gram matrix after `factor` was applied."""
    return factor @ gram @ factor


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised, scaled to AdamW's size (Liu et al. 2025, eq. 4)."""

    def __init__(
        self, parameters: Iterable[Tensor], *, momentum: float = 0.95, weight_decay: float = 0.01
    ) -> None:
        super().__init__(parameters, {"lr": 0.0, "momentum": momentum, "decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Moves every parameter that has a gradient."""
        for group in self.param_groups:
            for same_shape in self._by_shape(group["params"]).values():
                self._update(same_shape, group)

    def _by_shape(self, parameters: Sequence[Tensor]) -> dict[tuple[int, int], list[Tensor]]:
        shapes: dict[tuple[int, int], list[Tensor]] = {}
        for parameter in parameters:
            if parameter.grad is not None:
                key = (len(parameter), parameter[0].numel())
                shapes.setdefault(key, []).append(parameter)
        return shapes

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        rows, columns = len(parameters[0]), parameters[0][0].numel()
        pushes = [self._push(p, group["momentum"]).reshape(rows, columns) for p in parameters]
        size = group["lr"] * 0.2 * max(rows, columns) ** 0.5
        for parameter, update in zip(parameters, orthogonalise(torch.stack(pushes)), strict=True):
            parameter.mul_(1 - group["lr"] * group["decay"])
            parameter.add_(update.reshape(parameter.shape), alpha=-size)

    def _push(self, parameter: Tensor, momentum: float) -> Tensor:
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None  # _by_shape left out those without
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["momentum"], momentum)


class MuonWithAdam:
    """Muon on `matrices`, AdamW at half its rate on `others`; clips the whole gradient at 1."""

    def __init__(self, matrices: Sequence[Tensor], others: Sequence[Tensor]) -> None:
        self.parameters = [*matrices, *others]
        self.muon = Muon(matrices)
        self.adam = torch.optim.AdamW(others, lr=0.0, betas=(0.9, 0.99), weight_decay=0.0)

    def step(self, loss: Tensor, rate: float) -> None:
        """Takes one step down `loss` at learning rate `rate`."""
        self.muon.zero_grad()
        self.adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer, share in ((self.muon, 1.0), (self.adam, 0.5)):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.step()

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds."""
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes a checkpoint's state."""
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])


def split_parameters(
    module: torch.nn.Module, *, but: tuple[str, ...] = ()
) -> tuple[list[Tensor], list[Tensor]]:
    """Returns a module's trainable hidden matrices, and all else it trains.

    Parameters whose name holds one of `but` (first and last layers, embeddings) are "all else".
    """
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            hidden = parameter.ndim >= 2 and not any(part in name for part in but)
            (matrices if hidden else others).append(parameter)
    return matrices, others
