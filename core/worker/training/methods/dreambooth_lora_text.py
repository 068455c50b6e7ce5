"""DreamBooth-LoRA with adapters in the text encoders as well."""

from core.worker.training.methods import TrainingMethod
from core.worker.training.parts.adapter import Adapter
from core.worker.training.parts.text_adapter import TextAdapter
from core.worker.training.parts.word import Word

METHOD = TrainingMethod((Adapter, TextAdapter, Word))
