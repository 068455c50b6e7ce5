"""Sampling: many images of many guilds in one batch, each with its own stack."""
