"""What can be fused well or badly."""

from tests.unit.core.worker.trained_base import base, imaginer, make_concept, stacks

__all__ = ["base", "imaginer", "make_concept", "stacks"]
