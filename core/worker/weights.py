"""Which weights a base model has: the same name may stand for others tomorrow."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

PATTERN = "diffusion_pytorch_model*.safetensors"


def weights_of(unet: Any) -> str:
    """SHA-256 over the files of a loaded UNet, in the order of their names.

    Empty where it did not come from files. A file of 5 GB takes seconds, once a process.
    """
    folder = Path(str(unet.config.get("_name_or_path") or ""))
    return _hashed(folder) if folder.is_dir() else ""


@cache
def _hashed(folder: Path) -> str:
    files = sorted(one for one in folder.glob(PATTERN) if ".fp16." not in one.name)
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest() if files else ""
