"""What a step learns from."""

import torch

from core.worker.training.conditions import encode_captions
from core.worker.training.material import PER_CAPTION, Material, Prior


def rows(count):
    """Latents that say which row they are."""
    return torch.arange(float(count)).view(-1, 1, 1, 1).expand(count, 4, 2, 2)


def prior_of(base, captions, pictures):
    with torch.no_grad():
        return Prior(rows(2 * pictures), encode_captions(base, captions))


def draw(material, base, seed=0, batch=32):
    return material.draw(base, batch, torch.Generator().manual_seed(seed))


def test_concept_rows_come_first_and_class_rows_after(base):
    """As many of each, both ways round, and captions beside them."""
    prior = prior_of(base, ["a house", "a house at night"], 2 * PER_CAPTION)
    material = Material(rows(4) + 100, (("a cat",), ("a dog",)), prior)
    clean, conditions = draw(material, base)
    own, kept = clean[:32, 0, 0, 0], clean[32:, 0, 0, 0]
    assert set(own.tolist()) == {100, 101, 102, 103}
    assert set(kept.tolist()) == set(range(4 * PER_CAPTION)) & set(kept.tolist())
    assert len(conditions.embeds) == len(clean) == 64


def test_every_row_has_a_caption_of_its_own_picture(base):
    """Mirror images are told like their pictures."""
    with torch.no_grad():
        cat, dog = encode_captions(base, ["a cat", "a dog"]).embeds
        clean, conditions = draw(Material(rows(4), (("a cat",), ("a dog",)), None), base)
    for row, said in zip(clean[:, 0, 0, 0].tolist(), conditions.embeds, strict=True):
        assert torch.allclose(said, dog if row % 2 else cat, atol=1e-5)


def test_class_rows_have_their_caption_or_the_plain_one(base):
    """No surroundings are named half of the time, and never wrong ones."""
    prior = prior_of(base, ["a house", "a house at night"], 2 * PER_CAPTION)
    clean, said = prior.draw(200, torch.Generator().manual_seed(1))
    plain, night = prior.captions.embeds
    picture = clean[:, 0, 0, 0] % (2 * PER_CAPTION)
    is_night = torch.tensor([torch.equal(each, night) for each in said.embeds])
    assert all(torch.equal(each, plain) for each in said.embeds[~is_night])
    assert (picture[is_night] >= PER_CAPTION).all()
    assert 0.3 < is_night[picture >= PER_CAPTION].float().mean() < 0.7


def test_the_same_generator_draws_the_same(base):
    """A resumed run sees the same rows."""
    material = Material(rows(6), (("a cat", "cat"),) * 3, None)
    (one, said), (two, again) = (draw(material, base, seed=4) for _ in range(2))
    assert torch.equal(one, two)
    assert torch.equal(said.embeds, again.embeds)
