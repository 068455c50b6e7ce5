"""Train jobs on the pocket model, and on tiny models of the large families."""

from dataclasses import dataclass, replace

import pytest
import torch
from PIL import Image

from core.dispatch.messages import Cancelled, Checkpointed, Progressed, Trained
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.presets import recipe_of, usual_preset
from core.domain.recipes import Method, Optimizer, Prior
from core.domain.requests import ImagineRequest, entry_of
from core.errors import InvalidInput
from core.worker.artifact import unpack
from core.worker.engine.studio import Studio
from core.worker.formats.files import open_file
from core.worker.imagine import Imaginer, png
from core.worker.models import load_base
from core.worker.samples import SEEDS, samples
from core.worker.stack import Stacks
from core.worker.ticket import Stopped
from core.worker.training import beforehand, checkpoint
from core.worker.training.course import Teacher
from core.worker.training.finished import PREVIEW_SEEDS, strip
from core.worker.training.lesson import Lesson
from core.worker.training.presets import recipe_for
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU, ROUNDED
from tests.unit.core.worker.training.conftest import (
    RECIPE,
    finish,
    new_ticket,
    saved_in,
    usual_request,
)


def notes(told):
    """What the progress said."""
    return [message.progress.note for message in told if isinstance(message, Progressed)]


def adapters_in(base):
    """Names of all adapters that the UNet holds."""
    return set(getattr(base.pipe.unet, "peft_config", {}))


@dataclass(frozen=True)
class Undisturbed:
    """A course that nothing came between: what it made and told, and the model around it."""

    made: Trained
    told: list
    before: set
    after: set


@pytest.fixture(scope="module")
def undisturbed(base, calm, pictures):
    """The usual request of these tests from start to end, for those that look at it or compare."""
    before = adapters_in(base)
    made, told = calm(usual_request(pictures))
    return Undisturbed(made, told, before, adapters_in(base))


def test_course_makes_a_version(base, undisturbed, storage, opened, learned_in):
    """Artifact, samples, preview, checkpoints; afterwards nothing of it is in the model."""
    made, told = undisturbed.made, undisturbed.told
    assert isinstance(made, Trained)
    recipe = RECIPE.model_copy(update={"seed": 1})
    assert (made.model, made.recipe, made.parents) == ("pocket", recipe, ())
    assert made.seconds > 0
    artifact = unpack(storage.get(made.artifact))
    assert artifact.facts["name"] == "orb"
    assert artifact.facts["rank"] == 2
    assert len(artifact.lora) == 140
    _, metadata = open_file(storage.get(made.artifact))
    assert metadata["modelspec.architecture"] == "atelier-pocket/lora"
    assert metadata["modelspec.title"] == "orb"
    assert metadata["modelspec.trigger_phrase"] == "<orb> circle"
    learned, start = artifact.tokens[0]
    assert not torch.equal(learned, start)
    assert [opened(key).size for key in made.samples] == [(64, 64)] * 6
    previews = [m.progress.preview for m in told if isinstance(m, Progressed)]
    assert opened(previews[-1]).size == (128, 64)
    saved = [checkpoint.unpack(storage.get(key)) for key in learned_in(told)]
    assert [one.step for one in saved] == [2, 4]
    assert undisturbed.after <= undisturbed.before | {made.artifact}
    assert not any(p.requires_grad for p in base.pipe.unet.parameters())


@pytest.mark.parametrize(("kind", "noun"), [("subject", "circle"), ("style", "ink")])
def test_previews_have_the_guidance_of_their_kind(
    teacher, request_of, quick, monkeypatch, kind, noun
):
    """A style is drawn by less of it; by the usual much its look would be pushed away."""
    asked, one_by_one = [], Imaginer.one_by_one

    def noting(self, request, wear, **given):
        asked.append(request.guidance_scale)
        return one_by_one(self, request, wear, **given)

    monkeypatch.setattr(Imaginer, "one_by_one", noting)
    recipe = RECIPE.model_copy(update={"prior_pictures": 0, "steps": 1})
    finish(
        teacher.run(request_of(concept_kind=kind, class_noun=noun, recipe=recipe), new_ticket([]))
    )
    assert set(asked) == {quick.family.guidance_for([ConceptKind(kind)])}


