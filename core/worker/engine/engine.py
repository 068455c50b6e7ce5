"""Which images share the next call: continuous batching over denoising steps.

Source: Yu et al., Orca (2022), section 3.2, whose iteration is here one denoising step.
"""

from collections.abc import Sequence

import torch

from core.worker.engine.bank import Bank, BankFull
from core.worker.engine.batch import Denoiser
from core.worker.engine.decoder import Decoder
from core.worker.engine.draft import Ask, Bucket, Draft
from core.worker.engine.limit import Limit


class Engine:
    """Images on their way; every `advance` takes one step of a batch, or decodes what is done."""

    def __init__(self, denoiser: Denoiser, decoder: Decoder, bank: Bank, limit: Limit) -> None:
        self._denoiser, self._decoder, self._bank, self._limit = denoiser, decoder, bank, limit
        self._waiting: list[Draft] = []
        self._running: list[Draft] = []
        self._sampled: list[Draft] = []
        self._turns: dict[Bucket, int] = {}
        self._turn = 0

    @property
    def busy(self) -> bool:
        """There is something to advance."""
        return bool(self._waiting or self._running or self._sampled)

    def admit(self, asks: Sequence[Ask]) -> list[Draft]:
        """Puts images behind those that wait; they enter between two steps."""
        drafts = [Draft(ask) for ask in asks]
        self._waiting += drafts
        return drafts

    def withdraw(self, drafts: Sequence[Draft]) -> None:
        """Takes images out again, wherever they are."""
        for draft in [draft for draft in self._running if draft in drafts]:
            self._leave(draft)
        self._waiting = [draft for draft in self._waiting if draft not in drafts]
        self._sampled = [draft for draft in self._sampled if draft not in drafts]

    def advance(self) -> None:
        """One call: decodes finished images, else the next step of the bucket whose turn it is.

        Raises:
            torch.OutOfMemoryError: a single image is too large.
        """
        if self._sampled:
            self._decode()
        self._let_in()
        if self._running:
            self._step(self._chosen())

    def _decode(self) -> None:
        shape = self._sampled[0].latents.shape
        alike = [draft for draft in self._sampled if draft.latents.shape == shape]
        pixels = shape[-2] * shape[-1] * self._decoder.pixels_a_latent**2
        done = alike[: self._limit.decoded_at_once(pixels)]
        self._decoder.decode(done)
        self._sampled = [draft for draft in self._sampled if draft not in done]

    def _let_in(self) -> None:
        """Waiting images enter in their order while there is room for their adapters and rows."""
        room = self._limit.images - len(self._running)
        while self._waiting and room > 0:
            try:
                self._bank.pin(self._waiting[0].ask.adapters)
            except BankFull:
                return
            self._running.append(self._waiting.pop(0))
            room -= 1

    def _chosen(self) -> list[Draft]:
        """The images of the bucket that was served longest ago."""
        buckets: dict[Bucket, list[Draft]] = {}
        for draft in self._running:
            buckets.setdefault(draft.ask.bucket, []).append(draft)
        self._turns = {bucket: self._turns.get(bucket, 0) for bucket in buckets}
        bucket = min(buckets, key=self._turns.__getitem__)
        self._turn += 1
        self._turns[bucket] = self._turn
        return buckets[bucket]

    def _step(self, drafts: list[Draft]) -> None:
        together = drafts[: self._limit.images_of(drafts[0])]
        try:
            self._denoiser.step(together)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if len(together) == 1:
                raise
            self._limit.halve(together[0], tried=len(together))
            return
        self._limit.held(together)
        mixed = len({draft.ask.owner for draft in together}) > 1
        for draft in together:
            draft.shared |= mixed
            if draft.sampled:
                self._leave(draft)
                self._sampled.append(draft)

    def _leave(self, draft: Draft) -> None:
        self._running.remove(draft)
        self._bank.unpin(draft.ask.adapters)
