"""What a run starts from: heads that look nearby, or the weights of another model."""

import math
from typing import cast

import torch
from torch import Tensor, nn

from core.pocket.speech.model import Attention, Encoder, Whisper
from core.pocket.speech.tokenizer import Vocabulary

# Positions of 20 ms that the heads of each layer look away from their own.
OFFSETS = (
    (-4.0, -1.5, 1.5, 4.0),
    (-7.0, -2.0, 2.0, 7.0),
    (-10.0, -3.0, 3.0, 10.0),
    (-16.0, -5.0, 5.0, 16.0),
)


@torch.no_grad()
def start_local(encoder: Encoder) -> None:
    """Start each encoder head as a soft convolution tap at its own offset in positions.

    The query turns the sinusoidal position by the offset and the key reads it back. From a random
    start the heads stay diffuse for thousands of steps: Whisper sees nothing local otherwise.
    """
    encoder.conv1.weight.mul_(1.5)
    encoder.conv2.weight.mul_(3.0)
    for layer, offsets in zip(encoder.layer, OFFSETS, strict=False):
        _look_away(cast(Attention, layer.self_attention), offsets)


def _look_away(attention: Attention, offsets: tuple[float, ...], strength: float = 1.25) -> None:
    projection = cast(nn.Linear, attention.linear[0])
    query, key, _ = projection.weight.chunk(3)
    query.normal_(std=0.02)
    key.normal_(std=0.02)
    projection.bias[: 2 * len(query)].zero_()
    head, half = len(query) // attention.heads, len(query) // 2
    rates = torch.exp(-math.log(10_000) / (half - 1) * torch.arange(half))
    for number, offset in enumerate(offsets[: attention.heads]):
        for rate in range(0, head, 2):
            row = number * head + rate
            cos, sin = (strength * turn(rates[rate] * offset) for turn in (torch.cos, torch.sin))
            query[row, rate] += cos
            query[row, half + rate] += sin
            query[row + 1, half + rate] += cos
            query[row + 1, rate] -= sin
            key[row, rate] += strength
            key[row + 1, half + rate] += strength


@torch.no_grad()
def adopt(whisper: Whisper, vocabulary: Vocabulary, other: Whisper, tokens: list[str]) -> None:
    """Take over another model's weights; a token it does not know keeps its fresh embedding."""
    embeddings = "decoder.embeddings.weight"
    state = other.state_dict()
    theirs = state.pop(embeddings)
    whisper.load_state_dict(state, strict=False)
    known = {token: number for number, token in enumerate(tokens)}
    ours = whisper.decoder.embeddings.weight
    for number, token in enumerate(vocabulary.tokens()):
        if token in known and _was_taught(theirs[known[token]]):
            ours[number] = theirs[known[token]]


def _was_taught(embedding: Tensor) -> bool:
    """Whether a row says anything: a token that never was in a transcript has next to none."""
    return bool(embedding[1:].norm() > 0.05)
