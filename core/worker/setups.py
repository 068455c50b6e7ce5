"""How this worker is set up, for the manifest of what it draws."""

from typing import Any

import torch

from core.domain.requests import ImagineRequest
from core.domain.setup import Places, Setup
from core.worker.engine.asks import STYLE_SHARE
from core.worker.engine.places import told_places
from core.worker.engine.studio import Studio
from core.worker.models import Base
from core.worker.samplers import KEPT, schedule_of


def setup_of(request: ImagineRequest, base: Base, studio: Studio | None) -> Setup:
    """What a request with its sampler settled is drawn with: what is recorded already stays.

    Raises:
        UserError: a concept of the stack does not fit the model.
    """
    then = request.setup
    config = schedule_of(request, base.noise_config)
    schedule: dict[str, Any] = {key: config[key] for key in KEPT if key in config}
    threads = torch.get_num_threads() if base.device.type == "cpu" else 0
    if studio is None or (then is not None and then.plain) or not studio.takes(request):
        return Setup(plain=True, schedule=schedule, threads=threads)
    return Setup(
        few_steps=studio.few_steps(request.sampler) if then is None else then.few_steps,
        bare=True if then is None else then.bare,
        style_share=STYLE_SHARE if then is None else then.style_share,
        places=_places(request) if then is None else then.places,
        schedule=schedule,
        compile=studio.speed.compile,
        channels_last=studio.speed.channels_last,
        threads=threads,
    )


def _places(request: ImagineRequest) -> Places:
    return told_places(request.prompt, [entry.name for entry in request.stack])
