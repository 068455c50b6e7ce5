"""Classifier-free guidance for rows that each have their own scale."""

from torch import Tensor


def guide(conditional: Tensor, unconditional: Tensor, *, scale: Tensor, rescale: Tensor) -> Tensor:
    """Guided model outputs; all of shape (count, channels, height, width), factors (count,).

    Source: Ho and Salimans, Classifier-free diffusion guidance (2022), equation 6; the rescaling by
    Lin et al., Common diffusion noise schedules and sample steps are flawed (2024), section 3.4.
    """
    guided = unconditional + _wide(scale) * (conditional - unconditional)
    if not rescale.any():
        return guided
    spread = conditional.flatten(1).std(1) / guided.flatten(1).std(1)
    return guided * _wide(rescale * spread + (1 - rescale))


def _wide(factors: Tensor) -> Tensor:
    return factors.view(-1, 1, 1, 1)
