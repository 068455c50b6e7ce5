"""What is learned from a batch: the transcript, and by helpers where in time each word is.

The helpers (CTC, phonemes by position, guided attention) are dropped at export.
Without them the decoder learns the language of the requests and does not listen.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.pocket.speech.batches import Batch
from core.pocket.speech.examples import UNKNOWN
from core.pocket.speech.model import Whisper
from core.precision import halved_on_cpu


@dataclass(frozen=True)
class Losses:
    """Means over a batch, scalars; `accuracy` is the share of right text tokens."""

    transcript: Tensor
    ctc: Tensor
    phonemes: Tensor
    attention: Tensor
    accuracy: Tensor

    def total(self, *, ctc_weight: float, aligned_weight: float) -> Tensor:
        """What is minimised."""
        aligned = self.phonemes + 0.25 * self.attention
        return self.transcript + ctc_weight * self.ctc + aligned_weight * aligned


class Student(nn.Module):
    """The speech model and its helper heads while it learns."""

    def __init__(self, whisper: Whisper, *, text_size: int, phonemes: int) -> None:
        super().__init__()
        self.whisper = whisper
        self.blank = text_size
        width = whisper.size.width
        self.ctc = nn.Linear(width, text_size + 1)
        self.phonemes = nn.Linear(width, phonemes + 1)

    def start_heads(self, step: int, *, steps: int) -> None:
        """Freeze the speech model for the first `steps`: fresh heads would tear up a taught one."""
        self.whisper.requires_grad_(step >= steps)

    def forward(self, batch: Batch) -> Losses:
        """All losses of a batch, computed in bfloat16 and reduced in float32."""
        positions = batch.phonemes.shape[1]
        learned = batch.weights > 0
        with halved_on_cpu(torch.device("cpu")):
            heard = self.whisper.encoder(batch.mel)
            written, looked = self.whisper.decoder(batch.tokens, heard)
            logits = self.whisper.decoder.logits(written[learned])
            ctc = self.ctc(heard.states[:, :positions])
            phonemes = self.phonemes(heard.halfway[:, :positions])
        targets, weights = batch.targets[learned], batch.weights[learned]
        each = functional.cross_entropy(logits.float(), targets, reduction="none")
        return Losses(
            (each * weights).sum() / weights.sum(),
            self._ctc_loss(ctc, batch),
            functional.cross_entropy(
                phonemes.float().flatten(0, 1), batch.phonemes.flatten(), ignore_index=UNKNOWN
            ),
            attention_loss(looked, batch.windows, positions),
            (logits.argmax(-1) == targets)[weights == 1].float().mean(),
        )

    def _ctc_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        log_probs = logits.float().log_softmax(-1).transpose(0, 1)
        lengths = torch.full((log_probs.shape[1],), log_probs.shape[0])
        losses = functional.ctc_loss(
            log_probs,
            batch.said,
            lengths,
            batch.said_lengths,
            blank=self.blank,
            reduction="none",
            zero_infinity=True,
        )
        spoken = batch.said_lengths > 0
        return (losses[spoken] / batch.said_lengths[spoken]).sum() / spoken.sum().clamp(min=1)


def attention_loss(looked: list[Tensor], windows: Tensor, positions: int) -> Tensor:
    """Minus log of what each layer's first head sees of a token's own time, summed over layers."""
    known = windows[..., 0] >= 0
    first, last = windows.clamp(0, positions).unbind(-1)
    loss = torch.zeros(())
    for weights in looked:
        seen = functional.pad(weights[:, 0, :, :positions].cumsum(-1), (1, 0))
        mass = seen.gather(2, last[..., None]) - seen.gather(2, first[..., None])
        losses = -mass.squeeze(-1).clamp(min=1e-4).log() * known
        loss = loss + losses.sum() / known.sum().clamp(min=1)
    return loss
