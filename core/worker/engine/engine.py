"""Which images share the next call: continuous batching over denoising steps.

Source: Yu et al., Orca (2022), section 3.2, whose iteration is here one denoising step.
"""

import math
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
        drafts = [Draft(ask, siblings=len(asks)) for ask in asks]
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
        first = self._sampled[0]
        alike = [draft for draft in self._sampled if draft.ask.decodes_with(first.ask)]
        pixels = math.prod(first.latents.shape[-2:]) * self._decoder.pixels_a_latent**2
        most = self._limit.decoded_at_once(pixels, whole=first.is_whole)
        done = alike[:most]
        try:
            self._decoder.decode(done)
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            self._limit.decode_less(pixels, tried=len(done))
            _share(done)
            if len(done) > 1:
                return
            done[0].fault = error
        else:
            self._limit.decoded(pixels, len(done))
        own = [draft for draft in alike if draft.ask.owner == first.ask.owner]
        if done != own[: self._limit.decoded_at_once(pixels, whole=True)]:
            _share(done)
        self._sampled = [draft for draft in self._sampled if draft not in done]

    def _let_in(self) -> None:
        """Waiting images enter in their order while there is room for their adapters and rows."""
        while self._waiting and self._has_room(party := self._next_party()):
            try:
                self._pin(party)
            except BankFull:
                return
            except torch.OutOfMemoryError as error:
                torch.cuda.empty_cache()
                if self._running:
                    return  # what leaves may make room
                self._refuse(party, error)
            except ModelFault as fault:
                self._refuse(party, fault)
            else:
                self._waiting = [draft for draft in self._waiting if draft not in party]
                self._running += party

    def _next_party(self) -> list[Draft]:
        """The image that waits longest; all of its job where they share with no other."""
        first = self._waiting[0]
        if not first.ask.alone:
            return [first]
        return [draft for draft in self._waiting if draft.ask.owner == first.ask.owner]

    def _has_room(self, party: Sequence[Draft]) -> bool:
        """A job that is larger than the setting enters once nothing else is on its way."""
        return not self._running or len(party) <= self._limit.images - len(self._running)

    def _pin(self, party: Sequence[Draft]) -> None:
        for draft in party:
            self._bank.pin(draft.ask.adapters)

    def _refuse(self, party: Sequence[Draft], fault: Exception) -> None:
        for draft in party:
            draft.fault = fault
            self._stop_waiting(draft)

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
        together = drafts if drafts[0].is_whole else drafts[: self._limit.images_of(drafts[0])]
        self._limit.begin()
        try:
            self._denoiser.step(together)
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            self._limit.halve(together[0], tried=len(together))
            _share(together)
            if len(together) == 1:
                together[0].fault = error
                self._leave(together[0])
            return
        self._limit.held(together)
        mixed = len({draft.ask.owner for draft in together}) > 1
        if mixed or len(together) < together[0].siblings:
            _share(together)
        for draft in together:
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


def _share(drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        draft.shared = True