def test_version_draws_as_its_samples_show(undisturbed, imaginer, ticket, apart):
    """From the artifact in a stack they come out again one by one, and bit for bit together."""
    made = undisturbed.made
    entry = StackEntry(
        concept_id=1, version_id=1, name="orb", class_noun="circle", kind="subject",
        artifact=made.artifact,
    )  # fmt: skip
    sides = {"a photo of a circle": (), "a photo of a <orb> circle": (entry,)}
    wishes = [
        ImagineRequest(prompt=prompt, seeds=(seed,), stack=stack, stacking=Stacking.APART)
        for seed in SEEDS
        for prompt, stack in sides.items()
    ]
    drawn = [imaginer.run(wish, ticket).images[0].key for wish in wishes]
    assert max(map(apart, drawn, made.samples)) <= ROUNDED
    assert finish(samples(imaginer, *sides, entry, ticket)) == made.samples


def test_resumed_course_is_bit_for_bit_the_undisturbed_one(
    undisturbed, quick, stacks, imaginer, storage, request_of, learned_in
):
    """From a checkpoint in its middle, by a worker that knows nothing else, the same artifact."""
    whole = undisturbed.made
    key = learned_in(undisturbed.told)[0]
    again = new_ticket([], checkpoint=key)
    newcomer = Teacher(quick, stacks, imaginer, storage)
    resumed = finish(newcomer.run(request_of(), again))
    assert resumed.artifact == whole.artifact
    assert resumed.samples == whole.samples


def test_jobs_between_steps_change_nothing_and_see_nothing(
    undisturbed, teacher, imaginer, request_of, make_concept
):
    """Imagine jobs with and without a stack run between all slices; both sides stay the same."""
    stack = (make_concept("one", seed=1),)
    wishes = [
        ImagineRequest(prompt="a <one> circle", seeds=(1,), num_inference_steps=1, stack=stack),
        ImagineRequest(prompt="a circle", seeds=(1,), num_inference_steps=1),
    ]

    def keys():
        return [imaginer.run(wish, new_ticket([])).images[0].key for wish in wishes]

    alone, seen = keys(), []
    busy = finish(
        teacher.run(request_of(), new_ticket([])),
        between=lambda: (torch.manual_seed(0), seen.append(keys())),
    )
    assert busy.artifact == undisturbed.made.artifact
    assert seen
    assert all(each == alone for each in seen)


def test_other_jobs_wait_for_no_more_than_one_picture(
    quick, stacks, storage, request_of, monkeypatch
):
    """Plain pictures and samples go by steps of a batch, previews one by one."""
    studio = Studio(quick, stacks, images=4, adapter_bytes=2**20)
    imaginer = Imaginer(quick, stacks, storage, studio)
    teacher = Teacher(quick, stacks, imaginer, storage)
    work, slices = [], []
    for owner, name in ((imaginer, "draw"), (studio, "advance"), (Lesson, "learn")):
        monkeypatch.setattr(owner, name, noting(getattr(owner, name), work, name))
    request = request_of(class_noun="bowl")
    finish(
        teacher.run(request, new_ticket([])), between=lambda: (slices.append(work[:]), work.clear())
    )
    slices.append(work)
    assert max(map(len, slices)) == 1
    done = [name for each in slices for name in each]
    assert done.count("learn") == RECIPE.steps
    assert done.count("draw") == 2 * len(PREVIEW_SEEDS)
    assert done.count("advance") >= quick.family.in_brief[1] + quick.family.steps


def noting(work, done, name):
    """Does the work, and remembers that it did."""

    def do(*args, **options):
        done.append(name)
        return work(*args, **options)

    return do


def test_parents_are_active_underneath_and_stay_frozen(
    undisturbed, teacher, stacks, request_of, make_concept, storage
):
    """A parent changes what is learned, is recorded, and is not changed itself."""
    parent = make_concept("one", seed=1, weight=0.5)
    before = storage.get(parent.artifact)
    based = finish(teacher.run(request_of(parents=(parent,)), new_ticket([])))
    assert based.parents == (parent,)
    assert unpack(storage.get(based.artifact)).facts["parents"] == [parent.artifact]
    assert based.artifact != undisturbed.made.artifact
    held = stacks.adapters.weights(parent.artifact)
    kept = unpack(before).lora
    assert all(torch.equal(held[key], kept[key]) for key in kept)


