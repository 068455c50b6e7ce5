"""What a step learns from."""

import torch

from core.worker.training.conditions import encode_captions
from core.worker.training.dataset import Bucket, Views
from core.worker.training.kept import PER_CAPTION
from core.worker.training.material import Captions, Kept, Material, Rows, together


def rows(count):
    """Latents that say which row they are."""
    return torch.arange(float(count)).view(-1, 1, 1, 1).expand(count, 4, 2, 2)


def shown(latents, of=(0, 1)):
    """One bucket of pictures that are all of one size."""
    return [Bucket(Views(latents), of)]


def kept_of(base, captions, pictures, first=0):
    with torch.no_grad():
        encoded = encode_captions(base, captions)
    views = Views(rows(2 * pictures) + first) if pictures else None
    return Kept(Captions(tuple(captions), encoded), views, PER_CAPTION)


def draw(material, base, seed=0, batch=32, *, parents=False):
    return material.draw(base, batch, torch.Generator().manual_seed(seed), parents=parents)


def numbers(made):
    return made.clean[:, 0, 0, 0]


def test_concept_rows_and_as_many_class_rows(base):
    """Both ways round, and captions beside them."""
    kept = kept_of(base, ["a house", "a house at night"], 2 * PER_CAPTION)
    own, (plain,) = draw(Material(shown(rows(4) + 100), (("a cat",), ("a dog",)), kept), base)
    assert set(numbers(own).tolist()) == {100, 101, 102, 103}
    assert set(numbers(plain).tolist()) <= set(range(4 * PER_CAPTION))
    assert len(plain.clean) == len(own.clean) == 32
    assert len(own.followed_by(plain).conditions.embeds) == 64
    assert plain.frozen is None


def test_every_row_has_a_caption_of_its_own_picture(base):
    """Mirror images are told like their pictures."""
    with torch.no_grad():
        cat, dog = encode_captions(base, ["a cat", "a dog"]).embeds
        own, others = draw(Material(shown(rows(4)), (("a cat",), ("a dog",)), None), base)
    assert others == []
    for row, said in zip(numbers(own).tolist(), own.conditions.embeds, strict=True):
        assert torch.allclose(said, dog if row % 2 else cat, atol=1e-5)


def test_mirror_images_are_told_as_they_are(base):
    """What is left of something in a picture is right of it in the other."""
    said = ("a cat to the left of a dog", "a cat to the right of a dog")
    with torch.no_grad():
        told = encode_captions(base, list(said)).embeds
        own, _ = draw(Material(shown(rows(2), (0,)), ((said[0],),), None), base)
    for row, words in zip(numbers(own).tolist(), own.conditions.embeds, strict=True):
        assert torch.allclose(words, told[int(row)], atol=1e-5)


def test_captions_are_left_out_at_times(base):
    """Half of the rows say nothing, by the run's own chance."""
    with torch.no_grad():
        cat, nothing = encode_captions(base, ["a cat", ""]).embeds
        own, _ = draw(
            Material(shown(rows(4), (0,)), (("a cat",),), None, caption_dropout=0.5), base, batch=64
        )
    silent = torch.tensor([torch.allclose(e, nothing, atol=1e-5) for e in own.conditions.embeds])
    assert all(torch.allclose(e, cat, atol=1e-5) for e in own.conditions.embeds[~silent])
    assert 0.3 < silent.float().mean() < 0.7


def test_class_rows_have_their_caption_or_the_plain_one(base):
    """No surroundings are named half of the time, and never wrong ones."""
    kept = kept_of(base, ["a house", "a house at night"], 2 * PER_CAPTION)
    made = kept.draw(Views(rows(200)), torch.Generator().manual_seed(1))
    plain, night = kept.captions.encoded.embeds
    picture = numbers(made) % (2 * PER_CAPTION)
    is_night = torch.tensor([torch.equal(each, night) for each in made.conditions.embeds])
    assert all(torch.equal(each, plain) for each in made.conditions.embeds[~is_night])
    assert (picture[is_night] >= PER_CAPTION).all()
    assert 0.3 < is_night[picture >= PER_CAPTION].float().mean() < 0.7


def test_without_pictures_the_answers_on_the_concepts_latents_are_kept(base):
    """The same latents, told by captions of the class; what the base is told is kept beside."""
    kept = kept_of(base, ["a house", "a house at night"], 0)
    own, (plain,) = draw(Material(shown(rows(4), (0,)), (("a cat",),), kept), base)
    assert torch.equal(own.clean, plain.clean)
    assert torch.equal(plain.frozen.embeds, plain.conditions.embeds)
    assert len({e.sum().item() for e in plain.frozen.embeds}) == 2


