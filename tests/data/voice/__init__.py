"""Spoken Ogg Opus files for tests: manifest.json says what each one is."""
