"""Where the embedded models lie inside the installed package."""

from pathlib import Path

_WEIGHTS = Path(__file__).parent / "weights"


def diffusion_path() -> Path:
    """Returns the folder that `StableDiffusionPipeline.from_pretrained` loads."""
    return _WEIGHTS / "diffusion"


def clip_path() -> Path:
    """Returns the folder of the scoring CLIP: `CLIPModel` and its tokenizer."""
    return _WEIGHTS / "clip"


def judge_path() -> Path:
    """Returns the file of the judge's weights."""
    return _WEIGHTS / "judge.safetensors"
