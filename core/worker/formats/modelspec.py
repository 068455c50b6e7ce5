"""Files that say what they are, in the words that other tools look for.

Source: the Stability AI model metadata specification 1.0.1, and what kohya's trainer adds to it.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from safetensors.torch import save
from torch import Tensor

from core.worker.models import Base

SPEC = "1.0.1"
ARCHITECTURES = {
    "sd1": "stable-diffusion-v1",
    "sd2": "stable-diffusion-v2-512",
    "sdxl": "stable-diffusion-xl-v1-base",
}
KOHYA_BASES = {"sd1": "sd_v1", "sd2": "sd_v2", "sdxl": "sdxl_base_v1-0"}


def architecture(base: Base) -> str:
    """The base model's architecture as the specification names it."""
    if base.family.name == "sd2" and base.noise_config.get("prediction_type") == "v_prediction":
        return "stable-diffusion-v2-768-v"
    return ARCHITECTURES.get(base.family.name, f"atelier-{base.family.name}")


def modelspec(base: Base, *, part: str, title: str, trigger: str, date: datetime) -> dict[str, str]:
    """Metadata of a file; `part` is `lora` or `textual-inversion`."""
    side = str(base.native_px)
    return {
        "modelspec.sai_model_spec": SPEC,
        "modelspec.architecture": f"{architecture(base)}/{part}",
        "modelspec.title": title,
        "modelspec.trigger_phrase": trigger,
        "modelspec.date": date.strftime("%Y-%m-%dT%H:%M:%S"),
        "modelspec.resolution": f"{side}x{side}",
        "modelspec.prediction_type": "v" if _predicts_v(base) else "epsilon",
    }


def kohya_facts(base: Base, *, rank: int, name: str) -> dict[str, str]:
    """What A1111 and kohya's own scripts read besides."""
    return {
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(float(rank)),
        "ss_base_model_version": KOHYA_BASES.get(base.family.name, base.family.name),
        "ss_v2": str(base.family.name == "sd2"),
        "ss_output_name": name,
    }


def packed(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file; the same values give the same bytes.

    The hash of the tensors' own bytes is added, as the specification asks. Safetensors itself
    writes metadata in an order of chance.
    """
    data: bytes = save({key: tensors[key].contiguous() for key in sorted(tensors)})
    start = 8 + int.from_bytes(data[:8], "little")
    body = data[start:]
    digest = {"modelspec.hash_sha256": f"0x{hashlib.sha256(body).hexdigest()}"}
    header = {"__metadata__": dict(sorted({**metadata, **digest}.items()))}
    header |= json.loads(data[8:start])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body


def _predicts_v(base: Base) -> bool:
    return bool(base.noise_config.get("prediction_type") == "v_prediction")
