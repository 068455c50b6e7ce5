"""What every test process does once."""

import gc
import os

gc.disable()  # until everything is imported, as in a worker: a fifth of that time


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: no collection has to look through it again.

    With torch and diffusers that is a million objects, and faster-whisper collects at every sound.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: while one waits for a browser or a program, others work."""
    return (os.cpu_count() or 1) + 1
