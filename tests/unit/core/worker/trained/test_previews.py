"""Previews show where a picture is going, without changing it."""

from dataclasses import replace

import pytest
import torch
from diffusers import AutoencoderTiny
from PIL import ImageChops, ImageStat

from core.domain.drawing import Sampler
from core.domain.requests import ImagineRequest
from core.errors import ModelFault
from core.worker.engine.peek import clean_of
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING
from core.worker.imagine import Imaginer, png
from core.worker.previews import EVERY_STEPS, Previews, load_previews

WISH = ImagineRequest(prompt="a red temple", seeds=(1, 2), num_inference_steps=12)


@pytest.fixture(scope="session")
def engine(base, stacks):
    return Studio(base, stacks, images=4, adapter_bytes=2**24)


@pytest.fixture
def keep(storage):
    return lambda picture: storage.put(png(picture))


def draft_of(imaginer, engine, **changes):
    asked = imaginer.resolve(WISH.model_copy(update={"seeds": (1,)} | changes))
    return engine.admit(asked, owner=1, alone=False, given=NOTHING)[0]


@pytest.mark.parametrize("sampler", [Sampler.DDIM, Sampler.EULER, Sampler.DPMPP_2M, Sampler.UNIPC])
def test_what_the_model_sees_comes_near_the_picture(imaginer, engine, base, sampler):
    """Step by step, for samplers that measure their latents in other units."""
    draft = draft_of(imaginer, engine, sampler=sampler)
    seen = []
    while draft.picture is None:
        engine.advance()
        seen.append(clean_of(draft, base.noise_config["prediction_type"]))
    gaps = [float((clean - draft.latents).square().mean()) for clean in seen]
    assert gaps[-2] < gaps[6] < gaps[1]
    assert gaps[6] < 0.2


def test_predictions_are_one_another_in_other_words(imaginer, engine):
    """An epsilon, a v and a sample that speak of the same clean latents give them."""
    draft = draft_of(imaginer, engine)
    clean, noise = torch.randn(2, *draft.latents.shape, generator=torch.Generator().manual_seed(1))
    signal, sigma = draft.ask.table.noising[3].tolist()
    latents = signal * clean + sigma * noise
    said = {"epsilon": noise, "v_prediction": signal * noise - sigma * clean, "sample": clean}
    for prediction, output in said.items():
        draft.step, draft.past = 4, torch.stack([latents, output])
        assert torch.allclose(clean_of(draft, prediction), clean, atol=1e-4)
    with pytest.raises(ModelFault, match="flow"):
        clean_of(draft, "flow")
    engine.withdraw([draft])


def test_imagine_shows_pictures_on_the_way(
    base, stacks, storage, engine, keep, ticket, told, opened
):
    """One every few steps, each told once as new, near the end like the picture, which stays."""
    plain = Imaginer(base, stacks, storage, engine).run(WISH, replace(ticket, send=lambda _: None))
    shown = Imaginer(base, stacks, storage, engine, load_previews("own", base, keep))
    made = shown.run(WISH, ticket)
    previews = list(dict.fromkeys(message.progress.preview for message in told))
    assert previews[0] is None
    assert len(previews) == 1 + (WISH.num_inference_steps - 1) // EVERY_STEPS
    assert [image.key for image in made.images] == [image.key for image in plain.images]
    off = ImageChops.difference(opened(previews[-1]), opened(made.images[0].key))
    assert sum(ImageStat.Stat(off).mean) / 3 < 15


def test_tiny_decoder_of_diffusers_is_loaded(base, tmp_path, keep, imaginer, engine, opened):
    """From a folder in the form that TAESD has; its pictures are as large as it makes them."""
    blocks = {"encoder_block_out_channels": (8,) * 3, "decoder_block_out_channels": (8,) * 3}
    numbers = {"num_encoder_blocks": (1,) * 3, "num_decoder_blocks": (1,) * 3}
    AutoencoderTiny(**blocks, **numbers).save_pretrained(tmp_path)
    previews = load_previews(str(tmp_path), base, keep)
    assert isinstance(previews, Previews)
    draft = draft_of(imaginer, engine)
    engine.advance()
    assert opened(previews.draw(draft)).size == (64, 64)
    engine.withdraw([draft])


def test_none_without_a_setting_and_a_word_where_it_is_wrong(base, tmp_path, keep):
    """Nothing is drawn unasked."""
    assert load_previews("", base, keep) is None
    with pytest.raises(ModelFault, match="nowhere"):
        load_previews(str(tmp_path / "nowhere"), base, keep)
    with pytest.raises(ModelFault, match="preview decoder"):
        load_previews(str(tmp_path), base, keep)


def test_safety_checker_comes_before_everybody_else(base, keep, monkeypatch):
    """With one there are no previews, for they would go past it."""
    monkeypatch.setattr(base.pipe, "safety_checker", object())
    with pytest.raises(ModelFault, match="safety checker"):
        load_previews("own", base, keep)
