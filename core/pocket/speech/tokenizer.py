"""The vocabulary: a token for each word of the grammar, letters for anything else.

A word that the grammar knows is one token; a name that nobody taught is spelled letter by letter,
so that the decoder writes down what it heard. Special tokens stand in the order of multilingual
Whisper. The empty token after the text is how CTranslate2 4.8 knows a multilingual model.
"""

import json
import string
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from core.pocket.speech import grammar

_LANGUAGES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th "
    "ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr "
    "pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt "
    "haw ln ha ba jw su"
)
LANGUAGES = tuple(_LANGUAGES.split())
TAUGHT_LANGUAGES = ("en", "es")
SPACE = "Ġ"  # how byte-level BPE writes a space
TIMESTAMP_STEP_S = 0.02
TIMESTAMPS = 1501


def special_tokens() -> list[str]:
    """Whisper's special tokens in Whisper's order, timestamps last."""
    return [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{language}|>" for language in LANGUAGES),
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
        "<|notimestamps|>",
        *(f"<|{number * TIMESTAMP_STEP_S:.2f}|>" for number in range(TIMESTAMPS)),
    ]


def build_tokenizer() -> Tokenizer:
    """The tokenizer of the grammar as it stands, from nothing but the grammar."""
    letters = [SPACE + letter for letter in string.ascii_lowercase]
    words = {*grammar.vocabulary("en"), *grammar.vocabulary("es")}
    encoded = {_byte_level(f" {word}") for word in words}
    text = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *letters]
    text += sorted(encoded - set(text))
    vocabulary = {token: number for number, token in enumerate([*text, "", *special_tokens()])}
    merges = [(SPACE, letter) for letter in string.ascii_lowercase]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special_tokens()])
    return tokenizer


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer with the ids that training needs by name."""

    tokenizer: Tokenizer

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """The vocabulary of an exported model."""
        return cls(Tokenizer.from_file(str(folder / "tokenizer.json")))

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    @property
    def text_size(self) -> int:
        """Ids under this are text."""
        return self.id("")

    def id(self, token: str) -> int:
        """The id of one token.

        Raises:
            KeyError: there is no such token.
        """
        number = self.tokenizer.token_to_id(token)
        if number is None:
            raise KeyError(token)
        return int(number)

    def timestamp(self, seconds: float) -> int:
        """The id of a timestamp."""
        return self.id("<|0.00|>") + round(seconds / TIMESTAMP_STEP_S)

    def encode(self, text: str) -> list[int]:
        """Ids of words, the first one after a space."""
        return list(self.tokenizer.encode(f" {text}", add_special_tokens=False).ids) if text else []

    def decode(self, ids: list[int]) -> str:
        """Text of ids, special tokens left out."""
        return str(self.tokenizer.decode(ids)).strip()

    def tokens(self) -> list[str]:
        """Every token, in the order of the ids."""
        by_id = {number: token for token, number in self.tokenizer.get_vocab().items()}
        return [by_id[number] for number in range(len(by_id))]

    def save(self, folder: Path) -> None:
        """Write tokenizer.json, as faster-whisper reads it."""
        compact = json.loads(self.tokenizer.to_str())
        text = json.dumps(compact, ensure_ascii=False, separators=(",", ":"))
        (folder / "tokenizer.json").write_text(text)


def _byte_level(text: str) -> str:
    """`text` in the alphabet of byte-level BPE."""
    [(encoded, _)] = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    ).pre_tokenize_str(text)
    return str(encoded)
