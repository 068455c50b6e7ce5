"""Every training method on the pocket model, from its pictures to a version that draws."""

import pytest
import torch

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.presets import TEACHING, recipe_of
from core.domain.recipes import Method, Optimizer, Preset, Prior, Recipe
from core.domain.requests import ImagineRequest
from core.errors import ModelFault
from core.precision import half_on_cpu
from core.worker.artifact import unpack
from core.worker.families import FAMILIES
from core.worker.imagine import Imaginer
from core.worker.models import load_base
from core.worker.samples import SEEDS
from core.worker.stack import Stacks
from core.worker.training import checkpoint, company
from core.worker.training.course import Teacher
from core.worker.training.dataset import Bucket, Views
from core.worker.training.lesson import Lesson
from core.worker.training.material import Material
from core.worker.training.methods.table import METHODS
from core.worker.training.optimizers import check_optimizer
from core.worker.training.parts import Bench
from core.worker.training.parts.word import Word, noun_vectors
from core.worker.training.presets import recipe_for
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU, ROUNDED
from tests.unit.core.worker.training.conftest import finish, new_ticket, saved_in

PARTS = {
    Method.DREAMBOOTH_LORA: {"lora"},
    Method.DREAMBOOTH_LORA_TEXT: {"lora", "text"},
    Method.TEXTUAL_INVERSION: set(),
    Method.PIVOTAL: {"lora"},
    Method.DREAMBOOTH: {"delta"},
    Method.HYPERNETWORK: {"hyper"},
}
"""What each has besides a word."""


def recipe(method, **changes):
    values = {
        "method": method, "steps": 6, "batch": 2, "rank": 2, "vectors": 2, "prior_pictures": 0,
        "checkpoint_every": 3, "preview_every": 100, "learning_rate": 0.01, "token_share": 0.4,
    }  # fmt: skip
    return Recipe(**values | changes)


@pytest.mark.parametrize("method", Method)
def test_method_makes_a_version_and_goes_on_bit_for_bit(
    base, calm, quick, stacks, imaginer, storage, request_of, apart, method
):
    """It has the parts it should; resumed half way it is the same; it draws as its samples do.

    Afterwards the base model is what it was.
    """
    own = stacks.extras.differences.parameters
    stacks.wear(())
    before = {key: value.detach().clone() for key, value in own.items()}
    whole, told = calm(request_of(recipe=recipe(method)))
    made = unpack(storage.get(whole.artifact))
    assert {part for part in ("lora", "text", "delta", "hyper") if getattr(made, part)} == (
        PARTS[method]
    )
    assert made.vectors == 2
    assert all(not torch.equal(learned, start) for learned, start in made.tokens)

    keys = saved_in(told)
    assert [checkpoint.unpack(storage.get(key)).step for key in keys] == [3, 6]
    newcomer = Teacher(quick, stacks, imaginer, storage)
    again = new_ticket([], checkpoint=keys[0])
    resumed = finish(newcomer.run(request_of(recipe=recipe(method)), again))
    assert (resumed.artifact, resumed.samples) == (whole.artifact, whole.samples)

    assert len(set(whole.samples)) == 6
    stack = (StackEntry(concept_id=1, version_id=1, name="orb", class_noun="circle",
                        kind="subject", artifact=whole.artifact),)  # fmt: skip
    wishes = [
        ImagineRequest(
            prompt="a photo of a <orb> circle", seeds=(seed,), stack=stack, stacking=Stacking.APART
        )
        for seed in SEEDS
    ]
    drawn = [imaginer.run(wish, new_ticket([])).images[0].key for wish in wishes]
    assert max(map(apart, drawn, whole.samples[1::2])) <= ROUNDED
    stacks.wear(())
    assert all(torch.equal(own[key], before[key]) for key in own)
    assert not any(p.requires_grad for p in base.pipe.unet.parameters())


@pytest.mark.parametrize("method", Method)
def test_jobs_between_steps_see_nothing_of_what_is_taught(
    calm, teacher, imaginer, request_of, method
):
    """A plain image between all slices is always the same, and the version too."""
    course = request_of(recipe=recipe(method))
    wish = ImagineRequest(prompt="a circle", seeds=(1,), num_inference_steps=1)

    def drawn():
        return imaginer.run(wish, new_ticket([])).images[0].key

    undisturbed, _ = calm(course)
    alone, seen = drawn(), []
    busy = finish(teacher.run(course, new_ticket([])), between=lambda: seen.append(drawn()))
    assert busy.artifact == undisturbed.artifact
    assert len(seen) >= 3
    assert set(seen) == {alone}


