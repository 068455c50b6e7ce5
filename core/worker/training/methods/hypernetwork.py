"""A hypernetwork in the form of the AUTOMATIC1111 web UI, and a word."""

from core.worker.training.methods import TrainingMethod
from core.worker.training.parts.hypernetwork import Hypernetwork
from core.worker.training.parts.word import Word

METHOD = TrainingMethod((Hypernetwork, Word))
