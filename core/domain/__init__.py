"""Frozen values and state machines; standard library and pydantic only."""
