"""What an operator sets about scoring reaches the worker."""

from bot.service import worker_config
from core.settings import load_settings


def test_scoring_is_on_with_the_embedded_clip() -> None:
    """Nothing has to be set for the embedded models."""
    config = worker_config(load_settings(_env_file=None))
    assert (config.scoring_model, config.fidelity_model) == ("pocket", "")
    assert config.evaluate_training


def test_scoring_models_can_be_named_and_the_end_of_training_left_out() -> None:
    """Each by its own variable."""
    settings = load_settings(
        _env_file=None,
        scoring_model="openai/clip-vit-large-patch14",
        fidelity_model="facebook/dinov2-base",
        evaluate_training=False,
    )
    config = worker_config(settings)
    assert config.scoring_model == "openai/clip-vit-large-patch14"
    assert config.fidelity_model == "facebook/dinov2-base"
    assert not config.evaluate_training


def test_captioner_is_off_until_it_is_named() -> None:
    """By its own variable."""
    assert worker_config(load_settings(_env_file=None)).captioner == ""
    settings = load_settings(_env_file=None, captioner="models/blip")
    assert worker_config(settings).captioner == "models/blip"
