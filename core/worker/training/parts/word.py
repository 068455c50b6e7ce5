"""The learned word: vectors for each text encoder, put in place of a slot's rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from core.worker.models import Base
from core.worker.stack import TOP_SLOT
from core.worker.tokens import TokenSlots
from core.worker.training.parts import Bench


class Word:
    """Begins as the class noun's own vector; its rows are the only ones that learn.

    With a rate of 0 it begins without a meaning, as the rare word of the published DreamBooth, and
    stays as it is.
    """

    name = "token"
    decay = 0.0

    def __init__(self, bench: Bench) -> None:
        self.rate, self._vectors = bench.recipe.token_learning_rate, bench.recipe.vectors
        self._slots: TokenSlots = bench.stacks.tokens
        noun = noun_vectors(bench.base, bench.request.class_noun)
        if not self.rate:
            noun = [_meaningless(vector, bench.generator()) for vector in noun]
        self.start = [_repeated(vector.detach().float(), self._vectors) for vector in noun]
        self.parameters = [nn.Parameter(vector.clone()) for vector in self.start]
        self.top: dict[str, Any] = {"vectors": self._vectors}
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
        """For each encoder (2, width) or (2, vectors, width): learned, started from."""
        pairs = zip(self.parameters, self.start, strict=True)
        return {"tokens": tuple(torch.stack([p.detach().cpu(), s.cpu()]) for p, s in pairs)}

    def close(self) -> None:
        """Nothing to do: the next one fills the slot anew."""

    def _ids(self, encoder: int) -> Sequence[int]:
        return [
            self._slots.ids(TOP_SLOT, vector=vector)[encoder] for vector in range(self._vectors)
        ]


def noun_vectors(base: Base, noun: str) -> list[Tensor]:
    """For each encoder the mean embedding of a noun's tokens, (width,)."""
    vectors = []
    for tokenizer, encoder in zip(base.tokenizers, base.text_encoders, strict=True):
        ids = tokenizer(noun, add_special_tokens=False).input_ids
        vectors.append(encoder.get_input_embeddings().weight[ids].float().mean(0))
    return vectors


def _meaningless(vector: Tensor, generator: torch.Generator) -> Tensor:
    """As long as a vector, in a direction of chance: a word that nobody uses yet."""
    other = torch.randn(vector.shape, generator=generator).to(vector)
    scaled: Tensor = other * (vector.norm() / other.norm())
    return scaled


def _repeated(vector: Tensor, times: int) -> Tensor:
    """One vector stays (width,), several are (times, width)."""
    return vector.clone() if times == 1 else vector.repeat(times, 1)


def _reads(ids: Sequence[int], parameter: nn.Parameter) -> Any:
    def hook(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        for token_id, vector in zip(ids, parameter.reshape(len(ids), -1), strict=True):
            is_slot = (inputs[0] == token_id).unsqueeze(-1)
            output = torch.where(is_slot, vector.to(output), output)
        return output

    return hook
