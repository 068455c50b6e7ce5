"""How a concept is taught."""

VECTORS_MAX = 8
"""Vectors that one concept's word may have."""
