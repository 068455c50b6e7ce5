"""Which images share the next call: continuous batching over denoising steps.

Source: Yu et al., Orca (2022), section 3.2, whose iteration is here one denoising step.
"""

from collections.abc import Sequence

import torch

from core.errors import ModelFault
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
        for draft in drafts:
            self._bank.want(draft.ask.adapters)
        self._waiting += drafts
        return drafts

    def withdraw(self, drafts: Sequence[Draft]) -> None:
        """Takes images out again, wherever they are."""
        for draft in [draft for draft in self._running if draft in drafts]:
            self._leave(draft)
        for draft in [draft for draft in self._waiting if draft in drafts]:
            self._stop_waiting(draft)
        self._sampled = [draft for draft in self._sampled if draft not in drafts]

    def advance(self) -> None:
        """Decodes what is sampled, and takes the next step of the bucket whose turn it is.

        An image that is too large by itself is dropped with its fault; the others go on.
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
        try:
            self._decoder.decode(done)
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            self._limit.decode_less(pixels, tried=len(done))
            if len(done) > 1:
                return
            done[0].fault = error
        self._sampled = [draft for draft in self._sampled if draft not in done]

    def _let_in(self) -> None:
        """Waiting images enter in their order while there is room for their adapters and rows."""
        room = self._limit.images - len(self._running)
        while self._waiting and room > 0:
            first = self._waiting[0]
            try:
                self._bank.pin(first.ask.adapters)
            except BankFull:
                return
            except ModelFault as fault:
                first.fault = fault
                self._stop_waiting(first)
            else:
                self._waiting.remove(first)
                self._running.append(first)
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
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            self._limit.halve(together[0], tried=len(together))
            if len(together) == 1:
                together[0].fault = error
                self._leave(together[0])
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
        self._bank.let_go(draft.ask.adapters)

    def _stop_waiting(self, draft: Draft) -> None:
        self._waiting.remove(draft)
        self._bank.let_go(draft.ask.adapters)
