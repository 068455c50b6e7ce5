"""Muon's orthogonalisation and the optimizer built on it."""

import pytest
import torch

from core.pocket.train.muon import Muon, MuonWithAdam, orthogonalise, split_parameters


@pytest.mark.parametrize("shape", [(3, 8, 24), (2, 24, 8), (4, 16, 16)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    """Whatever their scale and shape, matrices come out with singular values near one."""
    generator = torch.Generator().manual_seed(0)
    matrices = 100 * torch.randn(shape, generator=generator)
    values = torch.linalg.svdvals(orthogonalise(matrices))
    assert values.max() < 1.3
    assert values.median() > 0.6


def test_directions_are_kept() -> None:
    """The result is the polar factor, up to the spread of the singular values."""
    generator = torch.Generator().manual_seed(1)
    matrix = torch.randn(1, 12, 12, generator=generator)
    left, _, right = torch.linalg.svd(matrix)
    cosine = torch.nn.functional.cosine_similarity(
        orthogonalise(matrix).flatten(), (left @ right).flatten(), dim=0
    )
    assert cosine > 0.95


def regression() -> tuple[torch.nn.Sequential, torch.Tensor, torch.Tensor]:
    torch.manual_seed(2)
    model = torch.nn.Sequential(torch.nn.Linear(6, 32), torch.nn.Tanh(), torch.nn.Linear(32, 2))
    inputs = torch.randn(64, 6)
    return model, inputs, torch.sin(inputs[:, :2])


def test_it_descends() -> None:
    """A small regression is learned to a tenth of its first error."""
    model, inputs, targets = regression()
    optimizer = MuonWithAdam(*split_parameters(model))
    losses = []
    for _ in range(200):
        loss = ((model(inputs) - targets) ** 2).mean()
        optimizer.step(loss, 0.02)
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 10


def test_state_is_restored_exactly() -> None:
    """A step after a restore moves the weights as it would have without one."""
    results = []
    for interrupted in (False, True):
        model, inputs, targets = regression()
        optimizer = MuonWithAdam(*split_parameters(model))
        for step in range(6):
            if interrupted and step == 3:
                state = optimizer.state()
                optimizer = MuonWithAdam(*split_parameters(model))
                optimizer.restore(state)
            optimizer.step(((model(inputs) - targets) ** 2).mean(), 0.02)
        results.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(*results)


def test_parameters_without_gradient_stay() -> None:
    """What took no part in the loss is not moved, not even by weight decay."""
    used, unused = (torch.nn.Parameter(torch.ones(4, 4)) for _ in range(2))
    optimizer = Muon([used, unused])
    optimizer.param_groups[0]["lr"] = 0.1
    (used**2).sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    assert torch.equal(unused.data, torch.ones(4, 4))
    assert not torch.equal(used.data, torch.ones(4, 4))


def test_edges_and_vectors_go_to_adam() -> None:
    """Biases, named layers and frozen parameters are not matrices to Muon."""
    model, _, _ = regression()
    model[0].weight.requires_grad_(False)
    matrices, others = split_parameters(model, but=("2.weight",))
    assert matrices == []
    assert [other.shape for other in others] == [(32,), (2, 32), (2,)]
