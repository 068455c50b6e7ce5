"""Adapter and word files as other tools write and read them: kohya, diffusers, PEFT."""
