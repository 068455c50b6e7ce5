"""The one file that a concept version is: adapter weights, learned token, and what they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from core.errors import ModelFault

FORMAT = "atelier-concept-1"
LORA, TOKEN = "lora.", "token."


@dataclass(frozen=True, slots=True)
class Artifact:
    """A concept version in memory.

    `lora` has peft's own keys. `tokens` holds for each text encoder a (2, width) float32 tensor:
    the vector that was learned, and the one that it began as. `facts` says what it is: `name`,
    `class_noun`, `kind`, `model`, `family`, `rank`, `targets`, `recipe`, `parents`.
    """

    lora: Mapping[str, Tensor]
    tokens: tuple[Tensor, ...]
    facts: Mapping[str, object]

    @property
    def family(self) -> str:
        """The family of base models that it fits."""
        return str(self.facts["family"])


def pack(artifact: Artifact) -> bytes:
    """The bytes of a safetensors file; the same artifact gives the same bytes."""
    tensors = {f"{LORA}{key}": value for key, value in artifact.lora.items()}
    tensors |= {f"{TOKEN}{index}": value for index, value in enumerate(artifact.tokens)}
    flat = {key: value.detach().cpu().contiguous() for key, value in sorted(tensors.items())}
    facts = json.dumps(dict(artifact.facts), sort_keys=True)
    # One key, since safetensors writes several in an order of chance.
    return bytes(save(flat, metadata={FORMAT: facts}))


def unpack(data: bytes) -> Artifact:
    """Reads what `pack` wrote.

    Raises:
        ModelFault: it is not an artifact of a concept.
    """
    try:
        facts, tensors = _facts(data), load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelFault(f"this is not the artifact of a concept: {error}") from error
    lora = {k.removeprefix(LORA): v for k, v in tensors.items() if k.startswith(LORA)}
    tokens = tuple(tensors[key] for key in sorted(tensors) if key.startswith(TOKEN))
    return Artifact(lora, tokens, facts)


def _facts(data: bytes) -> dict[str, object]:
    """The metadata, which safetensors' in-memory reader leaves out: an 8-byte length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    return dict(json.loads(metadata[FORMAT]))
