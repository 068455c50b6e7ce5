"""The models that score: a CLIP, and beside it an encoder of pictures alone if one is set."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from core.domain.evaluation import AND
from core.errors import Conflict, ModelFault
from core.pocket.paths import clip_path
from core.worker.device import POCKET
from core.worker.evaluation.metrics import unit
from core.worker.families import Family
from core.worker.models import local_folder

BATCH = 32
NEEDS_A_CLIP = (
    "The model that runs here cannot be scored yet: the embedded scoring model only knows the "
    "drawn world. Ask whoever runs this bot to set ATELIER_SCORING_MODEL to a CLIP."
)


class Scorer:
    """The scoring models, loaded when they are first needed.

    `model` is `pocket`, a folder or a hub id of a CLIP. `fidelity_model` may name an encoder of
    pictures, such as a DINO, by which likeness is told in the CLIP's place.
    """

    def __init__(self, model: str, *, device: torch.device, fidelity_model: str = "") -> None:
        self.name = f"{model}{AND}{fidelity_model}" if fidelity_model else model
        self.looks_apart = bool(fidelity_model)
        """Likeness is told by another model than the CLIP."""
        self._model, self._fidelity_model, self._device = model, fidelity_model, device

    def fits(self, family: Family) -> bool:
        """The embedded CLIP has seen the drawn world only; any other may score anything."""
        return self._model != POCKET or family.name == POCKET

    def require(self, family: Family) -> None:
        """Raises:
        Conflict: images of this family cannot be scored with the model that is set.
        """
        if not self.fits(family):
            raise Conflict(NEEDS_A_CLIP)

    def pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Pictures in the CLIP's space: rows of unit length, (count, width).

        Raises:
            ModelFault: the model cannot be loaded.
        """
        return self._clip.pictures(pictures)

    def texts(self, texts: Sequence[str]) -> Tensor:
        """Texts in the same space; raises as `pictures` does."""
        return self._clip.texts(texts)

    def looks(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Pictures in the space in which likeness is told; raises as `pictures` does."""
        return self._looks.pictures(pictures)

    @cached_property
    def _clip(self) -> "_Encoder":
        clip = _Encoder(self._model, self._device)
        if clip.tokenizer is None:
            raise ModelFault(f"{self._model} is no CLIP: it does not know words.")
        return clip

    @cached_property
    def _looks(self) -> "_Encoder":
        if not self._fidelity_model:
            return self._clip
        return _Encoder(self._fidelity_model, self._device)


class _Encoder:
    """One model from safetensors files."""

    def __init__(self, name: str, device: torch.device) -> None:
        source: Path | str = local_folder(name, pocket=clip_path()) or name
        try:
            model: Any = AutoModel.from_pretrained(source, use_safetensors=True)
            self._processor = AutoImageProcessor.from_pretrained(source)
            speaks = hasattr(model, "get_text_features")
            self.tokenizer = AutoTokenizer.from_pretrained(source) if speaks else None
        except (OSError, ValueError, KeyError) as error:
            raise ModelFault(f"The scoring model {name} cannot be loaded: {error}") from error
        self._model = model.float().eval().requires_grad_(False).to(device)
        self._device = device

    @torch.no_grad()
    def pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        rows = [
            self._picture_features(pictures[start : start + BATCH])
            for start in range(0, len(pictures), BATCH)
        ]
        return unit(torch.cat(rows))

    @torch.no_grad()
    def texts(self, texts: Sequence[str]) -> Tensor:
        if self.tokenizer is None:
            raise ModelFault("this model does not know words")
        told = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        found = self._model.get_text_features(**told.to(self._device))
        return unit(found.pooler_output)

    def _picture_features(self, pictures: Sequence[Image.Image]) -> Tensor:
        shown = [picture.convert("RGB") for picture in pictures]
        values = self._processor(images=shown, return_tensors="pt")["pixel_values"].to(self._device)
        if self.tokenizer is None:
            features: Tensor = self._model(pixel_values=values).last_hidden_state[:, 0]
            return features
        pooled: Tensor = self._model.get_image_features(pixel_values=values).pooler_output
        return pooled
