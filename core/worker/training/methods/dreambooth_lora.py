"""DreamBooth-LoRA: an adapter in the UNet and a word, with the plain class beside them.

Source: Ruiz et al., DreamBooth (2023), section 3.2; Hu et al., LoRA (2022); for the word see
`textual_inversion`.
"""

from core.worker.training.methods import TrainingMethod
from core.worker.training.parts.adapter import Adapter
from core.worker.training.parts.word import Word

METHOD = TrainingMethod((Adapter, Word))
