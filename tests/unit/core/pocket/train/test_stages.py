"""Each stage's training step runs, learns, and resumes bit for bit."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from transformers import CLIPModel, CLIPTextModel, CLIPTokenizer

from core.pocket.judge import HEADS, IGNORED, JudgeNetwork
from core.pocket.paths import diffusion_path
from core.pocket.train.clip import Captioned, ClipTrainer, altered, new_clip, patch_table
from core.pocket.train.data import (
    EVERYTHING,
    FINISHED,
    HATCHED,
    TRAINING,
    cached_latents,
    cached_pictures,
    decode,
    encode,
    picture_array,
    to_range,
)
from core.pocket.train.judge import (
    Asked,
    JudgeTrainer,
    halfway,
    label_table,
    softened_and_noisy,
)
from core.pocket.train.loop import Draws, Plan, Trainer, train
from core.pocket.train.stages import Workshop, judge_stage, pipeline_stage, tokenizer_stage
from core.pocket.train.unet import (
    Latents,
    UNetTrainer,
    new_noise_scheduler,
    new_unet,
    snr_weights,
    stratified,
)
from core.pocket.train.vae import CROP_PX, VaeTrainer, new_vae, normalise_latents
from core.pocket.world.captions import plain_caption
from core.pocket.world.scene import thing_held_out

COUNT = 12


@pytest.fixture(scope="module")
def drawn() -> torch.Tensor:
    pictures = [EVERYTHING.picture(index) for index in range(COUNT)]
    return torch.from_numpy(picture_array(pictures))


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(diffusion_path() / "tokenizer")


def judge_trainer(drawn: torch.Tensor, tokenizer: CLIPTokenizer) -> Trainer:
    return JudgeTrainer(JudgeNetwork(), [Asked.of(EVERYTHING, drawn)] * 2, batch=4)


def vae_trainer(drawn: torch.Tensor, tokenizer: CLIPTokenizer) -> Trainer:
    return VaeTrainer(new_vae(), (drawn, drawn.flip(2)), batch=3)


def clip_trainer(drawn: torch.Tensor, tokenizer: CLIPTokenizer) -> Trainer:
    scenes = [EVERYTHING.scene(index) for index in range(COUNT)]
    data = Captioned(
        drawn,
        [scene for scene, _ in scenes],
        label_table(EVERYTHING, COUNT),
        patch_table([placed for _, placed in scenes]),
    )
    return ClipTrainer(new_clip(tokenizer), tokenizer, data, batch=4)


def unet_trainer(drawn: torch.Tensor, tokenizer: CLIPTokenizer) -> Trainer:
    text_encoder = CLIPTextModel(new_clip(tokenizer).config.text_config)
    scenes = [EVERYTHING.scene(index)[0] for index in range(COUNT)]
    means = torch.randn(COUNT, 4, 16, 16, generator=torch.Generator().manual_seed(0)).half()
    return UNetTrainer(new_unet(), text_encoder, tokenizer, Latents(scenes, means, 0.01), batch=2)


@pytest.mark.parametrize("make", [judge_trainer, vae_trainer, clip_trainer, unet_trainer])
def test_a_stopped_stage_resumes_bit_for_bit(
    make: Callable[[torch.Tensor, CLIPTokenizer], Trainer],
    drawn: torch.Tensor,
    tokenizer: CLIPTokenizer,
    tmp_path: Path,
) -> None:
    """Three steps in one go and one, a restart, and two more give the same state."""
    plan = Plan(steps=3, rate=1e-3, warmup=1, checkpoint_every=1)
    results = []
    for name, steps in (("whole", (3,)), ("parts", (1, 3))):
        for until in steps:
            torch.manual_seed(3)
            trainer = make(drawn, tokenizer)
            if until < plan.steps:
                state = stopped_early(trainer, plan, until)
                torch.save({"step": until, **state}, tmp_path / f"{name}.pt")
            else:
                train(trainer, plan, tmp_path / f"{name}.pt")
        results.append(torch.load(tmp_path / f"{name}.pt", weights_only=True))
    assert same(*results)


def stopped_early(trainer: Trainer, plan: Plan, until: int) -> dict[str, object]:
    for step in range(until):
        assert trainer.step(Draws.of(plan.seed, step), plan.rate_at(step)) > 0
    return trainer.state()


def same(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_the_judge_learns_a_dozen_pictures(drawn: torch.Tensor) -> None:
    """The loss of a judge that sees a few pictures again and again falls to a part of itself."""
    torch.manual_seed(4)
    trainer = JudgeTrainer(JudgeNetwork(), [Asked.of(EVERYTHING, drawn)], batch=12)
    losses = [trainer.step(Draws.of(0, step), 2e-3) for step in range(25)]
    assert losses[-1] < losses[0] / 3


def test_latents_are_made_once_and_match_the_vae(tmp_path: Path) -> None:
    """Cached latents are what the VAE says of the same pictures, and are read back as they were."""
    folder, vae = tmp_path / "latents", diffusion_path() / "vae"
    means, spread = cached_latents(TRAINING, 60, vae=vae, folder=folder)
    assert means.shape == (60, 4, 16, 16)
    model = AutoencoderKL.from_pretrained(vae, torch_dtype=torch.float32).eval()
    pictures = torch.from_numpy(picture_array([TRAINING.picture(i) for i in range(50)]))
    expected, _ = encode(model, pictures)
    assert torch.allclose(means[:50].float(), expected, atol=2e-3)
    assert 0 < spread < 0.1
    again, _ = cached_latents(TRAINING, 60, vae=tmp_path / "gone", folder=folder)
    assert torch.equal(again, means)


def test_pictures_are_drawn_once(tmp_path: Path) -> None:
    """Cached pictures are the split's, bytes for bytes."""
    pictures = cached_pictures(TRAINING, 5, tmp_path)
    assert pictures.dtype == torch.uint8
    assert torch.equal(pictures, cached_pictures(TRAINING, 5, tmp_path))
    expected = picture_array([TRAINING.picture(index) for index in range(5)])
    assert torch.equal(pictures, torch.from_numpy(expected))


