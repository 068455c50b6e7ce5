"""The learned word: one vector for each text encoder, put in place of a slot's row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from core.worker.models import Base
from core.worker.tokens import TokenSlots


class LearnedToken:
    """Begins as the class noun's own vector and is the only row of the embeddings that learns."""

    def __init__(self, slots: TokenSlots, slot: int, start: Sequence[Tensor]) -> None:
        self._slots, self._slot = slots, slot
        self.start = [vector.detach().float().clone() for vector in start]
        self.parameters = [nn.Parameter(vector.clone()) for vector in self.start]

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Inside, text encoders read the slot from the parameters, with gradients."""
        handles = [
            embedding.register_forward_hook(_reads(token_id, parameter))
            for embedding, token_id, parameter in zip(
                self._slots.embeddings, self._slots.ids(self._slot), self.parameters, strict=True
            )
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def write(self) -> None:
        """Puts what was learned so far into the slot, for drawing."""
        self._slots.fill(self._slot, [parameter.detach() for parameter in self.parameters])

    def load(self, vectors: Sequence[Tensor]) -> None:
        """Goes on from vectors that were saved."""
        with torch.no_grad():
            for parameter, vector in zip(self.parameters, vectors, strict=True):
                parameter.copy_(vector)

    def packed(self) -> tuple[Tensor, ...]:
        """For each encoder (2, width): learned, started from."""
        return tuple(
            torch.stack([parameter.detach().cpu(), start.cpu()])
            for parameter, start in zip(self.parameters, self.start, strict=True)
        )


def noun_vectors(base: Base, noun: str) -> list[Tensor]:
    """For each encoder the mean embedding of a noun's tokens, (width,)."""
    vectors = []
    for tokenizer, encoder in zip(base.tokenizers, base.text_encoders, strict=True):
        ids = tokenizer(noun, add_special_tokens=False).input_ids
        vectors.append(encoder.get_input_embeddings().weight[ids].float().mean(0))
    return vectors


def _reads(token_id: int, parameter: nn.Parameter) -> Any:
    def hook(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        is_slot = (inputs[0] == token_id).unsqueeze(-1)
        return torch.where(is_slot, parameter.to(output), output)

    return hook
