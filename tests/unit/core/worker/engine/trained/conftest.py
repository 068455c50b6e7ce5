"""The engine around the trained weights: where something is in a picture, and how much it shows."""

from tests.unit.core.worker.engine.conftest import studio
from tests.unit.core.worker.trained_base import base, imaginer, make_concept, stacks

__all__ = ["base", "imaginer", "make_concept", "stacks", "studio"]
