"""Scores of concepts and stacks: how they look, what they follow, what they harm."""