def test_one_of_the_parents_is_kept_while_they_are_at_work(base):
    """Else the class; as many rows of it as of the concept."""
    kept = kept_of(base, ["a house"], PER_CAPTION)
    under = tuple(kept_of(base, ["a <one> cat"], PER_CAPTION, first=1000 * n) for n in (1, 2))
    material = Material(shown(rows(4), (0,)), (("a cat",),), kept, under)
    for parents, expected in ((False, {0}), (True, {1, 2})):
        seen = set()
        for seed in range(8):
            _, (other,) = draw(material, base, seed=seed, batch=5, parents=parents)
            assert len(other.clean) == 5
            seen |= {int(number) // 1000 for number in numbers(other)}
        assert seen == expected


def test_nothing_is_kept_where_nothing_is_replayed(base):
    """Pictures of the plain class were drawn without parents, so they say nothing of them."""
    kept = kept_of(base, ["a house"], PER_CAPTION)
    material = Material(shown(rows(4), (0,)), (("a cat",),), kept)
    assert draw(material, base, parents=True)[1] == []


def test_live_captions_have_gradients(base):
    """Where the text encoders learn, captions of what is kept are encoded anew."""
    kept = kept_of(base, ["a house"], PER_CAPTION)
    weight = base.pipe.text_encoder.get_input_embeddings().weight
    weight.requires_grad_(True)
    try:
        _, (plain,) = draw(
            Material(shown(rows(2), (0,)), (("a cat",),), kept, live=True), base, batch=2
        )
        assert plain.conditions.embeds.requires_grad
        _, (plain,) = draw(Material(shown(rows(2), (0,)), (("a cat",),), kept), base, batch=2)
        assert not plain.conditions.embeds.requires_grad
    finally:
        weight.requires_grad_(False)


def test_captions_are_encoded_once_where_nothing_reads_them_anew(base):
    """Each when it is first drawn, as it is encoded otherwise; the text encoder rests then."""
    pictures, said = shown(rows(4)), (("a cat on a beach", "a cat"), ("a dog",))
    once, anew = Material(pictures, said, None, spoken={}), Material(pictures, said, None)
    calls = []
    hook = base.pipe.text_encoder.register_forward_hook(lambda *_: calls.append(1))
    try:
        made = [draw(once, base, seed=seed)[0] for seed in (1, 2, 3)]
    finally:
        hook.remove()
    assert len(calls) == len(once.spoken) == 3
    for seed, own in zip((1, 2, 3), made, strict=True):
        with torch.no_grad():
            reference, _ = draw(anew, base, seed=seed)
        assert torch.equal(own.clean, reference.clean)
        assert torch.allclose(own.conditions.embeds, reference.conditions.embeds, atol=1e-5)


def test_the_same_generator_draws_the_same(base):
    """A resumed run sees the same rows."""
    material = Material(shown(rows(6), (0, 1, 2)), (("a cat", "cat"),) * 3, None)
    (one, _), (two, _) = (draw(material, base, seed=4) for _ in range(2))
    assert torch.equal(one.clean, two.clean)
    assert torch.equal(one.conditions.embeds, two.conditions.embeds)


def wide(count, first):
    """Latents of another shape that say which row they are."""
    return (torch.arange(float(count)) + first).view(-1, 1, 1, 1).expand(count, 4, 2, 4)


def test_a_batch_is_of_one_bucket(base):
    """Each picture's turn comes as often as with one bucket, told by its own caption."""
    with torch.no_grad():
        told = encode_captions(base, ["a cat", "a dog", "an owl"]).embeds
    buckets = [Bucket(Views(rows(4)), (0, 2)), Bucket(Views(wide(2, 100)), (1,))]
    material = Material(buckets, (("a cat",), ("a dog",), ("an owl",)), None)
    seen = []
    for seed in range(60):
        own, _ = draw(material, base, seed=seed, batch=2)
        seen.append(own.size)
        for number, said in zip(numbers(own).tolist(), own.conditions.embeds, strict=True):
            picture = 1 if number >= 100 else (0, 2)[int(number) % 2]
            assert torch.allclose(said, told[picture], atol=1e-5)
    assert set(seen) == {(4, 2, 2), (4, 2, 4)}
    assert 10 <= seen.count((4, 2, 4)) <= 30


def test_one_bucket_takes_no_chance_more_than_the_rows(base):
    """What square pictures are shown in which order has not changed by there being buckets."""
    own, _ = draw(Material(shown(rows(6), (0, 1, 2)), (("a cat",),) * 3, None), base, seed=5)
    index = torch.randint(0, 6, (32,), generator=torch.Generator().manual_seed(5))
    assert numbers(own).tolist() == index.tolist()


def test_masks_go_with_their_rows_and_what_is_kept_is_whole(base):
    """The rows of the concept are weighed by cell, those of the class are not."""
    cells = torch.rand((4, 1, 2, 2))
    kept = kept_of(base, ["a house"], PER_CAPTION)
    bucket = Bucket(Views(rows(4), cells), (0, 1))
    own, (plain,) = draw(Material([bucket], (("a cat",), ("a dog",)), kept), base, batch=3)
    assert torch.equal(own.views.cells, cells[numbers(own).long()])
    assert plain.views.cells is None
    (both,) = together([own, plain])
    assert torch.equal(both.views.cells[:3], own.views.cells)
    assert torch.equal(both.views.cells[3:], torch.ones(3, 1, 2, 2))
    answers = kept_of(base, ["a house"], 0)
    own, (plain,) = draw(Material([bucket], (("a cat",), ("a dog",)), answers), base, batch=3)
    assert torch.equal(own.clean, plain.clean)
    assert plain.views.cells is None


def test_rows_of_one_size_are_learned_together(base):
    """The others apart, and none is lost."""
    with torch.no_grad():
        told = encode_captions(base, ["a cat", "a dog"])
    made = [Rows(Views(latents), told) for latents in (rows(2), wide(2, 9), rows(2) + 5)]
    first, other = together(made)
    assert numbers(first).tolist() == [0, 1, 5, 6]
    assert len(first.conditions.embeds) == 4
    assert numbers(other).tolist() == [9, 10]
    assert [len(each.clean) for each in together(made[1:])] == [2, 2]
