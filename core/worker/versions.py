"""Which libraries make the pictures."""

from collections.abc import Mapping
from importlib.metadata import version

LIBRARIES = ("torch", "diffusers", "transformers", "peft", "tokenizers", "Pillow")


def library_versions() -> Mapping[str, str]:
    """Library name → version, for manifests."""
    return {name: version(name) for name in LIBRARIES}
