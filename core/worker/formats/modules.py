"""The modules of a base model that an adapter can change."""

from collections.abc import Iterator

from torch import nn

from core.worker.formats.low_rank import Modules, Shape
from core.worker.formats.names import TEXT, UNET
from core.worker.models import Base
from core.worker.text_adapters import linears_of

_BASE_LAYER = ".base_layer"
"""Where PEFT keeps the layer that it has wrapped."""


def modules_of(base: Base) -> Modules:
    """Every linear and convolution layer of the UNet, and the text encoders' linear ones in their
    attention and feed-forward parts, each with its shape.
    """
    found = dict(_layers(UNET, base.pipe.unet))
    for index, encoder in enumerate(base.text_encoders):
        for path, layer in linears_of(encoder):
            found[f"{TEXT}{index}.{path}"] = tuple(layer.weight.shape)
    return found


def _layers(prefix: str, model: nn.Module) -> Iterator[tuple[str, Shape]]:
    for path, layer in model.named_modules():
        is_part_of_adapter = ".lora_A." in path or ".lora_B." in path
        if isinstance(layer, nn.Linear | nn.Conv2d) and not is_part_of_adapter:
            yield prefix + path.removesuffix(_BASE_LAYER), tuple(layer.weight.shape)
