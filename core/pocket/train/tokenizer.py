"""The byte-level tokenizer: merges learned from the world's captions and common English words."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
MERGES, LEAST_COUNT = 700, 30


def train_tokenizer(words: Counter[str], folder: Path) -> CLIPTokenizer:
    """Learns byte pairs from word counts and saves a CLIPTokenizer in `folder`.

    Any text can be told in its 512 single bytes. Byte-pair encoding as Sennrich et al. 2016.
    """
    merges = learn_merges(words)
    letters = list(byte_letters().values())
    vocabulary = [*letters, *(letter + "</w>" for letter in letters)]
    vocabulary += [left + right for left, right in merges] + [START, END]
    folder.mkdir(parents=True, exist_ok=True)
    ids = {token: index for index, token in enumerate(dict.fromkeys(vocabulary))}
    (folder / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False))
    lines = ["#version: 0.2", *(f"{left} {right}" for left, right in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(_CONFIG))
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return tokenizer


_CONFIG = {
    "tokenizer_class": "CLIPTokenizer",
    "model_max_length": 77,
    "bos_token": START,
    "eos_token": END,
    "unk_token": END,
    "pad_token": END,
    "do_lower_case": True,
    "errors": "replace",
}


def byte_letters() -> dict[int, str]:
    """Maps every byte to a printable letter, as GPT-2's tokenizer does."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    letters = {byte: chr(byte) for byte in shown}
    return letters | {byte: chr(256 + index) for index, byte in enumerate(hidden)}


def learn_merges(words: Counter[str]) -> list[tuple[str, str]]:
    """Returns up to MERGES pairs, the commonest first, none rarer than LEAST_COUNT."""
    letters = byte_letters()
    parts = {word: _spelled(word, letters) for word in words}
    merges: list[tuple[str, str]] = []
    while len(merges) < MERGES:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, pieces in parts.items():
            for pair in pairwise(pieces):
                pairs[pair] += words[word]
        if not pairs or (best := pairs.most_common(1)[0])[1] < LEAST_COUNT:
            break
        merges.append(best[0])
        parts = {word: _joined(pieces, best[0]) for word, pieces in parts.items()}
    return merges


def _spelled(word: str, letters: dict[int, str]) -> list[str]:
    pieces = [letters[byte] for byte in word.encode()]
    return [*pieces[:-1], pieces[-1] + "</w>"]


def _joined(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        if joined and (joined[-1], piece) == pair:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def count_words(captions: Iterable[str]) -> Counter[str]:
    """Counts the words of captions, and common English words as if each came up 40 times."""
    counts = Counter(word.strip(",") for text in captions for word in text.lower().split())
    return counts + Counter(dict.fromkeys(COMMON_WORDS.split(), 40))


COMMON_WORDS = """
the of and to in is it that for on with as are was his her they at be this have from or one had by
word but not what all were we when your can said there use each which she do how their if will up
other about out many then them these so some would make like him into time has look two more write
go see number no way could people my than first water been call who its now find long down day did
get come made may part sun dog bird man woman girl boy child face hand eye light dark sky cloud
river lake sea ocean hill road car boat ship train plane bridge castle tower church door window
garden grass leaf rose bear lion horse wolf fox duck dragon robot ball cup book box hat shoe shirt
crown sword king queen knight space planet rocket snow rain winter summer spring autumn morning
evening sunset sunrise style art draw sketch paint oil photo camera portrait close view landscape
scene old new young red white black grey gold silver glass wood stone metal
"""