def test_samples_and_previews_show_what_people_get(
    teacher, imaginer, request_of, make_concept, ticket, told, apart
):
    """The concept alone, though a parent is at work while it learns; the first preview is that of a
    course without one."""
    parent, alone = make_concept("one", seed=1), []
    request = request_of(parents=(parent,))
    based = finish(teacher.run(request, ticket))
    entry = entry_of(request, based.artifact)
    sides = "a photo of a circle", "a photo of a <orb> circle"
    assert finish(samples(imaginer, *sides, entry, ticket)) == based.samples
    finish(teacher.run(request_of(), new_ticket(alone)))
    assert apart(previews(told)[0], previews(alone)[0]) <= ROUNDED


def previews(told):
    """Storage keys of the previews that were told, in order."""
    shown = [m.progress.preview for m in told if isinstance(m, Progressed)]
    return [key for key in dict.fromkeys(shown) if key]


def test_plain_pictures_are_drawn_once_a_class(
    quick, stacks, imaginer, storage, teacher, request_of, ticket, told, monkeypatch
):
    """The second course of a class begins with the pictures of the first, after a restart too."""
    finish(teacher.run(request_of(class_noun="ring"), ticket))
    assert any("2 of 2" in note for note in notes(told))
    first = checkpoint.unpack(storage.get(ticket.checkpoint)).prior
    monkeypatch.delattr(beforehand, "drawn_together")
    newcomer, later = Teacher(quick, stacks, imaginer, storage), []
    request = request_of(class_noun="ring", name="ball", seed=2)
    finish(newcomer.run(request, new_ticket(later)))
    assert checkpoint.unpack(storage.get(saved_in(later)[-1])).prior == first


def test_parents_are_at_work_in_half_of_the_batches(
    teacher, stacks, request_of, make_concept, monkeypatch
):
    """So the concept holds beside them and alone; a preview shows it alone, as anybody draws it."""
    parents = (make_concept("one", seed=1, weight=0.5),)
    changes = {"steps": 12, "prior": Prior.NONE, "preview_every": 99}
    recipe = RECIPE.model_copy(update=changes)
    wear, worn = stacks.wear, []

    def noting_parents(entries, *, on_top=None, words_alone=False):
        if on_top is not None:
            worn.append(bool(entries) and not words_alone)
        return wear(entries, on_top=on_top, words_alone=words_alone)

    monkeypatch.setattr(stacks, "wear", noting_parents)
    finish(teacher.run(request_of(recipe=recipe, parents=parents), new_ticket([])))
    before, learned = worn[: -recipe.steps], worn[-recipe.steps :]
    assert before
    assert not any(before)
    assert 2 < sum(learned) < 10


def test_parents_are_replayed(teacher, request_of, make_concept, ticket, told, storage):
    """Pictures of what lies underneath are drawn and learned beside those of the class."""
    recipe = RECIPE.model_copy(update={"replay_pictures": 3, "steps": 1})
    parents = (make_concept("one", seed=1, weight=0.5), make_concept("two", seed=2))
    finish(teacher.run(request_of(recipe=recipe, parents=parents), ticket))
    assert any("of 8" in note for note in notes(told))
    saved = checkpoint.unpack(storage.get(ticket.checkpoint))
    assert len(set(saved.prior)) == 8


def test_output_preservation_needs_no_pictures(teacher, request_of, make_concept, told):
    """Nothing is drawn beforehand; the answers matter; parents are underneath."""
    changes = {"prior_pictures": 0, "steps": 2, "preview_every": 9}
    kept = RECIPE.model_copy(update=changes | {"prior": Prior.OUTPUT})
    free = RECIPE.model_copy(update=changes | {"prior": Prior.NONE})
    parent = (make_concept("one", seed=1, weight=0.5),)
    made = [
        finish(teacher.run(request_of(recipe=recipe, parents=parent), new_ticket(told)))
        for recipe in (kept, kept, free)
    ]
    assert not any("plain pictures" in note for note in notes(told))
    assert made[0].artifact == made[1].artifact != made[2].artifact


