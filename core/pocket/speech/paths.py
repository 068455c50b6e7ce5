"""Where the shipped speech model lies."""

from pathlib import Path


def whisper_path() -> Path:
    """The folder of the pocket Whisper in CTranslate2 form, for `faster_whisper.WhisperModel`.

    Raises:
        FileNotFoundError: the folder is not there; WhisperModel would ask a hub for it instead.
    """
    folder = Path(__file__).resolve().parent.parent / "weights" / "whisper"
    if not (folder / "model.bin").is_file():
        raise FileNotFoundError(f"the pocket speech model is missing: {folder}")
    return folder