@pytest.mark.parametrize("method", Method)
def test_steps_lead_downhill(quick, stacks, teacher, request_of, method):
    """On one picture with the same noise again and again, the loss falls."""
    exact = {"precision": "float32"}  # a word's first steps are small beside half's rounding
    request = request_of(recipe=recipe(method, steps=30, vectors=1, learning_rate=2e-3, **exact))
    lesson = Lesson(Bench(quick, stacks, request, request.recipe, adapter="downhill"))
    speller = lesson.wear()
    shown = torch.randn((1, 4, 16, 16), generator=torch.Generator().manual_seed(1))
    try:
        material = Material([Bucket(Views(shown), (0,))], ((speller("a <orb> circle"),),), None)
        chance = torch.Generator().manual_seed(3).get_state()
        losses = []
        for _ in range(12):
            lesson._random.set_state(chance)
            losses.append(lesson.learn(material))
    finally:
        lesson.close()
    assert losses[-1] < losses[0]


def test_every_method_is_in_the_table_and_has_a_preset():
    """A person can choose each by its name, for each family."""
    assert METHODS.keys() == set(Method)
    for family in TEACHING:
        presets = {preset: recipe_of(family, preset, thing=False) for preset in Preset}
        assert {made.method for made in presets.values()} == set(Method)
        assert all(made.preset is preset for preset, made in presets.items())
        assert all(Recipe.model_validate(made.model_dump()) == made for made in presets.values())
        assert presets[Preset.DREAMBOOTH_LORA] == TEACHING[family].recipe


def test_words_are_found_where_there_is_a_list_of_them():
    """What is said of `words_first` before a job is queued is true of the worker's own tables."""
    assert TEACHING.keys() == FAMILIES.keys()
    for name, family in FAMILIES.items():
        found = bool(family.looks_of_things), bool(family.looks_of_places)
        assert found == (TEACHING[name].finds_words,) * 2


def test_published_recipes_are_as_published():
    """Rate 5e-4 scaled by a batch of 4, 2,000 steps, fp16, checkpointing, seed 42, every 250."""
    made = recipe_of("sd1", Preset.INVERSION_2000, thing=True)
    assert (made.method, made.steps, made.batch) == (Method.TEXTUAL_INVERSION, 2000, 4)
    assert made.token_learning_rate == pytest.approx(5e-4 * 4)
    assert (made.precision, made.gradient_checkpointing) == ("float16", True)
    assert (made.seed, made.checkpoint_every) == (42, 250)
    diffusers = recipe_of("sd1", Preset.DIFFUSERS, thing=True)
    assert (diffusers.rank, diffusers.learning_rate, diffusers.batch) == (4, 1e-4, 1)
    assert (diffusers.prior, diffusers.token_learning_rate) == (Prior.NONE, 0)
    assert diffusers.weight_decay == 1e-2
    for published in (made, diffusers):
        assert (published.hold_out_from, published.patience) == (0, 0)
        assert not published.holds_out(20)
    prodigy = recipe_of("sd1", Preset.PIVOTAL_PRODIGY, thing=True)
    assert (prodigy.method, prodigy.optimizer) == (Method.PIVOTAL, Optimizer.PRODIGY)
    check_optimizer(prodigy, device="cpu")


def test_request_goes_before_the_preset(request_of):
    """Its steps and settings are put over the preset's; a CPU has another half precision."""
    request = request_of(
        recipe=None, preset=Preset.INVERSION_2000, steps=7, settings={"vectors": 3, "rank": 2}
    )
    made = recipe_for(request, FAMILIES["pocket"], device="cpu")
    assert (made.steps, made.vectors, made.rank) == (7, 3, 2)
    assert f"torch.{made.precision}" == str(half_on_cpu())
    assert made.preset == Preset.INVERSION_2000
    assert recipe_for(request, FAMILIES["pocket"], device="cuda").precision == "float16"


def test_recipe_names_the_seed_that_counts(request_of):
    """A setting's before a preset's before the job's own, which `off` asks for."""
    for preset, settings, seed in (
        (Preset.PIVOTAL, {}, 9),
        (Preset.INVERSION_2000, {}, 42),
        (Preset.INVERSION_2000, {"seed": 0}, 0),
        (Preset.INVERSION_2000, {"seed": None}, 9),
    ):
        request = request_of(recipe=None, preset=preset, settings=settings, seed=9)
        assert recipe_for(request, FAMILIES["pocket"], device="cpu").seed == seed


