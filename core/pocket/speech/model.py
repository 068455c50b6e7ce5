"""Whisper in small: the modules are named as in CTranslate2's WhisperSpec, so export is a walk.

Source: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision"; the
layout of `ctranslate2.specs.WhisperSpec`.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.pocket.speech.features import BINS

FRAMES_PER_POSITION = 2
POSITIONS = 1500
TAUGHT_POSITIONS = 500  # the first 10 s; all later positions share one vector
WINDOW_FRAMES = TAUGHT_POSITIONS * FRAMES_PER_POSITION
TOKENS = 448


@dataclass(frozen=True)
class WhisperSize:
    """Widths and depths; the defaults are the pocket model."""

    width: int = 160
    feed_forward: int = 512
    encoder_layers: int = 4
    encoder_heads: int = 4
    decoder_layers: int = 2
    decoder_heads: int = 2


class Attention(nn.Module):
    """Attention with its norm before it: over the input itself, or over `memory`."""

    def __init__(self, width: int, heads: int, *, cross: bool) -> None:
        super().__init__()
        self.heads = heads
        self.cross = cross
        inner = [nn.Linear(width, width), nn.Linear(width, 2 * width)]
        projections = inner if cross else [nn.Linear(width, 3 * width)]
        self.layer_norm = nn.LayerNorm(width)
        self.linear = nn.ModuleList([*projections, nn.Linear(width, width)])

    def forward(
        self, x: Tensor, memory: Tensor | None = None, bias: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """x: (batch, length, width); bias is added to the scores.

        Returns the update and the attention probabilities (batch, heads, length, keys), float32.
        """
        normed = self.layer_norm(x)
        if memory is None:
            query, key, value = self.linear[0](normed).chunk(3, -1)
        else:
            query = self.linear[0](normed)
            key, value = self.linear[1](memory).chunk(2, -1)
        query, key, value = (self._split(part) for part in (query, key, value))
        # Written out: on a CPU the backward pass of the fused kernel is slower with few heads.
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        if bias is not None:
            scores = scores + bias.to(scores.dtype)
        weights = torch.softmax(scores, -1, dtype=torch.float32)
        mixed = (weights.to(value.dtype) @ value).transpose(1, 2).flatten(2)
        return self.linear[-1](mixed), weights

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)


class FeedForward(nn.Module):
    """Two linear layers with a GELU between and the norm before."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(width)
        self.linear_0 = nn.Linear(width, inner)
        self.linear_1 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """The update to x, of x's shape."""
        return self.linear_1(functional.gelu(self.linear_0(self.layer_norm(x))))  # type: ignore[no-any-return]


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward."""

    def __init__(self, size: WhisperSize) -> None:
        super().__init__()
        self.self_attention = Attention(size.width, size.encoder_heads, cross=False)
        self.ffn = FeedForward(size.width, size.feed_forward)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """(batch, positions, width) → the same."""
        x = x + self.self_attention(x, bias=bias)[0]
        return x + self.ffn(x)  # type: ignore[no-any-return]


class DecoderLayer(nn.Module):
    """Causal self-attention, attention over the encoder's output, feed-forward."""

    def __init__(self, size: WhisperSize) -> None:
        super().__init__()
        self.self_attention = Attention(size.width, size.decoder_heads, cross=False)
        self.attention = Attention(size.width, size.decoder_heads, cross=True)
        self.ffn = FeedForward(size.width, size.feed_forward)

    def forward(
        self, x: Tensor, heard: Tensor, bias: Tensor | None, causal: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(batch, tokens, width) → the same, and where each token looked in the encoder."""
        x = x + self.self_attention(x, bias=causal)[0]
        update, weights = self.attention(x, heard, bias)
        x = x + update
        return x + self.ffn(x), weights


@dataclass(frozen=True)
class Heard:
    """The encoder's output: states (batch, positions + 1, width), half-way states, and the bias.

    The last position stands for all the padding of the 30 s window: the bias of log(count) makes
    one key weigh as much as `count` equal ones.
    """

    states: Tensor
    halfway: Tensor
    bias: Tensor


class Encoder(nn.Module):
    """Two convolutions and transformer layers over log-mel frames."""

    def __init__(self, size: WhisperSize) -> None:
        super().__init__()
        width = size.width
        self.conv1 = nn.Conv1d(BINS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=FRAMES_PER_POSITION, padding=1)
        self.positions: Tensor
        self.register_buffer("positions", sinusoids(TAUGHT_POSITIONS, width))
        self.padding_position = nn.Parameter(torch.zeros(width))
        self.layer = nn.ModuleList(EncoderLayer(size) for _ in range(size.encoder_layers))
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, mel: Tensor) -> Heard:
        """mel: (batch, 80, frames ≤ 1000), clamped; what is missing to 3000 frames is padding."""
        x = self._convolved(mel)
        count = x.shape[1]
        x = x + self.positions[:count].to(x.dtype)
        x = torch.cat([x, self._padding().to(x.dtype).expand(len(x), 1, -1)], 1)
        bias = torch.zeros(1, 1, 1, count + 1, dtype=x.dtype)
        bias[..., -1] = math.log(POSITIONS - count)
        halfway = x
        for number, layer in enumerate(self.layer, 1):
            x = layer(x, bias)
            if number == len(self.layer) // 2:
                halfway = x
        return Heard(self.layer_norm(x), halfway, bias)

    def _padding(self) -> Tensor:
        """What the convolutions make of silence far from any sound, at a padding position."""
        silence = self._convolved(self.padding_position.new_zeros(1, BINS, 7))
        return silence[0, 1] + self.padding_position

    def _convolved(self, mel: Tensor) -> Tensor:
        """(batch, 80, frames) → (batch, positions, width)."""
        x = functional.gelu(self.conv1(mel))
        return functional.gelu(self.conv2(x)).transpose(1, 2)


class Decoder(nn.Module):
    """Transformer layers over tokens; the embeddings are the output layer too."""

    def __init__(self, size: WhisperSize, vocabulary: int) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(vocabulary, size.width)
        nn.init.normal_(self.embeddings.weight, std=0.5 * size.width**-0.5)
        self.positions = nn.Parameter(sinusoids(TOKENS, size.width) * 0.2)
        self.layer = nn.ModuleList(DecoderLayer(size) for _ in range(size.decoder_layers))
        self.layer_norm = nn.LayerNorm(size.width)

    def forward(self, tokens: Tensor, heard: Heard) -> tuple[Tensor, list[Tensor]]:
        """tokens: (batch, length) → states (batch, length, width), attention of each layer."""
        length = tokens.shape[1]
        x = self.embeddings(tokens) + self.positions[:length]
        causal = torch.full((length, length), -1e4).triu(1)
        looked: list[Tensor] = []
        for layer in self.layer:
            x, weights = layer(x, heard.states, heard.bias, causal)
            looked.append(weights)
        return self.layer_norm(x), looked

    def logits(self, states: Tensor) -> Tensor:
        """(..., width) → (..., vocabulary)."""
        return states @ self.embeddings.weight.T


class Whisper(nn.Module):
    """The speech model: log-mel frames and the tokens so far → logits of the next token."""

    def __init__(self, vocabulary: int, size: WhisperSize | None = None) -> None:
        super().__init__()
        self.size = size or WhisperSize()
        self.encoder = Encoder(self.size)
        self.decoder = Decoder(self.size, vocabulary)

    def forward(self, mel: Tensor, tokens: Tensor) -> Tensor:
        """(batch, 80, frames) and (batch, length) → (batch, length, vocabulary)."""
        states, _ = self.decoder(tokens, self.encoder(mel))
        return self.decoder.logits(states)


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's fixed position vectors, (length, width): sines, then cosines."""
    step = math.log(10_000) / (width // 2 - 1)
    angles = torch.arange(length)[:, None] * torch.exp(-step * torch.arange(width // 2))[None]
    return torch.cat([angles.sin(), angles.cos()], 1)
