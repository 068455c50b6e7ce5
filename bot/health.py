"""Health is a file that the service touches for as long as it is connected and able."""

import time
from contextlib import suppress
from pathlib import Path

from core.settings import Settings

PULSE_LOST_S = 60.0


def alive(settings: Settings) -> bool:
    """A service with these settings was connected and had a worker within the last minute."""
    with suppress(FileNotFoundError):
        return time.time() - pulse_file(settings).stat().st_mtime < PULSE_LOST_S
    return False


def pulse_file(settings: Settings) -> Path:
    """What is touched."""
    return settings.data_dir / "pulse"
