"""DreamBooth as published: every weight of the UNet learns.

Source: Ruiz et al., DreamBooth (2023), section 3.
"""

from core.worker.training.methods import TrainingMethod
from core.worker.training.parts.weights import Weights
from core.worker.training.parts.word import Word

METHOD = TrainingMethod((Weights, Word))
