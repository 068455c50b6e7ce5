"""The one file that a concept version is: adapter weights, learned token, and what they are."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from core.errors import ModelFault
from core.worker.formats.files import packed

FORMAT = "atelier-concept-1"
_UNSAID: Mapping[str, str] = {}
LORA, TOKEN, TEXT, DELTA, HYPER = "lora.", "token.", "text.", "delta.", "hyper."


@dataclass(frozen=True, slots=True)
class CarriedWord:
    """One word of a fused version; its vectors lie in the order of the words."""

    name: str
    class_noun: str
    vectors: int
    says_noun: bool = False
    """The noun is among the vectors, and is not said after them."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A concept version in memory.

    `lora` has peft's own keys. `tokens` holds for each text encoder a float32 tensor, (2, width) or
    (2, vectors, width): the vectors that were learned, and those that they began as. `facts` says
    what it is: `name`, `class_noun`, `kind`, `model`, `family`, `rank`, `targets`, `recipe`,
    `parents`, `activation`, `activate_output`; where ranks differ, `ranks` has that of each module;
    of a fused one `words`, each with its class noun, its number of vectors and whether those say
    the noun; `says_noun` of a word by itself. Any part may be empty.
    """

    lora: Mapping[str, Tensor]
    tokens: tuple[Tensor, ...]
    facts: Mapping[str, object]
    text: tuple[Mapping[str, Tensor], ...] = ()
    """For each text encoder an adapter, under peft's own keys."""
    delta: Mapping[str, Tensor] = field(default_factory=dict)
    """What is added to the UNet's own weights."""
    hyper: Mapping[str, Tensor] = field(default_factory=dict)
    """A hypernetwork under the web UI's keys, `WIDTH.0.linear.N.weight`."""

    @property
    def family(self) -> str:
        """The family of base models that it fits."""
        return str(self.facts["family"])

    @property
    def has_extras(self) -> bool:
        """It changes more than an adapter in the UNet and a word do."""
        return bool(self.text or self.delta or self.hyper)

    @property
    def bytes(self) -> int:
        """What its tensors take."""
        return sum(tensor.nbytes for _, tensor in _named(self))

    @property
    def words(self) -> tuple[CarriedWord, ...]:
        """The words of the concepts that were fused into it; none where it is one concept."""
        words = self.facts.get("words")
        return tuple(CarriedWord(*word) for word in words) if isinstance(words, list) else ()

    @property
    def says_noun(self) -> bool:
        """Its word says the class noun too."""
        return bool(self.facts.get("says_noun"))

    @property
    def vectors(self) -> int:
        """How many vectors its word has; 0 without a word."""
        return vectors_of(self.tokens)


def vectors_of(tokens: tuple[Tensor, ...]) -> int:
    """How many vectors a word has, from its tokens as an artifact holds them."""
    if not tokens:
        return 0
    return 1 if tokens[0].dim() == 2 else tokens[0].shape[1]


def pack(artifact: Artifact, spec: Mapping[str, str] = _UNSAID) -> bytes:
    """The bytes of a safetensors file; the same artifact gives the same bytes.

    `spec` is what other tools read of it, beside the facts.
    """
    flat = {key: value.detach().cpu() for key, value in _named(artifact)}
    facts = json.dumps(dict(artifact.facts), sort_keys=True)
    return packed(flat, {FORMAT: facts, **spec})


def unpack(data: bytes) -> Artifact:
    """Reads what `pack` wrote.

    Raises:
        ModelFault: it is not an artifact of a concept.
    """
    try:
        facts, tensors = _facts(data), load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelFault(f"this is not the artifact of a concept: {error}") from error
    tokens = tuple(tensors[key] for key in sorted(tensors) if key.startswith(TOKEN))
    encoders = sorted({key.split(".")[1] for key in tensors if key.startswith(TEXT)})
    return Artifact(
        _part(tensors, LORA),
        tokens,
        facts,
        text=tuple(_part(tensors, f"{TEXT}{encoder}.") for encoder in encoders),
        delta=_part(tensors, DELTA),
        hyper=_part(tensors, HYPER),
    )


def _named(artifact: Artifact) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of an artifact under its name in the file."""
    parts = [(LORA, artifact.lora), (DELTA, artifact.delta), (HYPER, artifact.hyper)]
    parts += [(f"{TEXT}{index}.", part) for index, part in enumerate(artifact.text)]
    for prefix, part in parts:
        yield from ((f"{prefix}{key}", value) for key, value in part.items())
    yield from ((f"{TOKEN}{index}", value) for index, value in enumerate(artifact.tokens))


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _facts(data: bytes) -> dict[str, object]:
    """The metadata, which safetensors' in-memory reader leaves out: an 8-byte length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    return dict(json.loads(metadata[FORMAT]))