def test_normalising_latents_changes_no_picture(drawn: torch.Tensor) -> None:
    """Folding mean and spread into the VAE leaves what it decodes as it was."""
    torch.manual_seed(5)
    vae = new_vae().eval()
    with torch.no_grad():
        before = vae.decode(vae.encode(to_range(drawn)).latent_dist.mean).sample
        normalise_latents(vae, drawn)
        latents = vae.encode(to_range(drawn)).latent_dist.mean
        after = vae.decode(latents).sample
    assert torch.allclose(before, after, atol=1e-3)
    assert latents.mean((0, 2, 3)).abs().max() < 0.05
    assert (latents.std((0, 2, 3)) - 1).abs().max() < 0.05


def test_a_vae_that_keeps_its_latents_learns_to_decode_them(drawn: torch.Tensor) -> None:
    """What it encodes stays as it was, bit for bit; what it decodes comes nearer to pictures."""
    torch.manual_seed(6)
    vae, pixels = new_vae().eval(), to_range(drawn)
    before = vae.encode(pixels).latent_dist.parameters
    trainer = VaeTrainer(vae, (drawn,), keeps_latents=True)
    losses = [trainer.step(Draws.of(0, step), 2e-3) for step in range(20)]
    assert torch.equal(vae.eval().encode(pixels).latent_dist.parameters, before)
    assert losses[-1] < 0.9 * losses[0]


def test_the_vae_sees_every_table_as_often() -> None:
    """Plain and finished pictures, however many there are of either."""
    black, white = torch.zeros(5, 64, 64, 3), torch.full((1, 64, 64, 3), 255)
    trainer = VaeTrainer(new_vae(), (black.byte(), white.byte()), batch=8)
    crops = trainer.crops(Draws.of(0, 0))
    assert crops.shape == (8, CROP_PX, CROP_PX, 3)
    assert [int(one.unique()) for one in crops] == [0, 255] * 4


def test_finished_pictures_are_of_what_the_others_show() -> None:
    """The same world, with something over it; nothing that is held out occurs."""
    for index in range(40):
        scene, _ = FINISHED.scene(index)
        assert not any(map(thing_held_out, scene.things))
        assert FINISHED.picture(index).tobytes() == FINISHED.picture(index).tobytes()
        plain = replace(FINISHED, over=None)
        assert plain.scene(index) == FINISHED.scene(index)
        assert plain.picture(index).tobytes() != FINISHED.picture(index).tobytes()


def test_the_judge_is_asked_only_what_a_scene_poses() -> None:
    """An empty place has no noun to name, and a beach no tint."""
    table = label_table(EVERYTHING, 200)
    names = list(HEADS)
    for index, row in enumerate(table):
        scene = EVERYTHING.scene(index)[0]
        answers = dict(zip(names, row.tolist(), strict=True))
        assert (answers["first_noun"] == IGNORED) == (not scene.things)
        assert (answers["second_noun"] == IGNORED) == (len(scene.things) < 2)
        assert (answers["trees"] == IGNORED) == (scene.backdrop.place != "forest")


def test_the_judge_sees_every_table_as_often() -> None:
    """Pictures and the answers about them come together, half of a batch from each."""
    black, white = torch.zeros(5, 64, 64, 3), torch.full((7, 64, 64, 3), 255)
    tables = [Asked.of(EVERYTHING, black.byte()), Asked.of(HATCHED, white.byte())]
    trainer = JudgeTrainer(JudgeNetwork(), tables, batch=8)
    chosen = trainer.chosen(Draws.of(0, 0))
    assert [int(one.unique()) for one in chosen.pictures] == [0] * 4 + [255] * 4
    for row, answers in enumerate(chosen.answers):
        assert answers.tolist() in tables[row >= 4].answers.tolist()


