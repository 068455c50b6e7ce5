"""The browser that tests of the page drive."""

import os
import shutil

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


def chromium() -> str:
    """Chromium's path; where it is missing the test skips, but in CI it fails."""
    found = shutil.which("chromium")
    if found is None:
        missing = "chromium is missing: install the Debian package chromium to test the page"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return str(found)
