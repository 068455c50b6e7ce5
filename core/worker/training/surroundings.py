"""Where the training pictures were taken, as the base model itself sees it.

A caption that leaves the surroundings out makes them part of what is learned, while the plain
pictures beside it have theirs named. So each training picture gets the phrase under which the
base model foretells it best.

Source: Li et al., Your diffusion model is secretly a zero-shot classifier (2023), section 3.2.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from core.precision import halved_on_cpu
from core.worker.models import Base
from core.worker.training.conditions import Conditions, encode_captions, predict_by_parts
from core.worker.training.objective import Noised, Objective

NOISE_LEVELS = (0.3, 0.5, 0.7, 0.9)
CLEARLY = 0.9
SEED = 0


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
    clean, count = picture.unsqueeze(0), len(conditions.embeds)
    levels = [objective.noise_at(clean, level, random) for level in NOISE_LEVELS]
    rows = Noised.all_of(levels).repeated(count)
    told = conditions.rows(torch.arange(count).repeat_interleave(len(levels)))
    with halved_on_cpu(base.device):
        answers = predict_by_parts(base, rows.latents, rows.timesteps, told)
    return objective.losses(answers, rows).view(count, -1).sum(1)
