"""How the adapters of a stack are kept apart."""

from dataclasses import replace

import pytest
import torch

from core.domain.concepts import ConceptKind
from core.domain.drawing import Stacking
from core.worker.artifact import pack
from core.worker.engine.asks import STYLE_SHARE
from core.worker.engine.phrases import find_phrases, find_words
from core.worker.engine.reach import Where
from core.worker.engine.spread import plan, regions
from core.worker.given import NOTHING
from tests.unit.core.worker.engine.conftest import finish

SIDE = 8


def blob(left, right, *, peak=0.5):
    """A map that is looked at between two columns."""
    looked = torch.full((SIDE, SIDE), 0.001)
    looked[2:6, left:right] = peak
    return looked


def test_things_have_what_looks_at_them():
    """Each works in its own place and not in the other's; nobody works where nothing is."""
    left, right = regions(torch.stack([blob(0, 3), blob(5, 8)]))
    assert left[4, 1] == right[4, 6] == 1
    assert left[4, 6] < 0.01 > right[4, 1]
    assert left[0, 7] == right[7, 0] == 0


def test_a_place_that_looks_at_two_goes_to_the_stronger():
    """Sharing out leaves the loser little, and the winner all."""
    strong, weak = regions(torch.stack([blob(0, 5, peak=0.6), blob(3, 8, peak=0.25)]))
    assert strong[4, 4] > 0.9
    assert weak[4, 4] < 0.3


@pytest.mark.parametrize("faintly", [0.01, 0.1])
def test_a_scene_has_what_no_thing_has(faintly):
    """Its words are looked at faintly everywhere, so its region is the rest of the picture."""
    thing, scene = regions(torch.stack([blob(0, 3), torch.full((SIDE, SIDE), faintly)]))
    assert thing[4, 1] == 1
    assert scene[4, 1] < 0.01
    assert scene[4, 6] == scene[0, 0] == 1


def test_without_things_all_work_everywhere():
    """Two scenes cannot be told apart by place."""
    assert regions(torch.full((2, SIDE, SIDE), 0.01)).eq(1).all()


def test_one_concept_needs_no_plan():
    """Neither does a style beside one subject, which has no words of its own here."""
    assert plan(((3, 4),), (None,), tokens=9) is None
    assert plan(((3, 4), ()), (None, None), tokens=9) is None


def test_the_first_call_only_looks():
    """Named adapters begin at nothing, a style everywhere; later ones follow the maps."""
    spread = plan(((1,), (3, 4), ()), (None, None, None), tokens=6)
    assert spread.first.regions.flatten().tolist() == [0, 0, 1]
    assert spread.first.words.tolist() == [
        [1, 1, 1, 0, 0, 1],
        [1, 0, 1, 1, 1, 1],
        [1, 0, 1, 0, 0, 1],
    ]
    after = spread.after(torch.stack([blob(0, 3), blob(5, 8), blob(0, 8)]), spread.first)
    assert isinstance(after, Where)
    assert after.regions[2].eq(1).all()
    assert after.regions[0, 4, 1] == 1
    assert after.regions[1, 4, 1] < 0.01


def test_adapters_make_room_for_words_alone():
    """A thing without an adapter is looked for too, and what is confined leaves it its place."""
    spread = plan(((3,),), (None,), tokens=5, words_alone=((1,),))
    assert spread.phrases == ((3,), (1,))
    assert spread.first.regions.flatten().tolist() == [0]
    assert spread.first.words.tolist() == [[1, 0, 1, 1, 1]]
    scene, thing = torch.full((SIDE, SIDE), 0.01), blob(0, 3)
    (reach,) = spread.after(torch.stack([scene, thing]), spread.first).regions
    assert reach[4, 1] < 0.01
    assert reach[4, 6] == reach[0, 0] == 1


