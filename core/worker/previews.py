"""Pictures on their way, small, for those who wait for them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers import AutoencoderTiny
from PIL import Image

from core.errors import ModelFault
from core.worker.engine.bank import share
from core.worker.engine.decoder import Decoder
from core.worker.engine.draft import Draft
from core.worker.engine.peek import clean_of
from core.worker.models import Base, local_folder

EVERY_STEPS = 5
SIDE_PX = 256
OWN = "own"
"""As preview decoder, the model's own VAE: the true picture, at the price of a whole decode."""


class Previews:
    """Draws previews; `keep` stores a picture and returns its key."""

    def __init__(self, base: Base, decoder: Decoder, keep: Callable[[Image.Image], str]) -> None:
        self._decoder, self._keep = decoder, keep
        self._processor = base.pipe.image_processor
        self._prediction = str(base.noise_config["prediction_type"])

    def watch(self, draft: Draft) -> "Watch":
        """The previews of one picture."""
        return Watch(draft, self.draw)

    @torch.no_grad()
    def draw(self, draft: Draft) -> str:
        """The storage key of a preview of at most `SIDE_PX` pixels a side."""
        made = self._decoder.pictures(clean_of(draft, self._prediction)[None])
        (picture,) = self._processor.postprocess(made, output_type="pil")
        picture.thumbnail((SIDE_PX, SIDE_PX))
        return self._keep(picture)


@dataclass(slots=True)
class Watch:
    """Draws a picture once every few steps, and remembers it until the next."""

    draft: Draft
    draw: Callable[[Draft], str]
    newest: str | None = None
    _seen: int = 0

    def look(self) -> str | None:
        """The newest preview's storage key."""
        done = self.draft.done
        if done >= self._seen + EVERY_STEPS and done < self.draft.steps:
            self.newest, self._seen = self.draw(self.draft), done
        return self.newest


def load_previews(name: str, base: Base, keep: Callable[[Image.Image], str]) -> Previews | None:
    """The previews of a setting: none, the model's `own` VAE, or an AutoencoderTiny of diffusers.

    Raises:
        ModelFault: there is no such decoder, or the model has a safety checker, which must see
            pictures before anybody else does.
    """
    if not name:
        return None
    if getattr(base.pipe, "safety_checker", None) is not None:
        raise ModelFault("A model with a safety checker has no previews; take one away.")
    if name == OWN:
        vae = share(base.pipe.vae)
    else:
        vae = _tiny(name).to(base.device, base.dtype).requires_grad_(False).eval()
    return Previews(base, Decoder(vae, pixels_a_latent=base.pipe.vae_scale_factor), keep)


def _tiny(name: str) -> AutoencoderTiny:
    folder = local_folder(name, pocket=None)
    try:
        made: AutoencoderTiny = AutoencoderTiny.from_pretrained(
            folder or name, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        raise ModelFault(f"The preview decoder {name} cannot be loaded: {error}") from error
    return made
