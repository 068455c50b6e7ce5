"""Learned words: spare rows of the text encoders that a request fills with its vectors."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from tokenizers import AddedToken
from torch import Tensor, nn

from core.domain.concepts import TOKEN
from core.domain.recipes import VECTORS_MAX
from core.domain.requests import STACK_MAX
from core.errors import InvalidInput

SLOT_COUNT = STACK_MAX + 1
"""One for each concept of a stack, and one for the concept that is being taught on top."""

_PRIVATE_USE = range(0xE000, 0xF900)
_CHARACTERS = tuple(chr(_PRIVATE_USE[index]) for index in range(SLOT_COUNT * VECTORS_MAX))
SLOTS = _CHARACTERS[:SLOT_COUNT]
"""The character of each slot's first vector; those of all second vectors follow, and so on."""
_STRIPPED = dict.fromkeys(_PRIVATE_USE)
_NAMED = re.compile(TOKEN.pattern, re.IGNORECASE)


class TokenSlots:
    """Adds the slots to every tokenizer and encoder once; afterwards only rows are written.

    A slot is spelled as one private-use character a vector. Those are taken out of every prompt
    before names are put in, so nobody can name a slot and reach a concept that is not in their
    stack.
    """

    def __init__(self, tokenizers: Sequence[Any], encoders: Sequence[Any]) -> None:
        self._ids = [_add_slots(tokenizer) for tokenizer in tokenizers]
        self._tokenizer, self._slots = tokenizers[0], set(self._ids[0])
        self._rows = [
            _widen(encoder, max(ids) + 1) for encoder, ids in zip(encoders, self._ids, strict=True)
        ]
        for tokenizer, encoder in zip(tokenizers, encoders, strict=True):
            _find_end_by_id(encoder, tokenizer.eos_token_id)

    def ids(self, slot: int, *, vector: int = 0) -> list[int]:
        """The token id of one of a slot's vectors for each encoder."""
        return [ids[_place(slot, vector)] for ids in self._ids]

    @property
    def embeddings(self) -> list[nn.Embedding]:
        """The token embedding of each encoder."""
        return list(self._rows)

    def whole(self, text: str) -> str:
        """A spelled text of which the encoders read every slot.

        Raises:
            InvalidInput: it is so long that a concept's word would be cut off.
        """
        ids = self._tokenizer(text, truncation=False, verbose=False).input_ids
        room = int(self._tokenizer.model_max_length)
        if len(ids) > room and not self._slots.isdisjoint(ids[room - 1 :]):
            raise InvalidInput(
                f"With the words of its concepts this sentence has {len(ids) - 2} tokens, and the "
                f"model reads {room - 2}: a concept would be cut off. Say it with fewer words, or "
                "leave a concept out."
            )
        return text

    @torch.no_grad()
    def fill(self, slot: int, vectors: Sequence[Tensor]) -> None:
        """Writes (width,) or (vectors, width) for each encoder into a slot."""
        for embedding, ids, vector in zip(self._rows, self._ids, vectors, strict=True):
            for index, row in enumerate(vector.reshape(-1, vector.shape[-1])):
                embedding.weight[ids[_place(slot, index)]] = row.to(embedding.weight)


def spell(prompt: str, written: Mapping[str, str]) -> str:
    """The prompt with `<name>` of each given concept turned into what is written for it."""

    def slot(match: re.Match[str]) -> str:
        return written.get(match.group(1).lower(), match.group(0))

    return _NAMED.sub(slot, prompt.translate(_STRIPPED))


def spelled(slot: int, vectors: int = 1, *, first: int = 0) -> str:
    """The characters of so many of a slot's vectors, from the `first` one on."""
    return "".join(_CHARACTERS[_place(slot, first + vector)] for vector in range(vectors))


def _place(slot: int, vector: int) -> int:
    return vector * SLOT_COUNT + slot


def _add_slots(tokenizer: Any) -> list[int]:
    tokenizer.add_tokens([AddedToken(slot, normalized=False) for slot in _CHARACTERS])
    return [int(index) for index in tokenizer.convert_tokens_to_ids(list(_CHARACTERS))]


def _widen(encoder: Any, rows: int) -> nn.Embedding:
    embedding: nn.Embedding = encoder.get_input_embeddings()
    if rows > embedding.num_embeddings:
        encoder.resize_token_embeddings(rows, mean_resizing=False)
        embedding = encoder.get_input_embeddings()
    embedding.requires_grad_(False)
    return embedding


def _find_end_by_id(encoder: Any, eos_token_id: int) -> None:
    """Old CLIP configurations take the highest id for the end of the text; slots are higher."""
    for module in encoder.modules():
        if hasattr(module, "eos_token_id"):
            module.eos_token_id = eos_token_id