def test_every_setting_at_once_is_resumed_bit_for_bit(teacher, request_of, storage, learned_in):
    """Average, accumulation, checkpointing, dropout, offset, limits, answers: all in one run."""
    recipe = RECIPE.model_copy(
        update={
            "method": Method.DREAMBOOTH_LORA_TEXT, "optimizer": Optimizer.PRODIGY, "ema": 0.5,
            "accumulation": 2, "gradient_checkpointing": True, "caption_dropout": 0.5,
            "noise_offset": 0.1, "snr_cap": None, "rank_norm_max": 0.5, "flips": False,
            "prior": Prior.OUTPUT, "precision": "float32", "targets": "attention", "seed": 4,
            "preview_every": 9,
        }
    )  # fmt: skip
    told = []
    whole = finish(teacher.run(request_of(recipe=recipe), new_ticket(told)))
    key = learned_in(told)[0]
    again = finish(teacher.run(request_of(recipe=recipe, seed=9), new_ticket([], checkpoint=key)))
    assert again.artifact == whole.artifact
    made = unpack(storage.get(whole.artifact))
    assert made.facts["targets"] == ["to_q", "to_k", "to_v", "to_out.0"]
    assert {key.rsplit(".", 3)[1] for key in made.lora} <= {"to_q", "to_k", "to_v", "to_out", "0"}
    assert made.text


def test_typed_captions_are_what_is_learned(teacher, request_of, ticket):
    """One picture has a caption of its own, the other those of the worker."""
    made = []

    def learn(_lesson, material):
        made.append(material.captions)
        raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.worker.training.lesson.Lesson.learn", learn)
        with pytest.raises(Stopped):
            finish(teacher.run(request_of(captions=("seen from above", "")), ticket))
    ((first, second),) = made
    (said,) = first
    assert said.endswith(" circle, seen from above")
    assert len(second) > 3


@pytest.fixture
def mixed(storage, pictures):
    """Keys of a wide picture, a square one and a tall one; masks of the first and the last."""
    wide = Image.linear_gradient("L").resize((96, 64)).convert("RGB")
    tall = wide.transpose(Image.Transpose.ROTATE_90)
    mask = Image.new("L", (96, 64), 0)
    mask.paste(255, (0, 0, 48, 64))
    keys = (storage.put(png(wide)), pictures[0], storage.put(png(tall)))
    turned = mask.transpose(Image.Transpose.ROTATE_90)
    return keys, (storage.put(png(mask)), "", storage.put(png(turned)))


def test_masks_and_buckets_are_learned_from_and_resumed_bit_for_bit(
    teacher, request_of, mixed, learned_in
):
    """Three shapes, two masks, one held back: the same version after a stop; each matters."""
    keys, masks = mixed
    recipe = RECIPE.model_copy(update={"hold_out_from": 3, "preview_every": 9})
    request, told = request_of(pictures=keys, masks=masks, recipe=recipe), []
    whole = finish(teacher.run(request, new_ticket(told)))
    assert (whole.recipe.mask_floor, whole.recipe.buckets) == (0.1, True)
    key = learned_in(told)[0]
    again = finish(teacher.run(request, new_ticket([], checkpoint=key)))
    assert again.artifact == whole.artifact
    short = recipe.model_copy(update={"steps": 2, "hold_out_from": 0, "prior": Prior.NONE})
    made = {
        finish(
            teacher.run(request_of(pictures=keys, recipe=short, **changes), new_ticket([]))
        ).artifact
        for changes in ({"masks": masks}, {}, {"settings": {"buckets": False}})
    }
    assert len(made) == 3


def test_mask_that_marks_nothing_ends_the_course(teacher, request_of, storage, pictures):
    """Before a step is taken, its person is told which one it is."""
    dot = Image.new("L", (640, 640), 0)
    dot.putpixel((5, 5), 255)
    big = storage.put(png(Image.new("RGB", (640, 640))))
    request = request_of(
        pictures=(pictures[0], big), masks=("", storage.put(png(dot))),
        recipe=RECIPE.model_copy(update={"prior_pictures": 0}),
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="mask of training picture 2"):
        finish(teacher.run(request, new_ticket([])))


