"""What the pickled files that are taken hold: hypernetworks and embeddings, told by their frame.

No torch. Source: the web UI's modules/hypernetworks/hypernetwork.py and
modules/textual_inversion/textual_inversion.py; diffusers' textual inversion example, which saves
`learned_embeds.bin`.
"""

from collections.abc import Mapping
from typing import Any

from core.torchzip import Stored

OF_WEB_UI = "string_to_param"
OF_TWO_ENCODERS = {"clip_l", "clip_g"}


def is_hypernetwork(value: Any) -> bool:
    """A dictionary with nets by their widths, which are whole numbers."""
    return isinstance(value, dict) and any(type(key) is int for key in value)


def word_in(value: Any) -> Mapping[str, Stored]:
    """Where the vectors of an embedding lie, by the names that they have in there; none if the
    value is something else.
    """
    if not isinstance(value, dict):
        return {}
    held = value.get(OF_WEB_UI, value)
    if not isinstance(held, dict) or not all(isinstance(name, str) for name in held):
        return {}
    if not all(isinstance(one, Stored) for one in held.values()):
        return {}
    return held if len(held) == 1 or set(held) == OF_TWO_ENCODERS else {}
