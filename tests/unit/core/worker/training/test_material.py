"""What a step learns from."""

import torch

from core.worker.training.conditions import encode_captions
from core.worker.training.kept import PER_CAPTION
from core.worker.training.material import Captions, Kept, Material


def rows(count):
    """Latents that say which row they are."""
    return torch.arange(float(count)).view(-1, 1, 1, 1).expand(count, 4, 2, 2)


def kept_of(base, captions, pictures, first=0):
    with torch.no_grad():
        encoded = encode_captions(base, captions)
    latents = rows(2 * pictures) + first if pictures else None
    return Kept(Captions(tuple(captions), encoded), latents, PER_CAPTION)


def draw(material, base, seed=0, batch=32):
    return material.draw(base, batch, torch.Generator().manual_seed(seed))


def numbers(made):
    return made.clean[:, 0, 0, 0]


def test_concept_rows_and_as_many_class_rows(base):
    """Both ways round, and captions beside them."""
    kept = kept_of(base, ["a house", "a house at night"], 2 * PER_CAPTION)
    own, (plain,) = draw(Material(rows(4) + 100, (("a cat",), ("a dog",)), kept), base)
    assert set(numbers(own).tolist()) == {100, 101, 102, 103}
    assert set(numbers(plain).tolist()) <= set(range(4 * PER_CAPTION))
    assert len(plain.clean) == len(own.clean) == 32
    assert len(own.followed_by(plain).conditions.embeds) == 64
    assert plain.frozen is None


def test_every_row_has_a_caption_of_its_own_picture(base):
    """Mirror images are told like their pictures."""
    with torch.no_grad():
        cat, dog = encode_captions(base, ["a cat", "a dog"]).embeds
        own, others = draw(Material(rows(4), (("a cat",), ("a dog",)), None), base)
    assert others == []
    for row, said in zip(numbers(own).tolist(), own.conditions.embeds, strict=True):
        assert torch.allclose(said, dog if row % 2 else cat, atol=1e-5)


def test_captions_are_left_out_at_times(base):
    """Half of the rows say nothing, by the run's own chance."""
    with torch.no_grad():
        cat, nothing = encode_captions(base, ["a cat", ""]).embeds
        own, _ = draw(Material(rows(4), (("a cat",),), None, caption_dropout=0.5), base, batch=64)
    silent = torch.tensor([torch.allclose(e, nothing, atol=1e-5) for e in own.conditions.embeds])
    assert all(torch.allclose(e, cat, atol=1e-5) for e in own.conditions.embeds[~silent])
    assert 0.3 < silent.float().mean() < 0.7


def test_class_rows_have_their_caption_or_the_plain_one(base):
    """No surroundings are named half of the time, and never wrong ones."""
    kept = kept_of(base, ["a house", "a house at night"], 2 * PER_CAPTION)
    made = kept.draw(rows(200), torch.Generator().manual_seed(1))
    plain, night = kept.captions.encoded.embeds
    picture = numbers(made) % (2 * PER_CAPTION)
    is_night = torch.tensor([torch.equal(each, night) for each in made.conditions.embeds])
    assert all(torch.equal(each, plain) for each in made.conditions.embeds[~is_night])
    assert (picture[is_night] >= PER_CAPTION).all()
    assert 0.3 < is_night[picture >= PER_CAPTION].float().mean() < 0.7


def test_without_pictures_the_answers_on_the_concepts_latents_are_kept(base):
    """The same latents, told by captions of the class; what the base is told is kept beside."""
    kept = kept_of(base, ["a house", "a house at night"], 0)
    own, (plain,) = draw(Material(rows(4), (("a cat",),), kept), base)
    assert torch.equal(own.clean, plain.clean)
    assert torch.equal(plain.frozen.embeds, plain.conditions.embeds)
    assert len({e.sum().item() for e in plain.frozen.embeds}) == 2


def test_concepts_underneath_share_with_the_class(base):
    """Half and half; with one row, one of them by chance."""
    kept = kept_of(base, ["a house"], PER_CAPTION)
    under = tuple(kept_of(base, ["a <one> cat"], PER_CAPTION, first=1000 * n) for n in (1, 2))
    material = Material(rows(4), (("a cat",),), kept, under)
    seen = set()
    for seed in range(8):
        _, (plain, other) = draw(material, base, seed=seed, batch=5)
        assert (len(plain.clean), len(other.clean)) == (2, 3)
        assert numbers(plain).max() < 1000 <= numbers(other).min()
        seen.add(int(numbers(other)[0]) // 1000)
    assert seen == {1, 2}
    single = {
        int(numbers(draw(material, base, seed=s, batch=1)[1][0])[0]) // 1000 for s in range(20)
    }
    assert single == {0, 1, 2}


def test_live_captions_have_gradients(base):
    """Where the text encoders learn, captions of what is kept are encoded anew."""
    kept = kept_of(base, ["a house"], PER_CAPTION)
    weight = base.pipe.text_encoder.get_input_embeddings().weight
    weight.requires_grad_(True)
    try:
        _, (plain,) = draw(Material(rows(2), (("a cat",),), kept, live=True), base, batch=2)
        assert plain.conditions.embeds.requires_grad
        _, (plain,) = draw(Material(rows(2), (("a cat",),), kept), base, batch=2)
        assert not plain.conditions.embeds.requires_grad
    finally:
        weight.requires_grad_(False)


def test_the_same_generator_draws_the_same(base):
    """A resumed run sees the same rows."""
    material = Material(rows(6), (("a cat", "cat"),) * 3, None)
    (one, _), (two, _) = (draw(material, base, seed=4) for _ in range(2))
    assert torch.equal(one.clean, two.clean)
    assert torch.equal(one.conditions.embeds, two.conditions.embeds)