def test_sdxl_is_told_true_sizes(tmp_path, storage, request_of):
    """Of the picture before it was cut, where it was cut, and after; of the class, its own."""
    base = load_base(str(tiny.sdxl(tmp_path)), device=CPU, dtype=torch.float32)
    wide = storage.put(png(Image.linear_gradient("L").resize((60, 40)).convert("RGB")))
    stacks, told = Stacks(base, storage), set()
    hook = base.pipe.unet.register_forward_pre_hook(
        lambda _net, args, given: told.update(
            (tuple(args[0].shape[2:]), tuple(ids))
            for ids in given["added_cond_kwargs"]["time_ids"].int().tolist()
            if torch.is_grad_enabled()  # while it learns; guessing the surroundings is no lesson
        ),
        with_kwargs=True,
    )
    imaginer = Imaginer(base, stacks, storage)
    course = Teacher(base, stacks, imaginer, storage)
    finish(course.run(request_of(pictures=(wide,)), new_ticket([])))
    hook.remove()
    assert told == {
        ((6, 10), (40, 60, 1, 0, 12, 20)),
        ((8, 8), (16, 16, 0, 0, 16, 16)),
    }


def test_optimizer_is_looked_for_before_anything_is_drawn(teacher, request_of, ticket, told):
    """8-bit AdamW on a CPU is refused at once."""
    recipe = RECIPE.model_copy(update={"optimizer": Optimizer.ADAMW_8BIT})
    with pytest.raises(InvalidInput, match="adamw-8bit"):
        next(teacher.run(request_of(recipe=recipe), ticket))
    assert told == []


def test_drain_leaves_a_checkpoint_of_the_last_step(base, teacher, request_of, storage):
    """Put down after three steps, the checkpoint is of step three, and the model is clean."""
    told, draining = [], []
    before = adapters_in(base)
    ticket = new_ticket(told, is_draining=lambda: bool(draining))
    changes = {"steps": 50, "checkpoint_every": 50, "prior_pictures": 0}
    slices = teacher.run(request_of(recipe=RECIPE.model_copy(update=changes)), ticket)
    while not any(m.progress.done == 3 for m in told if isinstance(m, Progressed)):
        next(slices)
    draining.append(True)
    with pytest.raises(Stopped):
        finish(slices)
    assert checkpoint.unpack(storage.get(told[-1].key)).step == 3
    assert adapters_in(base) == before


def test_cancel_ends_the_course_without_a_checkpoint(base, teacher, request_of):
    """What is not wanted any more is not written down."""
    told, cancelled = [], []
    ticket = new_ticket(told, is_cancelled=lambda: bool(cancelled))
    changes = {"steps": 50, "prior_pictures": 0}
    slices = teacher.run(request_of(recipe=RECIPE.model_copy(update=changes)), ticket)
    next(slices)
    cancelled.append(True)
    with pytest.raises(Stopped):
        finish(slices)
    assert not any(isinstance(message, Checkpointed) for message in told)
    assert "taught-1" not in adapters_in(base)


def until_step(slices, told, step):
    """Runs a course until it has taken a step with a preview: others are not always told of."""
    while not any(m.progress.done == step for m in told if isinstance(m, Progressed)):
        next(slices)


LONG = RECIPE.model_copy(update={"steps": 50, "checkpoint_every": 50, "prior_pictures": 0})


def test_course_that_is_ended_early_keeps_what_it_has_learned(
    base, teacher, request_of, storage, learned_in
):
    """The step that was reached is the version, and the recipe and a checkpoint say so."""
    told, ends = [], []
    ticket = new_ticket(told, ends_early=lambda: bool(ends))
    slices = teacher.run(request_of(recipe=LONG), ticket)
    until_step(slices, told, 3)
    ends.append(True)
    made = finish(slices)
    assert made.recipe == LONG.model_copy(update={"seed": 1, "ended_at": 3})
    assert made.recipe.kept_step == 3
    (key,) = learned_in(told)
    saved = checkpoint.unpack(storage.get(key))
    learned = saved.parts["adapter"]
    made_of = unpack(storage.get(made.artifact))
    assert all(torch.equal(made_of.lora[name], learned[name]) for name in learned)
    assert made_of.facts["recipe"]["ended_at"] == saved.step == 3
    assert len(made.samples) == 6
    assert "taught-1" not in adapters_in(base)
    request = request_of(recipe=LONG, ends_early=True)
    again = finish(teacher.run(request, new_ticket([], checkpoint=key)))
    assert (again.artifact, again.recipe) == (made.artifact, made.recipe)