def test_words_are_looked_at_from_their_place_alone():
    """What the map shows of them elsewhere takes nothing from who belongs there."""
    left = torch.zeros(SIDE, SIDE)
    left[:, :4] = 1
    maps = torch.stack([blob(0, 3), blob(0, 8, peak=0.9)])
    phrases, places = ((1,), (2,)), (None, None)
    free = plan(phrases, places, tokens=4)
    kept = plan(phrases, places, tokens=4, seen_from=(None, 1 - left))
    assert free.after(maps, free.first).regions[0, 4, 1] < 0.9
    thing, other = kept.after(maps, kept.first).regions
    assert thing[4, 1] == other[4, 6] == 1
    assert maps[1, 4, 1] == 0.9


def test_words_alone_need_no_plan():
    """There is nothing that could be confined."""
    assert plan((), (), tokens=5, words_alone=((1,), (3,))) is None
    assert plan(((3,),), (None,), tokens=5, words_alone=((),)) is None


def test_phrases_are_own_words_and_the_noun_after(base, stacks, make_concept):
    """The class noun belongs to a name only where it follows it."""
    stack = (make_concept("one", seed=1), make_concept("two", seed=2))
    text = stacks.speak(stack)("a <one> house near <two> and a house")
    tokenizer = base.tokenizers[0]
    words = [(stacks.tokens.ids(slot)[:1], "house") for slot in range(2)]
    first, second = find_phrases(tokenizer, text, words)
    spoken = tokenizer.convert_ids_to_tokens(tokenizer(text).input_ids)
    assert [spoken[i] for i in first][1] == "house</w>"
    assert len(first) == 2
    assert len(second) == 1


def test_unnamed_concepts_have_no_words(base, stacks, make_concept):
    """A stack may hold what the prompt does not name."""
    stack = (make_concept("one", seed=1),)
    text = stacks.speak(stack)("a house")
    assert find_phrases(base.tokenizers[0], text, [(stacks.tokens.ids(0)[:1], "house")]) == ((),)


@pytest.fixture
def two(make_concept, wish):
    """A request for two concepts, kept apart."""
    stack = (make_concept("one", seed=1), make_concept("two", seed=2))
    return wish(
        prompt="a <one> house left of a <two> house",
        stack=stack,
        stacking=Stacking.APART,
        num_inference_steps=8,
    )


def test_apart_is_not_the_sum(together, two):
    """Keeping apart changes the picture, and each image follows its own maps."""
    apart, summed = together(two, two.model_copy(update={"stacking": Stacking.SUM}))
    assert not torch.allclose(apart[0].latents, summed[0].latents, atol=1e-2)
    assert apart[0].where.regions.shape == (2, 16, 16)
    assert summed[0].where is None


def test_adapter_leaves_the_place_of_a_word(together, two, stacks, storage):
    """The second concept has no adapter; the first one's is not where the second is looked at."""
    first, second = two.stack
    word = replace(stacks.artifact(second.artifact), lora={})
    spoken = second.model_copy(update={"artifact": storage.put(pack(word))})
    apart = two.model_copy(update={"stack": (first, spoken)})
    alone = apart.model_copy(update={"stack": (first,), "prompt": "a <one> house left of a house"})
    (draft,), (plain,) = together(apart, alone)
    assert draft.where.regions.shape == (1, 16, 16)
    assert draft.where.regions.amin() < 0.5 < draft.where.regions.amax()
    assert plain.where is None


def test_turns_wear_one_adapter_a_step(together, plainly, two):
    """With one concept a turn is every step; with two, neither has them all."""
    one = two.model_copy(update={"stack": two.stack[:1], "stacking": Stacking.SWITCH})
    summed = one.model_copy(update={"stacking": Stacking.SUM})
    both = two.model_copy(update={"stacking": Stacking.SWITCH})
    ours, theirs, (turned,) = together(one, summed, both)
    assert torch.allclose(ours[0].latents, theirs[0].latents, atol=1e-5)
    assert [len(turned.ask.row(step)) for step in range(3)] == [1, 1, 1]
    assert turned.ask.row(0) is turned.ask.row(2) is not turned.ask.row(1)


