"""The engine around one base model: requests in, pictures out."""

from collections.abc import Sequence

import torch
from PIL import Image

from core.domain.drawing import Sampler
from core.domain.requests import ImagineRequest
from core.worker.engine.asks import Asks
from core.worker.engine.bank import Bank, share
from core.worker.engine.batch import Denoiser
from core.worker.engine.decoder import Decoder
from core.worker.engine.draft import Draft
from core.worker.engine.engine import Engine
from core.worker.engine.fast import FastAdapters
from core.worker.engine.limit import Limit
from core.worker.engine.speed import AS_IT_IS, Speed
from core.worker.engine.tables import NotLinear
from core.worker.given import Given
from core.worker.models import Base
from core.worker.stack import Stacks


class Studio:
    """Draws requests of many guilds together; what it does not know is left to the plain path.

    UNet and VAE are trees of its own over the base model's weights, so that what training and the
    plain path hang on theirs is not at work here.
    """

    def __init__(
        self,
        base: Base,
        stacks: Stacks,
        *,
        images: int,
        adapter_bytes: int,
        speed: Speed = AS_IT_IS,
        few_steps: FastAdapters | None = None,
    ) -> None:
        self.images, self.speed = images, speed
        self._few_steps = few_steps
        self._base, self._stacks = base, stacks
        unet, vae = (speed.laid_out(share(part)) for part in (base.pipe.unet, base.pipe.vae))
        vae.disable_slicing()  # the limit bounds what is decoded at once
        controls = {kind.value: net for kind, net in base.controls.items()}
        compiler = speed.compiler
        bank = Bank(unet, budget_bytes=adapter_bytes, steady=compiler is not None)
        decoder = Decoder(vae, pixels_a_latent=base.pipe.vae_scale_factor)
        limit = Limit(base.device, images=images)
        self._engine = Engine(Denoiser(unet, bank, controls, compiler), decoder, bank, limit)
        self._asks = Asks(base, stacks, bank, few_steps)

    def few_steps(self, sampler: Sampler | None) -> str:
        """The storage key of the few-step adapter that joins a sampler now; empty for none."""
        return "" if self._few_steps is None else self._few_steps.key(sampler)

    @property
    def busy(self) -> bool:
        """Pictures are on their way."""
        return self._engine.busy

    def takes(self, request: ImagineRequest) -> bool:
        """It knows the model, the sampler and every part of the stack.

        Raises:
            UserError: a concept of the stack does not fit the model.
        """
        if self._base.pipe.unet.config.time_cond_proj_dim is not None:
            return False
        if any(self._stacks.outline(e.artifact).changes_weights for e in request.stack):
            return False
        try:
            self._asks.table(request)
        except NotLinear:
            return False
        return True

    def admit(
        self, request: ImagineRequest, *, owner: int, alone: bool, given: Given
    ) -> list[Draft]:
        """Puts a resolved request's images behind those that wait.

        Raises:
            UserError: the stack does not fit the model.
        """
        asks = self._asks.of(request, owner=owner, alone=alone, given=given)
        return self._engine.admit(asks)

    def withdraw(self, drafts: Sequence[Draft]) -> None:
        """Takes images out, wherever they are."""
        self._engine.withdraw(drafts)

    def advance(self) -> None:
        """Decodes what is sampled, and takes one step of a batch."""
        if self._engine.busy:
            self._stacks.undress()
            self._engine.advance()

    def pictures(self, drafts: Sequence[Draft]) -> tuple[list[Image.Image], list[bool]]:
        """Finished images in their order, and which of them the safety checker blacked out.

        Another thread than the loop's may ask.
        """
        pipe = self._base.pipe
        made = torch.stack([draft.picture for draft in drafts if draft.picture is not None])
        flags = [False] * len(drafts)
        if getattr(pipe, "safety_checker", None) is not None:
            made, flags = pipe.run_safety_checker(made, self._base.device, made.dtype)
        return pipe.image_processor.postprocess(made, output_type="pil"), list(flags)