@pytest.mark.parametrize("before", [0, 1], ids=["at once", "while plain pictures are drawn"])
def test_course_that_is_ended_before_its_first_step_is_cancelled(base, teacher, request_of, before):
    """There is nothing to keep, and nothing of it stays in the model."""
    told, ends = [], []
    ticket = new_ticket(told, ends_early=lambda: bool(ends))
    slices = teacher.run(request_of(class_noun=f"cup{before}"), ticket)
    for _ in range(before):
        next(slices)
    ends.append(True)
    assert finish(slices) == Cancelled(1, 1)
    assert not any(m.progress.done for m in told if isinstance(m, Progressed))
    assert "taught-1" not in adapters_in(base)


def test_course_that_was_through_did_not_end_early(teacher, request_of, learned_in):
    """Who asks while the samples are drawn changes nothing."""
    told, ends = [], []
    ticket = new_ticket(told, ends_early=lambda: bool(ends))
    slices = teacher.run(request_of(), ticket)
    while len(learned_in(told)) < RECIPE.steps // RECIPE.checkpoint_every:
        next(slices)
    ends.append(True)
    assert finish(slices).recipe.ended_at is None


def test_unreadable_picture_ends_the_course_at_once(teacher, request_of, storage, ticket):
    """Before anything is drawn, its person is told which picture it is."""
    request = request_of(pictures=(storage.put(b"nothing"),))
    with pytest.raises(InvalidInput, match="Training picture 1"):
        next(teacher.run(request, ticket))


def test_steps_of_the_request_go_before_the_recipe(base, request_of):
    """Without a recipe the family's usual one is taken, with the steps that were asked for."""
    recipe = recipe_for(request_of(recipe=None, steps=7), base.family, device="cpu")
    usual = recipe_of("pocket", usual_preset("pocket", style=False), thing=True)
    assert recipe == usual.model_copy(update={"steps": 7, "seed": 1})


@pytest.mark.parametrize("build", [tiny.sd1, tiny.sd2, tiny.sdxl])
def test_large_families_are_taught_and_draw(tmp_path, storage, request_of, build):
    """The whole way, text encoders and size conditions included, on each family's own shapes."""
    loaded = load_base(str(build(tmp_path)), device=CPU, dtype=torch.float32)
    base = replace(loaded, family=replace(loaded.family, steps=2))
    stacks = Stacks(base, storage)
    imaginer = Imaginer(base, stacks, storage)
    made = finish(Teacher(base, stacks, imaginer, storage).run(request_of(), new_ticket([])))
    artifact = unpack(storage.get(made.artifact))
    assert artifact.family == base.family.name
    assert len(artifact.tokens) == len(base.text_encoders)
    assert all(not torch.equal(learned, start) for learned, start in artifact.tokens)
    assert all(value.isfinite().all() for value in artifact.lora.values())
    assert len(set(made.samples)) == 6


@pytest.mark.parametrize("build", [tiny.sd2, tiny.sdxl])
def test_learned_word_does_not_move_the_end_of_the_text(tmp_path, storage, build):
    """Old configurations find the end by the highest id; slots are higher and must not be it."""
    base = load_base(str(build(tmp_path)), device=CPU, dtype=torch.float32)
    ids = [t("a red temple", padding="max_length", return_tensors="pt") for t in base.tokenizers]
    before = [e(i.input_ids)[0] for e, i in zip(base.text_encoders, ids, strict=True)]
    Stacks(base, storage)
    after = [e(i.input_ids)[0] for e, i in zip(base.text_encoders, ids, strict=True)]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    for tokenizer, encoder in zip(base.tokenizers, base.text_encoders, strict=True):
        ends = {m.eos_token_id for m in encoder.modules() if hasattr(m, "eos_token_id")}
        assert ends == {tokenizer.eos_token_id}


def test_strip_is_as_wide_as_its_pictures():
    """Two pictures side by side, in order."""
    joined = strip([Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")])
    assert joined.size == (16, 8)
    assert joined.getpixel((2, 2)) == (255, 0, 0)
    assert joined.getpixel((12, 2)) == (0, 0, 255)
