"""Use cases: what a command calls."""

from core.services.services import Services

__all__ = ["Services"]
