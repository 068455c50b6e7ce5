"""Teaching the decoder alone."""

from pathlib import Path

import torch

from core.pocket.speech.batches import Batches
from core.pocket.speech.export import load_run, save_run
from core.pocket.speech.model import Whisper
from core.pocket.speech.polish import decoder_loss, polish, remember
from core.pocket.speech.tokenizer import Vocabulary


def test_polishing_changes_the_decoder_and_not_the_encoder(
    corpus: Path, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """Its loss on what was remembered falls, and the result is a run that can be exported."""
    torch.manual_seed(0)
    batches = Batches(corpus, vocabulary, seed=1, size=4, spanish_weight=4.0)
    whisper = Whisper(len(vocabulary))
    memory = remember(whisper, batches, count=2)
    before = {name: value.clone() for name, value in whisper.state_dict().items()}
    with torch.no_grad():
        first = sum(decoder_loss(whisper.decoder, *each).item() for each in memory)
    polish(whisper, memory, rounds=10, rate=0.05, seed=1)
    with torch.no_grad():
        last = sum(decoder_loss(whisper.decoder, *each).item() for each in memory)
    assert last < first
    for name, value in whisper.state_dict().items():
        assert torch.equal(value, before[name]) is name.startswith("encoder."), name
    save_run(whisper, vocabulary, tmp_path / "run")
    again, _ = load_run(tmp_path / "run")
    assert torch.equal(again.decoder.positions, whisper.decoder.positions)
