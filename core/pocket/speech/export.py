"""Write a trained model as the folder that faster-whisper loads.

python -m core.pocket.speech.export RUN FOLDER [--quantization int8]
"""

import argparse
from pathlib import Path

import torch

from core.pocket.speech.ctranslate import write_folder
from core.pocket.speech.model import Whisper
from core.pocket.speech.tokenizer import Vocabulary

_PREFIX = "whisper."


def load_run(run: Path) -> tuple[Whisper, Vocabulary]:
    """The model of a run's last checkpoint, without its helper heads, and its vocabulary."""
    vocabulary = Vocabulary.load(run)
    whisper = Whisper(len(vocabulary))
    student = torch.load(run / "checkpoint.pt", weights_only=True)["student"]
    own = {
        name.removeprefix(_PREFIX): value
        for name, value in student.items()
        if name.startswith(_PREFIX)
    }
    whisper.load_state_dict(own)
    return whisper.eval(), vocabulary


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quantization", default="int8")
    arguments = parser.parse_args()
    whisper, vocabulary = load_run(arguments.run)
    write_folder(whisper, vocabulary, arguments.folder, quantization=arguments.quantization)
    print(f"{sum(path.stat().st_size for path in arguments.folder.iterdir()):,} bytes")


if __name__ == "__main__":
    main()
