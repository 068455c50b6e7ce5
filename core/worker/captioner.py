"""The model that says what a picture shows, where one is set."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from core.domain.recipes import CAPTION_MAX
from core.errors import ModelFault
from core.worker.models import local_folder

TOKENS_MAX = 40
"""Of one caption."""


class Captioner:
    """An image-to-text model such as BLIP, in memory only while it describes.

    Raises:
        ModelFault: `name` is written as a folder, and there is none.
    """

    def __init__(self, name: str, *, device: torch.device) -> None:
        self.name, self._device = name, device
        self._source = local_folder(name, pocket=None) or name

    def describe(self, pictures: Sequence[Image.Image]) -> Iterator[str]:
        """What each picture shows, one after the other and without chance; "" for nothing.

        Raises:
            ModelFault: the model cannot be loaded.
        """
        processor, model = self._loaded()
        for picture in pictures:
            shown = processor(images=picture.convert("RGB"), return_tensors="pt")
            yield plain_text(self._said(processor, model, shown["pixel_values"]))

    @torch.no_grad()
    def _said(self, processor: Any, model: Any, pixels: torch.Tensor) -> str:
        ids = model.generate(
            pixel_values=pixels.to(self._device), max_new_tokens=TOKENS_MAX, do_sample=False
        )
        return str(processor.batch_decode(ids, skip_special_tokens=True)[0])

    def _loaded(self) -> tuple[Any, Any]:
        try:
            model: Any = AutoModelForImageTextToText.from_pretrained(
                self._source, use_safetensors=True
            )
            processor: Any = AutoProcessor.from_pretrained(self._source)
        except (OSError, ValueError, KeyError) as error:
            raise ModelFault(f"The captioner {self.name} cannot be loaded: {error}") from error
        return processor, model.float().eval().requires_grad_(False).to(self._device)


def plain_text(said: str) -> str:
    """One line without the marks of tokens, no longer than a person's caption may be."""
    line = " ".join(said.replace("<", " ").replace(">", " ").split())
    return line[: CAPTION_MAX // 2].strip()
