"""Hypernetworks of the AUTOMATIC1111 web UI, from its own files or from safetensors.

Its files are pickles: a dictionary with, for each width, the states of two nets, and beside those
the settings `activation_func` and `activate_output`. Older files call the layers `linear1` and
`linear2`. Source: the web UI's modules/hypernetworks/hypernetwork.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.errors import InvalidInput
from core.torchzip import TorchFile
from core.worker.formats.pickled import tensors_in
from core.worker.hypernetworks import ACTIVATIONS, Hypernetworks

KEY = re.compile(r"\d{1,5}\.[01]\.linear\.\d{1,3}\.(weight|bias)")
TENSORS_MAX = 1000
_OLD = {"linear1.": "linear.0.", "linear2.": "linear.1."}
_NO_HYPERNETWORK = (
    "This is no hypernetwork and no embedding, and other pickled files are not taken. Get or save "
    "it as safetensors and send that."
)


@dataclass(frozen=True, slots=True)
class Hypernetwork:
    """Nets under the keys `WIDTH.0.linear.N.weight`, and how they are computed."""

    nets: Mapping[str, Tensor]
    activation: str
    activate_output: bool
    """The activation follows the last layer too."""


def is_hypernetwork(tensors: Mapping[str, Tensor]) -> bool:
    """Every tensor has the name of a hypernetwork's layer."""
    return bool(tensors) and all(KEY.fullmatch(key) for key in tensors)


def read_pickled(file: TorchFile) -> Hypernetwork:
    """The hypernetwork in a file of the web UI; read as data, see `core.torchzip`.

    Raises:
        InvalidInput: it is damaged, or something else.
    """
    if not isinstance(file.value, dict):
        raise InvalidInput(_NO_HYPERNETWORK)
    places = {
        f"{width}.{index}.{_renamed(key)}": stored
        for width, pair in file.value.items()
        if type(width) is int
        for index, net in enumerate(_pair(pair))
        for key, stored in net.items()
    }
    if not places or not all(map(KEY.fullmatch, places)):
        raise InvalidInput(_NO_HYPERNETWORK)
    settings, nets = file.value, tensors_in(file, places)
    return Hypernetwork(
        nets,
        str(settings.get("activation_func") or "linear").lower(),
        bool(settings.get("activate_output", True)),  # as the web UI takes files that do not say
    )


def read_tensors(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Hypernetwork:
    """The hypernetwork in a safetensors file, with its settings in the metadata."""
    last_too = metadata.get("activate_output", "false").lower() == "true"
    return Hypernetwork(tensors, metadata.get("activation_func", "linear").lower(), last_too)


def check(hypernetwork: Hypernetwork, fitted: Hypernetworks) -> None:
    """Raises:
    InvalidInput: it does not fit this model whole, or holds values that are no numbers.
    """
    nets = hypernetwork.nets
    if hypernetwork.activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise InvalidInput(
            f"Its activation “{hypernetwork.activation[:40]}” is not known here; {known} are."
        )
    for key, value in nets.items():
        if not value.is_floating_point() or not bool(torch.isfinite(value).all()):
            raise InvalidInput(f"The file is damaged: “{key}” holds values that are no numbers.")
    found = {int(key.partition(".")[0]) for key in nets}
    if strange := found - fitted.widths:
        raise InvalidInput(
            f"This hypernetwork is for layers {_listed(strange)} wide; those of the model that "
            f"runs here are {_listed(fitted.widths)}. It was made for another base model."
        )
    if not fitted.fits(nets):
        raise InvalidInput(
            "The file is damaged: the layers of its nets do not fit one another, or one is missing."
        )


def _pair(pair: Any) -> tuple[Mapping[str, Any], ...]:
    whole = isinstance(pair, tuple | list) and len(pair) == 2
    if not whole or not all(isinstance(net, dict) and len(net) <= TENSORS_MAX for net in pair):
        raise InvalidInput(_NO_HYPERNETWORK)
    return tuple(pair)


def _renamed(key: Any) -> str:
    name = str(key)
    for old, new in _OLD.items():
        name = new + name.removeprefix(old) if name.startswith(old) else name
    return name


def _listed(widths: set[int] | frozenset[int]) -> str:
    return ", ".join(map(str, sorted(widths)))