def test_a_given_judge_goes_half_of_the_way() -> None:
    """Every weight lies between what it was and what it became; counts stay."""
    before, after = JudgeNetwork(), JudgeNetwork()
    names = dict(before.named_parameters())
    ends = {name: one.detach().clone() for name, one in after.named_parameters()}
    made = halfway(before, after)
    for name, one in made.named_parameters():
        assert torch.allclose(one, (names[name] + ends[name]) / 2, atol=1e-6)
    assert all(one == 0 for name, one in made.named_buffers() if name.endswith("batches_tracked"))


def test_the_judge_reads_strokes_over_everything_that_can_be_drawn() -> None:
    """Held-out combinations too, which it is to recognise; the scene is the one it is asked of."""
    held_out = 0
    for index in range(40):
        scene, _ = HATCHED.scene(index)
        held_out += any(map(thing_held_out, scene.things))
        plain = replace(HATCHED, over=None)
        assert plain.scene(index) == HATCHED.scene(index)
        assert plain.picture(index).tobytes() != HATCHED.picture(index).tobytes()
    assert held_out


def test_a_picture_survives_the_vae() -> None:
    """What is decoded is the picture that was encoded, up to what the VAE loses."""
    vae = AutoencoderKL.from_pretrained(diffusion_path() / "vae", torch_dtype=torch.float32).eval()
    pictures = torch.from_numpy(picture_array([TRAINING.picture(index) for index in range(3)]))
    again = decode(vae, encode(vae, pictures)[0])
    assert (again.shape, again.dtype) == (pictures.shape, torch.uint8)
    assert (again.float() - pictures.float()).abs().mean() < 6


def test_softening_keeps_pictures_recognisable(drawn: torch.Tensor) -> None:
    """The judge's augmentation moves a pixel by little on average, and is not nothing."""
    pixels = to_range(drawn)
    changed = (softened_and_noisy(pixels, Draws.of(0, 0)) - pixels).abs().mean()
    assert 0.005 < changed < 0.1


def test_an_altered_scene_has_another_caption() -> None:
    """CLIP's false captions are never the true one."""
    choose = random.Random(6)
    for index in range(300):
        scene = EVERYTHING.scene(index)[0]
        assert plain_caption(altered(scene, choose)) != plain_caption(scene)


def test_patches_tell_what_stands_where() -> None:
    """The patch in the middle of a thing has its label, a corner that of the backdrop."""
    index = next(i for i in range(99) if len(EVERYTHING.scene(i)[0].things) == 1)
    _, placed = EVERYTHING.scene(index)
    [table] = patch_table([placed])
    middle = int(placed[0].y // 8) * 8 + int(placed[0].x // 8)
    assert table[middle].min() > 0
    assert patch_table([()]).sum() == 0


def test_timesteps_cover_the_whole_range() -> None:
    """A batch's timesteps lie one in each equal part of 0 to 999."""
    steps = stratified(20, Draws.of(0, 1))
    assert sorted((steps // 50).tolist()) == list(range(20))


def test_every_timestep_counts_for_something() -> None:
    """The loss weights are positive and bounded, at zero signal too."""
    weights = snr_weights(new_noise_scheduler().alphas_cumprod)
    assert weights.min() >= 0.15
    assert weights.max() < 1.1


def test_stages_make_a_pipeline_that_loads(tmp_path: Path) -> None:
    """Two steps a stage, from given weights: the files load as one pipeline and are kept."""
    weights = diffusion_path().parent
    shop = Workshop(out=tmp_path, init=weights, steps=2, examples=100)
    folder = pipeline_stage(shop)
    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    assert pipeline.unet.config.sample_size == 16
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    assert str(tmp_path) not in "".join(c.read_text() for c in folder.glob("*/config.json"))
    given = AutoencoderKL.from_pretrained(weights / "diffusion" / "vae")
    assert same(pipeline.vae.encoder.state_dict(), given.encoder.state_dict())
    assert not same(pipeline.vae.decoder.state_dict(), given.decoder.state_dict())
    before = (tmp_path / "unet" / "diffusion_pytorch_model.safetensors").stat().st_mtime_ns
    pipeline_stage(shop)
    after = (tmp_path / "unet" / "diffusion_pytorch_model.safetensors").stat().st_mtime_ns
    assert before == after


def test_stages_start_from_nothing_too(tmp_path: Path) -> None:
    """Without given weights the judge trains on drawn pictures and the tokenizer learns words."""
    shop = Workshop(out=tmp_path, steps=1, examples=20)
    assert judge_stage(shop).exists()
    tokenizer = CLIPTokenizer.from_pretrained(tokenizer_stage(replace(shop, init=None)))
    assert tokenizer.tokenize("temple") == ["temple</w>"]
    model = new_clip(tokenizer)
    assert isinstance(model, CLIPModel)
    assert model.config.text_config.vocab_size == len(tokenizer)
