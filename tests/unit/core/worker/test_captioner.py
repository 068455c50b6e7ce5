"""The model that describes pictures: a tiny BLIP with random weights, saved as the large one is."""

import pytest
import torch
from PIL import Image
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
)

from core.domain.recipes import CAPTION_MAX
from core.errors import ModelFault
from core.worker.captioner import Captioner, plain_text
from tests.unit.core.worker.conftest import CPU

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "a", "red", "ring", "on", "white")
LAYERS = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def blip(tmp_path_factory):
    """A folder with a BLIP that knows five words."""
    folder = tmp_path_factory.mktemp("blip")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    torch.manual_seed(3)
    marks = {"bos_token_id": 5, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    text = LAYERS | marks | {"vocab_size": len(WORDS), "encoder_hidden_size": 16}
    vision = LAYERS | {"image_size": 32, "patch_size": 16}
    BlipForConditionalGeneration(
        BlipConfig(text_config=text, vision_config=vision, projection_dim=16)
    ).save_pretrained(folder)
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), bos_token="[DEC]")
    pictures = BlipImageProcessor(size={"height": 32, "width": 32})
    BlipProcessor(pictures, tokenizer).save_pretrained(folder)
    return folder


def test_pictures_are_described_without_chance(blip):
    """As many captions as pictures, in words of the model, the same each time, alone or not."""
    pictures = [Image.new("RGB", (40, 60), colour) for colour in ("red", "teal")]
    captioner = Captioner(str(blip), device=CPU)
    before = torch.random.get_rng_state()
    told = list(captioner.describe(pictures))
    assert len(told) == 2
    assert any(told)
    assert {word for text in told for word in text.split()} <= set(WORDS[6:])
    assert (
        list(captioner.describe([pictures[0].convert("L").convert("RGB"), pictures[1]]))[1:]
        == (told[1:])
    )
    assert list(captioner.describe(pictures)) == told
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_is_no_captioner_is_named(tmp_path):
    """A folder that is not there at once; one that holds something else when it is needed."""
    with pytest.raises(ModelFault, match="There is no model folder"):
        Captioner(str(tmp_path / "nothing"), device=CPU)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelFault, match=r"The captioner .* cannot be loaded"):
        list(Captioner(str(tmp_path), device=CPU).describe([Image.new("RGB", (8, 8))]))


def test_a_model_cannot_write_tokens_or_without_end():
    """Marks of concepts, line breaks and floods do not reach a caption."""
    assert plain_text("a <kar>\n ring  ") == "a kar ring"
    assert len(plain_text("long " * 999)) <= CAPTION_MAX
    assert plain_text(" <> ") == ""
