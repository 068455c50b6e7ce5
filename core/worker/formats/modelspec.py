"""Files that say what they are, in the words that other tools look for.

Source: the Stability AI model metadata specification 1.0.1, and what kohya's trainer adds to it.
"""

from datetime import datetime

from core.domain.concepts import token_of
from core.worker.artifact import Artifact, pack
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


def modelspec(
    base: Base, *, part: str, title: str, trigger: str, date: datetime | None = None
) -> dict[str, str]:
    """Metadata of a file; `part` is what it is of the architecture, such as `lora`."""
    dated = {"modelspec.date": date.strftime("%Y-%m-%dT%H:%M:%S")} if date else {}
    side = str(base.native_px)
    return {
        "modelspec.sai_model_spec": SPEC,
        "modelspec.architecture": f"{architecture(base)}/{part}",
        "modelspec.title": title,
        "modelspec.trigger_phrase": trigger,
        "modelspec.resolution": f"{side}x{side}",
        "modelspec.prediction_type": "v" if _predicts_v(base) else "epsilon",
    } | dated


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


def stored(base: Base, made: Artifact) -> bytes:
    """An artifact as the library keeps it: what it is can be read in any tool that lists files.

    Without a date, so that what is made again is the same file.
    """
    name, noun = str(made.facts["name"]), str(made.facts["class_noun"])
    trigger = f"{token_of(name)} {noun}"
    return pack(made, modelspec(base, part=_part(made), title=name, trigger=trigger))


def _part(made: Artifact) -> str:
    if made.hyper:
        return "hypernetwork"
    if made.delta:
        return "difference"
    return "lora" if made.lora or made.text else "textual-inversion"


def _predicts_v(base: Base) -> bool:
    return bool(base.noise_config.get("prediction_type") == "v_prediction")
