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
from core.domain.recipes import Choice, Recipe
from core.worker.models import Base
from core.worker.training.conditions import encode_captions, predict
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


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Pictures noised in the same ways each time, and the base model's answers for the class."""

    views: Views
    noised: tuple[Noised, ...]
    captions: tuple[str, ...]
    """Of each picture."""
    plain: str
    answers: tuple[Tensor, ...]

    @torch.no_grad()
    def error(self, base: Base, objective: Objective) -> float:
        """What the model that is worn now gets wrong, of the pictures and of the plain class."""
        picture = encode_captions(base, list(self.captions))
        plain = encode_captions(base, [self.plain] * len(self.captions))
        total = torch.zeros(())
        for one, answer in zip(self.noised, self.answers, strict=True):
            told = predict(base, one.latents, one.timesteps, picture, self.views.sizes)
            total += objective.losses(told, one, self.views.cells).mean().cpu()
            now = predict(base, one.latents, one.timesteps, plain, self.views.sizes)
            moved = now.float() - answer
            total += (moved.square().mean() * one.weight.mean()).cpu()
        return float(total) / len(self.noised)


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
    noised = tuple(objective.noise_at(views.clean, level, random) for level in levels)
    told = encode_captions(base, [plain] * len(captions))
    answers = tuple(
        predict(base, one.latents, one.timesteps, told, views.sizes).float() for one in noised
    )
    return Yardstick(views, noised, tuple(captions), plain, answers)


def holds_out(recipe: Recipe, pictures: int) -> bool:
    """There are enough pictures to learn from without one of them."""
    return 0 < recipe.hold_out_from <= pictures and pictures > 1


def best_step(errors: Mapping[int, float]) -> int:
    """The step with the least error; the earlier of two equal ones. Step 0, where words that were
    found are measured, is only left for one that is clearly better.
    """
    best = min(sorted(errors), key=lambda step: errors[step])
    return best if 0 not in errors or errors[best] < CLEARLY * errors[0] else 0


def gives_up(errors: Mapping[int, float], patience: int) -> bool:
    """So many checkpoints have brought nothing better."""
    steps: Sequence[int] = sorted(errors)
    return bool(errors) and 0 < patience <= len(steps) - 1 - steps.index(best_step(errors))


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
