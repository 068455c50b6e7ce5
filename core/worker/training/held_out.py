"""What a checkpoint is worth, and the choice of the best one.

The error of foretelling a picture that is held back falls while the concept is learned and rises
again once the training pictures are learned by heart. How far the answers for the plain class have
moved is added, in the same unit, so that a checkpoint which spoils the base model is not the best
one. With too few pictures to hold one back, those that are shown tell only whether anything was
learned that the words which a course began with do not say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.domain.evaluation import Waypoint
from core.domain.recipes import Choice
from core.worker.models import Base
from core.worker.training.conditions import encode_captions, predict_by_parts
from core.worker.training.dataset import Views
from core.worker.training.objective import Noised, Objective

LEVELS = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
LEVELS_OF_SHOWN = (0.2, 0.3, 0.4, 0.5)
"""Above these the error of pictures that are learned from falls for knowing where things stand in
them."""
SEED = 7
CLEARLY = 0.95
"""Words that a course began with hold better beside others than what is learned from pictures of
one thing, so they are left only for an error that is by so much less."""

AS_GOOD = 1.15
"""A later checkpoint looks more like the concept than one whose error is less by so little, or by
chance (docs/log.md): foretelling one picture says little of what is drawn."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Pictures noised in the same ways each time, and the base model's answers for the class."""

    views: Views
    noised: Noised
    """Every picture at one level of noise, then at the next."""
    captions: tuple[str, ...]
    """Of each picture."""
    plain: str
    answers: Tensor

    @torch.no_grad()
    def error(self, base: Base, objective: Objective) -> float:
        """What the model that is worn now gets wrong, of the pictures and of the plain class."""
        told = _told(base, self.noised, self.views, self.captions)
        missed = objective.losses(told, self.noised, _each(self.views.cells, self.noised)).mean()
        now = _told(base, self.noised, self.views, [self.plain] * len(self.captions))
        moved = (now.float() - self.answers).square().flatten(1).mean(1) * self.noised.weight
        return float(missed + moved.mean())


@torch.no_grad()
def yardstick(
    base: Base,
    objective: Objective,
    views: Views,
    *,
    captions: Sequence[str],
    plain: str,
    levels: Sequence[float] = LEVELS,
) -> Yardstick:
    """Notes pictures to measure by, at `levels` of noise from 0 to 1.

    The answers for the `plain` caption are taken from what the model wears now.
    """
    random = torch.Generator("cpu").manual_seed(SEED)
    noised = Noised.all_of([objective.noise_at(views.clean, level, random) for level in levels])
    answers = _told(base, noised, views, [plain] * len(captions)).float()
    return Yardstick(views, noised, tuple(captions), plain, answers)


def _told(base: Base, noised: Noised, views: Views, captions: Sequence[str]) -> Tensor:
    """What the model that is worn now answers, each picture under its caption."""
    pictures = torch.arange(len(captions)).repeat(len(noised.timesteps) // len(captions))
    told = encode_captions(base, list(captions)).rows(pictures)
    sizes = _each(views.sizes, noised)
    return predict_by_parts(base, noised.latents, noised.timesteps, told, sizes)


def _each(of_pictures: Tensor | None, noised: Noised) -> Tensor | None:
    """What is known of each picture, for it at every level of noise."""
    if of_pictures is None:
        return None
    times = len(noised.timesteps) // len(of_pictures)
    return of_pictures.repeat(times, *[1] * (of_pictures.dim() - 1))


def best_step(errors: Mapping[int, float]) -> int:
    """The last step that is as good as the one with the least error. Step 0, where words that were
    found are measured, is only left for one that is clearly better.
    """
    least = errors[least_step(errors)]
    most = least * AS_GOOD if 0 not in errors else min(least * AS_GOOD, CLEARLY * errors[0])
    return max((step for step in errors if errors[step] <= most), default=0)


def least_step(errors: Mapping[int, float]) -> int:
    """The step with the least error; the earlier of two equal ones."""
    return min(sorted(errors), key=lambda step: errors[step])


def gives_up(errors: Mapping[int, float], patience: int) -> bool:
    """So many checkpoints have brought nothing better, clearly so where words were found."""
    if not errors or patience == 0:
        return False
    steps: Sequence[int] = sorted(errors)
    best = 0 if best_step(errors) == 0 else least_step(errors)
    return patience <= len(steps) - 1 - steps.index(best)


def choice_of(errors: Mapping[int, float], *, held_back: bool = True) -> Choice | None:
    """What is kept, and by how much it is better than the last; None where nothing was measured."""
    if not errors:
        return None
    best, last = best_step(errors), max(errors)
    return Choice(
        step=best,
        ran=last,
        error=errors[best],
        error_last=errors[last],
        held_back=held_back,
    )


def course_of(errors: Mapping[int, float], *, kept_step: int) -> tuple[Waypoint, ...]:
    """The checkpoints that were measured, in their order."""
    return tuple(
        Waypoint(step=step, error=error, kept=step == kept_step)
        for step, error in sorted(errors.items())
    )
