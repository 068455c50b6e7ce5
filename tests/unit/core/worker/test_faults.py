"""What keeps a worker from starting is said with the setting that is at fault."""

from dataclasses import replace

import pytest
import torch

from core.dispatch.config import WorkerConfig
from core.errors import ModelFault
from core.worker.device import usable_device
from core.worker.faults import fault_of
from core.worker.runner import load_runner

CONFIG = WorkerConfig(storage_url="memory://", device="cpu")


@pytest.mark.parametrize(
    ("setting", "changes"),
    [
        ("MODEL", {"model": "./nowhere"}),
        ("DEVICE", {"device": "cuda:99"}),
        ("CONTROLNETS", {"controls": (("scribble", "./nowhere"),)}),
        ("SPEECH_MODEL", {"speech_model": "./nowhere"}),
        ("SCORING_MODEL", {"scoring_model": "./nowhere"}),
        ("FIDELITY_MODEL", {"fidelity_model": "./nowhere"}),
        ("CAPTIONER", {"captioner": "./nowhere"}),
        ("PREVIEW_DECODER", {"preview_decoder": "./nowhere"}),
        ("FAST_ADAPTER", {"fast_adapter": "./nowhere"}),
    ],
)
def test_the_setting_that_is_wrong_is_named(setting, changes):
    """Each by its own name, before any job needs it."""
    with pytest.raises(ModelFault, match=f"^ATELIER_{setting}: .*(nowhere|cuda:99)"):
        load_runner(replace(CONFIG, **changes))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelFault("There is no model folder x"), "There is no model folder x. Set something"),
        (torch.OutOfMemoryError("CUDA"), "no memory left for it. Set a smaller model"),
        (KeyError("scheduler"), "KeyError: 'scheduler'. Set something else"),
    ],
)
def test_whatever_goes_wrong_is_a_fault_of_the_setting(error, said):
    """Memory and what nobody foresaw too, each with what to do."""
    with pytest.raises(ModelFault, match=r"^ATELIER_MODEL: ") as raised, fault_of("ATELIER_MODEL"):
        raise error
    assert said in str(raised.value)


def test_a_device_is_tried_out():
    """One that is here is taken as it is."""
    assert usable_device("cpu") == torch.device("cpu")
