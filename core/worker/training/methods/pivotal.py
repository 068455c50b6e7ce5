"""Pivotal tuning: first the word comes as near as it can, then an adapter learns the rest.

Source: Roich et al., Pivotal tuning for latent-based editing of real images (2022), section 3, with
a word in place of the latent.
"""

from core.domain.recipes import Recipe
from core.worker.training.methods import TrainingMethod
from core.worker.training.parts.adapter import Adapter
from core.worker.training.parts.word import Word


def _word_first(part: str, step: int, recipe: Recipe) -> float:
    """The adapter rests while the word learns; then the word goes on slowly, or rests."""
    is_first = step < recipe.token_share * recipe.steps
    if part == Word.name:
        return 1.0 if is_first else recipe.token_after
    return 0.0 if is_first else 1.0


METHOD = TrainingMethod((Adapter, Word), pace=_word_first)
