"""Where the training pictures were taken, as the base model itself sees it.

A caption that leaves the surroundings out makes them part of what is learned, while the plain
pictures beside it have theirs named. So each training picture gets the phrase under which the
base model foretells it best.

Source: Li et al., Your diffusion model is secretly a zero-shot classifier (2023), section 3.2.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from core.worker.device import halved_on_cpu
from core.worker.models import Base
from core.worker.training.conditions import Conditions, encode_captions, predict
from core.worker.training.objective import Noised, Objective

NOISE_LEVELS = (0.3, 0.5, 0.7, 0.9)
CLEARLY = 0.9
SEED = 0
ROWS_AT_ONCE = 4
"""Captions that the model is asked of in one call: no more than a training step holds."""


@torch.no_grad()
def likeliest(base: Base, pictures: Iterable[Tensor], captions: Sequence[str]) -> list[int]:
    """For each picture's latents (channels, height, width) the index of the best caption.

    The first caption is the one that says nothing; another has to be clearly better than it. Every
    caption is tried on the same noise, at several levels of it. The stack that the model
    wears is at work too.
    """
    conditions = encode_captions(base, list(captions))
    errors = [_errors(base, picture, conditions) for picture in pictures]
    return [int(each.argmin()) if each.min() < CLEARLY * each[0] else 0 for each in errors]


def _errors(base: Base, picture: Tensor, conditions: Conditions) -> Tensor:
    """The error under each caption, (captions,)."""
    objective = Objective(base.noise_config)
    random = torch.Generator("cpu").manual_seed(SEED)
    count = len(conditions.embeds)
    clean = picture.unsqueeze(0)
    total = torch.zeros(count, device=clean.device)
    rows = torch.arange(count)
    at_once = [rows[first : first + ROWS_AT_ONCE] for first in range(0, count, ROWS_AT_ONCE)]
    for level in NOISE_LEVELS:
        one = objective.noise_at(clean, level, random)
        answers = [_answers(base, one, conditions.rows(some)) for some in at_once]
        total += objective.losses(torch.cat(answers), one.repeated(count))
    return total


def _answers(base: Base, one: Noised, conditions: Conditions) -> Tensor:
    """What the model foretells of one noised picture under each caption."""
    rows = one.repeated(len(conditions.embeds))
    with halved_on_cpu(base.device):
        return predict(base, rows.latents, rows.timesteps, conditions)
