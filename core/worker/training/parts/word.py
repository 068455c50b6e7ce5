"""The learned word: vectors for each text encoder, put in place of a slot's rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from core.domain.recipes import VECTORS_MAX
from core.errors import InvalidInput
from core.worker.models import Base
from core.worker.stack import TOP_SLOT
from core.worker.tokens import TokenSlots
from core.worker.training.parts import Bench


class Word:
    """Begins as the class noun's own vector, or as what the recipe says in words; its rows are the
    only ones that learn.

    With a rate of 0 and no words it begins without a meaning, as the rare word of the published
    DreamBooth, and stays as it is.
    """

    name = "token"
    decay = 0.0

    def __init__(self, bench: Bench) -> None:
        self.rate = bench.recipe.token_learning_rate
        self._slots: TokenSlots = bench.stacks.tokens
        begins = _beginning(bench)
        self._vectors = len(begins[0])
        self.start = [rows.squeeze(0) for rows in _plain(bench, begins)]
        self.parameters = [nn.Parameter(rows.squeeze(0).clone()) for rows in begins]
        says_noun = bench.recipe.says_noun(bench.request.class_noun)
        noun = bench.request.class_noun if says_noun else ""
        self.top: dict[str, Any] = {"vectors": self._vectors, "noun": noun}
        self.live: dict[str, Any] = {}

    @contextmanager
    def read(self) -> Iterator[None]:
        """Inside, text encoders read the slot from the parameters, with gradients."""
        handles = [
            embedding.register_forward_hook(_reads(self._ids(encoder), parameter))
            for encoder, (embedding, parameter) in enumerate(
                zip(self._slots.embeddings, self.parameters, strict=True)
            )
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def tensors(self) -> dict[str, Tensor]:
        """By the number of the text encoder."""
        return {str(index): p.detach() for index, p in enumerate(self.parameters)}

    def write(self) -> None:
        """Puts what was learned so far into the slot."""
        self._slots.fill(TOP_SLOT, [parameter.detach() for parameter in self.parameters])

    def packed(self) -> dict[str, Any]:
        """For each encoder (2, width) or (2, vectors, width): learned, and what weight 0 gives."""
        pairs = zip(self.parameters, self.start, strict=True)
        return {"tokens": tuple(torch.stack([p.detach().cpu(), s.cpu()]) for p, s in pairs)}

    def close(self) -> None:
        """Nothing to do: the next one fills the slot anew."""

    def _ids(self, encoder: int) -> Sequence[int]:
        return [
            self._slots.ids(TOP_SLOT, vector=vector)[encoder] for vector in range(self._vectors)
        ]


def _beginning(bench: Bench) -> list[Tensor]:
    """For each encoder the vectors that learning begins from, (vectors, width).

    Raises:
        InvalidInput: the recipe's words have too many of them.
    """
    recipe, base = bench.recipe, bench.base
    if recipe.begins_as:
        return word_vectors(base, recipe.begins_as)
    noun = noun_vectors(base, bench.request.class_noun)
    if not recipe.token_learning_rate:
        noun = [_meaningless(vector, bench.generator()) for vector in noun]
    return [vector.repeat(recipe.vectors, 1) for vector in noun]


def _plain(bench: Bench, begins: list[Tensor]) -> list[Tensor]:
    """The class without anything that was taught: where words began as more than its noun."""
    if not bench.recipe.begins_as:
        return begins
    noun = noun_vectors(bench.base, bench.request.class_noun)
    return [one.expand_as(rows) for one, rows in zip(noun, begins, strict=True)]


def word_vectors(base: Base, text: str) -> list[Tensor]:
    """For each encoder the embeddings of some words, (vectors, width), the same number for all.

    Raises:
        InvalidInput: they have too many of them.
    """
    rows = _rows_of(base, text)
    count = max(map(len, rows))
    if count > VECTORS_MAX:
        raise InvalidInput(
            f"begins_as has {count} vectors in this base model, and a word has {VECTORS_MAX} at "
            "most. Say it in fewer words."
        )
    # Encoders of one model read the same text; where one needs fewer tokens, its last one is held.
    return [torch.cat([one, one[-1:].expand(count - len(one), -1)]) for one in rows]


def noun_vectors(base: Base, noun: str) -> list[Tensor]:
    """For each encoder the mean embedding of a noun's tokens, (width,)."""
    return [rows.mean(0) for rows in _rows_of(base, noun)]


def _rows_of(base: Base, text: str) -> list[Tensor]:
    """For each encoder the embeddings of a text's tokens, (tokens, width), float32."""
    rows = []
    for tokenizer, encoder in zip(base.tokenizers, base.text_encoders, strict=True):
        ids = tokenizer(text, add_special_tokens=False).input_ids
        rows.append(encoder.get_input_embeddings().weight[ids].detach().float())
    return rows


def _meaningless(vector: Tensor, generator: torch.Generator) -> Tensor:
    """As long as a vector, in a direction of chance: a word that nobody uses yet."""
    other = torch.randn(vector.shape, generator=generator).to(vector)
    scaled: Tensor = other * (vector.norm() / other.norm())
    return scaled


def _reads(ids: Sequence[int], parameter: nn.Parameter) -> Any:
    def hook(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        for token_id, vector in zip(ids, parameter.reshape(len(ids), -1), strict=True):
            is_slot = (inputs[0] == token_id).unsqueeze(-1)
            output = torch.where(is_slot, vector.to(output), output)
        return output

    return hook