def test_method_is_what_is_usual_for_the_base_model_unless_one_is_chosen(request_of):
    """The embedded model can say what things look like; a large one is taught by an adapter too."""
    unsaid, chosen = request_of(recipe=None), request_of(recipe=None, preset=Preset.PIVOTAL)
    small, large = (recipe_for(unsaid, FAMILIES[name], device="cpu") for name in ("pocket", "sdxl"))
    assert (small.preset, small.method) == ("textual-inversion", Method.TEXTUAL_INVERSION)
    assert (small.prior, small.company, small.words_first) == (Prior.NONE, 12, True)
    assert (large.preset, large.method, large.company) == (
        "dreambooth-lora", Method.DREAMBOOTH_LORA, 0,
    )  # fmt: skip
    for family in FAMILIES.values():
        assert recipe_for(chosen, family, device="cpu").method is Method.PIVOTAL


def test_styles_are_taught_by_an_adapter(request_of):
    """There are no words for them; the embedded model shows other things in them."""
    request = request_of(recipe=None, concept_kind=ConceptKind.STYLE)
    small, large = (recipe_for(request, FAMILIES[name], device="cpu") for name in ("pocket", "sd1"))
    assert (small.method, small.prior, small.company) == (Method.DREAMBOOTH_LORA, Prior.NONE, 192)
    assert small.caption_dropout
    assert not small.flips
    assert large == TEACHING["sd1"].recipe.model_copy(update={"seed": request.seed})


@pytest.mark.parametrize("preset", [Preset.DIFFUSERS, Preset.INVERSION_2000])
def test_published_recipes_are_the_same_for_styles(preset):
    """Nothing of ours is added to them; an adapter's rate and rank count where there is one."""
    for family in TEACHING:
        style, other = recipe_of(family, preset, style=True), recipe_of(family, preset)
        if style.method is Method.TEXTUAL_INVERSION:
            adapter = {"learning_rate": other.learning_rate, "rank": other.rank}
            style = style.model_copy(update=adapter)
        assert style == other


def test_places_are_words_as_things_are(request_of):
    """And are painted beside nothing."""
    place = request_of(recipe=None, class_noun="pine forest")
    made = recipe_for(place, FAMILIES["pocket"], device="cpu")
    assert (made.method, made.words_first) == (Method.TEXTUAL_INVERSION, True)
    assert not company.wanted(place, made)


def test_word_that_does_not_learn_means_nothing(quick, stacks, request_of):
    """In place of a rare word: as long as the noun's vector, another direction, always the same."""
    request = request_of(recipe=recipe(Method.TEXTUAL_INVERSION, token_learning_rate=0, vectors=1))
    bench = Bench(quick, stacks, request, request.recipe, adapter="none")
    (word,), (noun,) = Word(bench).start, noun_vectors(quick, "circle")
    assert word.norm() == pytest.approx(noun.norm().item(), rel=1e-4)
    assert abs(torch.cosine_similarity(word, noun, dim=0)) < 0.6
    assert torch.equal(word, Word(bench).start[0])


def test_captions_of_a_word_that_does_not_learn_are_encoded_once(
    teacher, request_of, storage, monkeypatch
):
    """The same adapter comes out as where they are encoded at every step."""
    still = recipe(Method.DREAMBOOTH_LORA, token_learning_rate=0, batch=1, steps=3)
    once = finish(teacher.run(request_of(recipe=still), new_ticket([])))
    monkeypatch.setattr(Lesson, "teaches_words", True)
    anew = finish(teacher.run(request_of(recipe=still), new_ticket([])))
    made, reference = (unpack(storage.get(one.artifact)).lora for one in (once, anew))
    assert all(torch.allclose(made[key], reference[key], atol=1e-6) for key in reference)


@pytest.mark.parametrize(
    ("method", "changes", "learns"),
    [
        (Method.DREAMBOOTH_LORA, {}, True),
        (Method.DREAMBOOTH_LORA, {"token_learning_rate": 0}, False),
        (Method.DREAMBOOTH_LORA_TEXT, {"token_learning_rate": 0}, True),
    ],
)
def test_lesson_knows_whether_captions_are_read_anew(
    quick, stacks, request_of, method, changes, learns
):
    """As long as the word or a text encoder learns."""
    request = request_of(recipe=recipe(method, **changes))
    lesson = Lesson(Bench(quick, stacks, request, request.recipe, adapter="reads"))
    try:
        assert lesson.teaches_words is learns
    finally:
        lesson.close()


