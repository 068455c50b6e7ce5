"""The tokenizer takes any text, learns words, and takes new tokens."""

from collections import Counter
from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from core.pocket.paths import clip_path, diffusion_path
from core.pocket.train.tokenizer import byte_letters, count_words, learn_merges, train_tokenizer

TEXTS = (
    "a red star to the left of a blue square",
    "An elegant CASTLE über zürich",
    "日本 🚀 \u202e \x00 x",
    "<xyz> temple, <kar> forest!!",
    "",
)


@pytest.fixture(scope="module")
def shipped() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(diffusion_path() / "tokenizer")


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_is_told_in_tokens(shipped: CLIPTokenizer, text: str) -> None:
    """No text is refused, none comes out as unknown, all fit a prompt of 77 tokens."""
    ids = shipped(text, padding="max_length", max_length=77, truncation=True).input_ids
    assert len(ids) == 77
    assert ids[0] == shipped.bos_token_id
    body = ids[1 : ids.index(shipped.eos_token_id)]
    assert all(token < shipped.bos_token_id for token in body)


def test_a_long_text_is_cut(shipped: CLIPTokenizer) -> None:
    """A text of a thousand words becomes 77 tokens that end as they should."""
    ids = shipped("star " * 1000, max_length=77, truncation=True).input_ids
    assert len(ids) == 77
    assert ids[-1] == shipped.eos_token_id


def test_a_new_token_is_one_token(shipped: CLIPTokenizer) -> None:
    """A learned token can be added, is one id, and leaves other words as they were."""
    tokenizer = CLIPTokenizer.from_pretrained(diffusion_path() / "tokenizer")
    before = tokenizer("a photo of a temple").input_ids
    assert tokenizer.add_tokens(["<xyz>"]) == 1
    assert tokenizer("a photo of a temple").input_ids == before
    with_new = tokenizer("a photo of a <xyz> temple").input_ids
    assert len(with_new) == len(before) + 1
    assert tokenizer.convert_tokens_to_ids("<xyz>") in with_new


def test_clip_and_the_pipeline_share_their_tokens(shipped: CLIPTokenizer) -> None:
    """The scoring CLIP and the pipeline tell a text in the same ids."""
    scoring = CLIPTokenizer.from_pretrained(clip_path())
    assert scoring(list(TEXTS)).input_ids == shipped(list(TEXTS)).input_ids


def test_training_learns_words_and_keeps_the_bytes(tmp_path: Path) -> None:
    """A tokenizer trained from nothing has a token for a common word, and bytes for the rest."""
    tokenizer = train_tokenizer(count_words(["a purple temple"] * 50), tmp_path)
    assert tokenizer.tokenize("temple") == ["temple</w>"]
    assert len(tokenizer.tokenize("日本")) == len("日本".encode())
    again = CLIPTokenizer.from_pretrained(tmp_path)
    assert again("a temple in zürich").input_ids == tokenizer("a temple in zürich").input_ids


def test_merges_are_the_commonest_first_and_none_is_rare() -> None:
    """Pairs are joined by count, and those seen seldom not at all."""
    merges = learn_merges(Counter({"aab": 100, "cd": 50, "ef": 3}))
    assert merges[0] in {("a", "a"), ("a", "b</w>")}
    assert ("c", "d</w>") in merges
    assert ("e", "f</w>") not in merges


def test_every_byte_has_a_letter_of_its_own() -> None:
    """All 256 bytes map to distinct printable letters."""
    letters = byte_letters()
    assert len(set(letters.values())) == 256
    assert all(letter.isprintable() and not letter.isspace() for letter in letters.values())
