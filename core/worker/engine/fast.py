"""An adapter that was distilled to draw in a few steps: it joins every stack of its samplers.

Source: Luo et al., LCM-LoRA (2023), section 3: its weights are added to those of any other LoRA.
"""

from pathlib import Path

from core.domain.requests import Sampler
from core.errors import InvalidInput, ModelFault
from core.worker.engine.bank import Adapter, pairs
from core.worker.formats.files import open_file
from core.worker.formats.modules import modules_of
from core.worker.formats.parts import unet_part
from core.worker.formats.reading import read_adapter
from core.worker.models import Base

SAMPLERS = frozenset({Sampler.LCM, Sampler.TCD})
KEY = "few steps"
"""Its name in the bank, which no storage key is."""


def load_fast_adapter(file: str, base: Base) -> Adapter:
    """Reads the adapter of a setting, in kohya's, diffusers' or PEFT's form.

    Raises:
        ModelFault: there is no such file, or it does not fit the model.
    """
    try:
        tensors, metadata = open_file(Path(file).expanduser().read_bytes())
        return pairs(unet_part(read_adapter(tensors, modules_of(base), metadata)))
    except (OSError, InvalidInput) as error:
        raise ModelFault(f"The few-step adapter {file} cannot be used: {error}") from error