def test_word_comes_first_and_then_the_adapter():
    """In pivotal tuning the adapter rests while the word learns, then the word goes on slowly."""
    made = recipe(Method.PIVOTAL, steps=10, token_share=0.3, token_after=0.1)
    pace = METHODS[Method.PIVOTAL].pace
    paces = [(pace("token", step, made), pace("adapter", step, made)) for step in range(10)]
    assert paces == [(1.0, 0.0)] * 3 + [(0.1, 1.0)] * 7


def test_word_rests_when_prodigy_has_found_it(teacher, storage, request_of):
    """A whole run of the preset, shortened: the word is the pivot, and stays where it was."""
    told, steps = [], {"steps": 6, "token_share": 0.5, "checkpoint_every": 3, "prior_pictures": 0}
    small = {"batch": 2, "rank": 2, "preview_every": 100, "company": 0}
    request = request_of(recipe=None, preset=Preset.PIVOTAL_PRODIGY, settings=small | steps)
    finish(teacher.run(request, new_ticket(told)))
    first, last = (checkpoint.unpack(storage.get(key)).parts for key in saved_in(told))
    assert all(torch.equal(first["token"][key], last["token"][key]) for key in first["token"])
    assert any(v.any() for k, v in last["adapter"].items() if "lora_B" in k)


def test_resting_part_does_not_move(quick, stacks, storage, teacher, request_of):
    """While the word learns alone the adapter stays without effect, bit for bit."""
    told = []
    made = recipe(Method.PIVOTAL, steps=6, token_share=0.5, token_after=0.0)
    finish(teacher.run(request_of(recipe=made), new_ticket(told)))
    keys = saved_in(told)
    first, last = (checkpoint.unpack(storage.get(key)).parts for key in keys)
    assert all(not v.any() for k, v in first["adapter"].items() if "lora_B" in k)
    assert any(v.any() for k, v in last["adapter"].items() if "lora_B" in k)
    assert all(torch.equal(first["token"][k], last["token"][k]) for k in first["token"])


def test_checkpoint_of_another_recipe_is_a_fault(calm, teacher, request_of):
    """Weights that do not fit are never half loaded."""
    _, told = calm(request_of(recipe=recipe(Method.DREAMBOOTH_LORA)))
    key = saved_in(told)[0]
    other = request_of(recipe=recipe(Method.DREAMBOOTH_LORA, rank=3))
    with pytest.raises(ModelFault, match="does not fit"):
        finish(teacher.run(other, new_ticket([], checkpoint=key)))


@pytest.mark.parametrize("method", [Method.DREAMBOOTH_LORA_TEXT, Method.HYPERNETWORK])
def test_two_text_encoders_are_taught_too(tmp_path, storage, request_of, method):
    """SDXL's second encoder has its own adapter and its own rows of the word."""
    base = load_base(str(tiny.sdxl(tmp_path)), device=CPU, dtype=torch.float32)
    stacks = Stacks(base, storage)
    teacher = Teacher(base, stacks, Imaginer(base, stacks, storage), storage)
    request = request_of(recipe=recipe(method, steps=2))
    made = unpack(storage.get(finish(teacher.run(request, new_ticket([]))).artifact))
    assert [token.shape[1] for token in made.tokens] == [2, 2]
    if method is Method.DREAMBOOTH_LORA_TEXT:
        ups = [[v for k, v in part.items() if "lora_B" in k] for part in made.text]
        assert len(ups) == 2
        # SDXL reads the last layer but one, so the last layer of the first encoder learns nothing
        assert all(any(up.any() for up in part) for part in ups)


def test_parents_differences_stay_underneath(teacher, storage, stacks, request_of):
    """Full DreamBooth on top of another of its kind stores its own difference alone."""
    first = finish(
        teacher.run(request_of(recipe=recipe(Method.DREAMBOOTH, steps=2)), new_ticket([]))
    )
    parent = StackEntry(concept_id=2, version_id=2, name="one", class_noun="circle",
                        kind="subject", artifact=first.artifact)  # fmt: skip
    changes = {"recipe": recipe(Method.DREAMBOOTH, steps=1, learning_rate=1e-6)}
    second = finish(teacher.run(request_of(parents=(parent,), **changes), new_ticket([])))
    delta = unpack(storage.get(second.artifact)).delta
    assert max(value.float().abs().max() for value in delta.values()) < 1e-5
    sizes = [[v.float().norm() for v in unpack(storage.get(m.artifact)).delta.values()]
             for m in (first, second)]  # fmt: skip
    assert sum(sizes[0]) > 100 * sum(sizes[1])
