"""What a picture will be, as far as one can tell before it is done."""

import torch
from torch import Tensor

from core.errors import ModelFault
from core.worker.engine.draft import Draft


def clean_of(draft: Draft, prediction: str) -> Tensor:
    """The clean latents that the model saw at the last step, (channels, height, width) float32.

    `prediction` is what the model predicts, by diffusers' name.

    Raises:
        ModelFault: it is none that is known.

    Source: Salimans and Ho, Progressive distillation (2022), section 4 and appendix D, for latents
    of any length: signal · clean + sigma · noise.
    """
    latents, output = draft.past[0], draft.past[1]
    signal, sigma = draft.ask.table.noising[draft.step - 1].tolist()
    length = (signal**2 + sigma**2) ** 0.5
    match prediction:
        case "epsilon":
            return torch.as_tensor((latents - sigma * output) / signal)
        case "v_prediction":
            return torch.as_tensor((signal * latents / length - sigma * output) / length)
        case "sample":
            return output
    raise ModelFault(f"a model that predicts {prediction} is not known")
