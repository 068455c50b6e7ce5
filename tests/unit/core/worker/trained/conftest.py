"""What depends on drawing well."""

from tests.unit.core.worker.trained_base import base, imaginer, make_concept, stacks

__all__ = ["base", "imaginer", "make_concept", "stacks"]