def test_apart_is_the_same_in_any_company(together, two, wish):
    """Neighbours that keep nothing apart, or have other stacks, leave it as it was."""
    (alone,) = together(two)
    crowded, *_ = together(two, wish(seeds=(5, 6), guidance_scale=1.0), wish(stack=two.stack))
    assert (alone[0].latents - crowded[0].latents).abs().max() < 1e-4


def test_a_place_that_is_told_is_not_looked_for(together, two):
    """One concept alone may have a place too; the other words stay where they are seen."""
    told = two.model_copy(update={"prompt": "a <one> house on the left"})
    (draft,) = together(told)[0]
    own, unnamed = draft.where.regions
    assert own[:, :8].eq(1).all()
    assert own[:, 8:].eq(0).all()
    assert unnamed.eq(1).all()


def test_the_first_look_takes_no_step(studio, two):
    """The picture is drawn in as many steps as were asked for, and one call more."""
    (draft,) = studio.admit(two, owner=1, alone=False, given=NOTHING)
    began = draft.latents
    studio.advance()
    assert draft.done == 0
    assert draft.latents is began
    assert draft.where.regions.shape == (2, 16, 16)
    studio.advance()
    assert draft.done == 1
    finish(studio, [draft])
    assert draft.done == two.num_inference_steps


def test_one_concept_alone_is_drawn_towards(together, wish, make_concept):
    """The unconditional half wears it only where sums are asked for, or were in its day."""
    one = make_concept("one", seed=1)
    asked = wish(prompt="a <one> cat", stack=(one,), stacking=Stacking.APART)
    now, then = (
        asked.model_copy(update={"setup": asked.setup.model_copy(update={"bare": bare})})
        for bare in (True, False)
    )
    summed = now.model_copy(update={"stacking": Stacking.SUM})
    (now,), (before,), (sums,) = together(now, then, summed)
    assert torch.allclose(before.latents, sums.latents, atol=1e-4)
    assert not torch.allclose(now.latents, sums.latents, atol=1e-2)


def test_a_style_is_worn_by_both_halves_in_shares(together, wish, make_concept):
    """With all of its weight in the unconditional half it is drawn as added up, with none of it as
    in old manifests; a subject has no share there.
    """
    one = make_concept("one", seed=1)
    style = one.model_copy(update={"kind": ConceptKind.STYLE})

    def asked(entry, share):
        made = wish(prompt="a cat in <one> style", stack=(entry,), stacking=Stacking.APART)
        setup = made.setup.model_copy(update={"bare": True, "style_share": share})
        return made.model_copy(update={"setup": setup, "guidance_scale": 3.0})

    summed = asked(style, 1.0).model_copy(update={"stacking": Stacking.SUM})
    shares = [asked(style, 0.0), asked(style, STYLE_SHARE), asked(style, 1.0), summed]
    (none,), (usual,), (whole,), (sums,) = together(*shares)
    assert torch.allclose(whole.latents, sums.latents, atol=1e-4)
    assert not torch.allclose(none.latents, usual.latents, atol=1e-2)
    assert not torch.allclose(usual.latents, whole.latents, atol=1e-2)
    (subject,), (bare,) = together(asked(one, 1.0), asked(one, 0.0))
    assert torch.equal(subject.latents, bare.latents)


def test_words_of_a_plain_text_are_found(base):
    """The first mention, and nothing where there is none."""
    tokenizer, text = base.tokenizers[0], "a photo of a house beside a house"
    (at,) = find_words(tokenizer, text, "house")
    ids = tokenizer(text).input_ids
    assert ids[at] == tokenizer("house", add_special_tokens=False).input_ids[0]
    assert at == ids.index(ids[at])
    assert find_words(tokenizer, text, "zebra") == ()
