"""Words that only a part of the picture may look at."""

import pytest
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor
from torch import nn

from core.worker.engine.word_mask import DRAWN, WordMask, shown_words

LIKE = torch.empty(0)
SIZE, TOKENS = (4, 4), 6
WORDS = torch.randn(2, TOKENS, 5, generator=torch.Generator().manual_seed(2))
LEFT = torch.zeros(SIZE)
LEFT[:, :2] = 1


class Block(nn.Module):
    """Self-attention, and cross-attention to the words, each seen alone."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.attn1 = Attention(8, heads=2, dim_head=4)
        self.attn2 = Attention(8, cross_attention_dim=5, heads=2, dim_head=4)
        self.requires_grad_(False)

    def forward(self, picture, words):
        return self.attn1(picture), self.attn2(picture, encoder_hidden_states=words)


@pytest.fixture(params=["fused", "plain"])
def block(request):
    """With diffusers' two ways to compute attention."""
    made = Block()
    if request.param == "plain":
        made.attn2.set_processor(AttnProcessor())
    return made


def mask_on(block):
    """As one of a UNet's blocks."""
    return WordMask(nn.ModuleList([block]))


def picture(positions=16, rows=2):
    return torch.randn(rows, positions, 8, generator=torch.Generator().manual_seed(1))


def reference(block, pixels, words, factors):
    """Attention in which each word counts so often, (positions, tokens), for one row."""
    cross = block.attn2
    parts = cross.to_q(pixels), cross.to_k(words), cross.to_v(words)
    query, key, value = (part.unflatten(-1, (2, 4)).transpose(0, 1) for part in parts)
    looks = (query @ key.mT / 4**0.5).exp() * factors
    seen = looks / looks.sum(-1, keepdim=True) @ value
    return cross.to_out[0](seen.transpose(0, 1).flatten(1))


def test_words_are_seen_from_their_place_alone(block):
    """Elsewhere they are not there at all; the other row and self-attention are as they were."""
    before = block(picture(), WORDS)
    without = block(picture()[:1], WORDS[:1, [0, 1, 4, 5]])[1]
    shown = shown_words(((2, 3), (4,)), (LEFT, None), tokens=TOKENS)
    mask_on(block).show([shown, None], like=LIKE)
    itself, words = block(picture(), WORDS)
    assert torch.equal(itself, before[0])
    assert torch.equal(words[1], before[1][1])
    factors = torch.ones(*SIZE, TOKENS)
    factors[:, :2, 2:4], factors[:, 2:, 2:4] = DRAWN, 0
    expected = reference(block, picture()[0], WORDS[0], factors.flatten(0, 1))
    assert torch.allclose(words[0], expected, atol=1e-5)
    assert torch.allclose(words[0, 2], without[0, 2], atol=1e-5)


def test_without_places_nothing_changes(block):
    """In no bit, also after a call with some."""
    before = block(picture(), WORDS)[1]
    mask = mask_on(block)
    assert torch.equal(block(picture(), WORDS)[1], before)
    mask.show([torch.zeros(TOKENS, *SIZE), None], like=LIKE)
    assert not torch.allclose(block(picture(), WORDS)[1], before)
    mask.show([None, None], like=LIKE)
    assert torch.equal(block(picture(), WORDS)[1], before)


def test_smaller_maps_are_averaged_down(block):
    """A position that is half inside sees a word half as much."""
    shown = torch.ones(TOKENS, *SIZE)
    shown[3] = torch.tensor([[1.0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]])
    mask_on(block).show([shown], like=LIKE)
    factors = torch.ones(4, TOKENS)
    factors[:, 3] = torch.tensor([0.5, 0, 1, 1])
    expected = reference(block, picture(4)[0], WORDS[0], factors)
    assert torch.allclose(block(picture(4, 1), WORDS[:1])[1][0], expected, atol=1e-5)


def test_a_map_of_another_size_is_left_alone(block):
    """No halving of the latents has nine positions."""
    before = block(picture(9), WORDS)[1]
    mask_on(block).show([torch.zeros(TOKENS, *SIZE), None], like=LIKE)
    assert torch.equal(block(picture(9), WORDS)[1], before)


def test_nothing_is_hidden_of_who_has_no_words_or_no_place():
    """Of a concept that the prompt does not name, and of one that it tells no place."""
    assert shown_words(((), (1,)), (LEFT, None), tokens=TOKENS) is None
    assert shown_words((), (), tokens=TOKENS) is None
    shown = shown_words(((1, 2), (4,)), (LEFT, None), tokens=TOKENS)
    assert shown[1:3].eq(DRAWN * LEFT).all()
    assert shown[[0, 3, 4, 5]].eq(1).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_word_that_no_place_sees_is_a_number_in_halves(dtype):
    """Nothing overflows, though all words are hidden from a place."""
    block = Block().to(dtype)
    mask = mask_on(block)
    mask.show([torch.zeros(TOKENS, *SIZE), None], like=torch.empty(0, dtype=dtype))
    assert block(picture().to(dtype), WORDS.to(dtype))[1].isfinite().all()
