"""What every test process does once."""

import gc


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: no collection has to look through it again.

    With torch and diffusers that is a million objects, and faster-whisper collects at every sound.
    """
    gc.collect()
    gc.freeze()
