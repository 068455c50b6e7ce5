"""Learned words in files."""

import pytest
import torch
from safetensors.torch import load, save

from core.errors import InvalidInput
from core.worker.formats.files import open_file
from core.worker.formats.words import is_word, read_word, write_word


def test_words_of_every_tool_are_read():
    """A1111's and ComfyUI's names, and diffusers', whose key is the word itself."""
    rows = torch.randn(3, 8)
    for name in ("emb_params", "<xyz>", "clip_l"):
        assert is_word({name: rows})
        assert torch.equal(read_word({name: rows}, (8,))[0], rows)
    assert torch.equal(read_word({"<xyz>": rows[0].half()}, (8,))[0], rows[:1].half().float())


def test_words_for_two_encoders_keep_their_order():
    """CLIP-L is SDXL's first encoder and CLIP-G its second."""
    first, second = torch.randn(2, 8), torch.randn(2, 12)
    assert is_word({"clip_g": second, "clip_l": first})
    read = read_word({"clip_g": second, "clip_l": first}, (8, 12))
    assert [torch.equal(a, b) for a, b in zip(read, (first, second), strict=True)] == [True, True]


@pytest.mark.parametrize("widths", [(8,), (8, 12)])
def test_what_is_written_is_read_again(widths):
    """One encoder or two."""
    vectors = tuple(torch.randn(2, width) for width in widths)
    back = read_word(load(save(write_word(vectors))), widths)
    assert all(torch.equal(a, b) for a, b in zip(back, vectors, strict=True))


def test_adapters_are_no_words():
    """Keys with dots are layers."""
    assert not is_word({"unet.x.lora_A.weight": torch.ones(2, 2)})
    assert not is_word({"a": torch.ones(1), "b": torch.ones(1)})
    assert not is_word({})


@pytest.mark.parametrize(
    ("tensors", "widths", "reason"),
    [
        ({"emb_params": torch.ones(1, 9)}, (8,), "8 long.*another base"),
        ({"emb_params": torch.ones(1, 2, 8)}, (8,), "1 × 2 × 8"),
        ({"emb_params": torch.ones(1, 8, dtype=torch.int32)}, (8,), "another base"),
        ({"emb_params": torch.ones(25, 8)}, (8,), "25 vectors; 1 to 24"),
        ({"emb_params": torch.ones(0, 8)}, (8,), "0 vectors"),
        ({"emb_params": torch.full((1, 8), float("nan"))}, (8,), "damaged"),
        ({"emb_params": torch.ones(1, 8)}, (8, 12), "one text encoder.*has 2"),
        ({"clip_l": torch.ones(1, 8), "clip_g": torch.ones(1, 12)}, (8,), "2 text encoders"),
    ],
)
def test_words_that_do_not_fit_are_refused(tensors, widths, reason):
    """With what is wrong with them."""
    with pytest.raises(InvalidInput, match=reason):
        read_word(tensors, widths)


def test_files_are_opened_whole_or_not():
    """Tensors with metadata; a damaged file is refused with a word."""
    data = save({"x": torch.ones(2)}, metadata={"ss_output_name": "me"})
    tensors, metadata = open_file(data)
    assert tensors["x"].tolist() == [1, 1]
    assert metadata == {"ss_output_name": "me"}
    assert open_file(save({"x": torch.ones(1)}))[1] == {}
    for broken in (b"", data[:-1], data[:20], b"\xff" * 64):
        with pytest.raises(InvalidInput, match="damaged"):
            open_file(broken)
