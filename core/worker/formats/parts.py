"""Between an adapter, module by module, and the parts of an artifact."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from core.worker.artifact import Artifact
from core.worker.formats.low_rank import Adapter, LowRank
from core.worker.formats.names import TEXT, UNET, text_path, unet_path

DOWN, UP = ".lora_A.weight", ".lora_B.weight"
Parts = dict[str, Tensor]


def unet_part(adapter: Adapter) -> Parts:
    """What it changes in the UNet, under peft's keys, the scale multiplied into B."""
    return _pairs((unet_path(module), change) for module, change in adapter.items())


def text_parts(adapter: Adapter, *, encoders: int) -> tuple[Parts, ...]:
    """What it changes in each text encoder; nothing at all where it changes none."""
    found = tuple(_pairs(_of_encoder(adapter, index)) for index in range(encoders))
    return found if any(found) else ()


def adapter_of(artifact: Artifact) -> dict[str, LowRank]:
    """An artifact's adapters, module by module."""
    adapter = dict(_changes(UNET, artifact.lora))
    for index, part in enumerate(artifact.text):
        adapter |= _changes(f"{TEXT}{index}.", part)
    return adapter


def ranks_of(part: Mapping[str, Tensor]) -> dict[str, int]:
    """Path of a module → rank of its change."""
    return {key.removesuffix(DOWN): len(a) for key, a in part.items() if key.endswith(DOWN)}


def scaled(change: LowRank) -> Tensor:
    """B with the scale multiplied in; of its own dtype where that loses nothing, else float32."""
    whole = change.B.float() * change.scale
    short = whole.to(change.B.dtype)
    return short if bool((short.float() == whole).all()) else whole


def _of_encoder(adapter: Adapter, index: int) -> Iterator[tuple[str, LowRank]]:
    for module, change in adapter.items():
        if not unet_path(module) and text_path(module)[0] == index:
            yield text_path(module)[1].removeprefix("text_model."), change


def _pairs(named: Iterator[tuple[str, LowRank]]) -> Parts:
    parts: Parts = {}
    for path, change in named:
        if path:
            parts[path + DOWN], parts[path + UP] = change.A, scaled(change)
    return parts


def _changes(prefix: str, part: Mapping[str, Tensor]) -> Iterator[tuple[str, LowRank]]:
    for path in ranks_of(part):
        yield prefix + path, LowRank(part[path + DOWN], part[path + UP], 1.0)
