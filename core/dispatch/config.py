"""What a worker is started with."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Picklable settings of one worker process; the meanings are those of `core.settings`."""

    storage_url: str
    """The fsspec URL of the blob store that the dispatcher's side uses too."""
    model: str = "pocket"
    controls: tuple[tuple[str, str], ...] = ()
    """Kind and folder or id of every ControlNet."""
    speech_model: str = "pocket"
    scoring_model: str = "pocket"
    fidelity_model: str = ""
    captioner: str = ""
    evaluate_training: bool = False
    """Score what was learned at the end of every training."""
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0
    """CPU threads; 0 means one for the embedded models, else what torch chooses."""
    training_share: float = 0.1
    """Of the time in which both want the worker."""
    batch: int = 0
    """Pictures that are drawn together; 0 means 32 on a GPU and 16 elsewhere."""
    adapter_memory_mb: int = 0
    """What adapters may take beside the model; 0 means 2048 on a GPU and 256 elsewhere."""
    channels_last: bool = False
    compile: Literal["off", "on", "graphs"] = "off"
    fast_adapter: str = ""
    preview_decoder: str = ""
    log_level: str = "INFO"
