"""Textual inversion: nothing but the word learns, so nothing but the word can change.

Source: Gal et al., An image is worth one word (2023), section 4.
"""

from core.worker.training.methods import TrainingMethod
from core.worker.training.parts.word import Word

METHOD = TrainingMethod((Word,))
