"""Every training method by its name."""

from collections.abc import Mapping

from core.domain.recipes import Method
from core.worker.training.methods import (
    TrainingMethod,
    dreambooth,
    dreambooth_lora,
    dreambooth_lora_text,
    hypernetwork,
    pivotal,
    textual_inversion,
)

METHODS: Mapping[Method, TrainingMethod] = {
    Method.DREAMBOOTH_LORA: dreambooth_lora.METHOD,
    Method.DREAMBOOTH_LORA_TEXT: dreambooth_lora_text.METHOD,
    Method.TEXTUAL_INVERSION: textual_inversion.METHOD,
    Method.PIVOTAL: pivotal.METHOD,
    Method.DREAMBOOTH: dreambooth.METHOD,
    Method.HYPERNETWORK: hypernetwork.METHOD,
}
