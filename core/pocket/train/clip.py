"""The scoring CLIP: a text and a vision tower trained on pictures of every combination."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from core.pocket.judge import HEADS
from core.pocket.train.judge import answer_loss, softened_and_noisy
from core.pocket.train.loop import Draws
from core.pocket.train.muon import MuonWithAdam, split_parameters
from core.pocket.world.captions import caption
from core.pocket.world.palette import THING_COLOURS
from core.pocket.world.render import Placed
from core.pocket.world.scene import INVERSE, NOUNS, PLACES, Backdrop, Scene, Thing
from core.precision import halved

BATCH, WIDTH, PATCH_PX, SIZE_PX = 64, 128, 8, 64
EDGES = ("embed", "1.image", "1.text", "1.noun", "1.colour")
SIDE = SIZE_PX // PATCH_PX
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


def new_clip(tokenizer: CLIPTokenizer) -> CLIPModel:
    """Returns an untrained CLIP of 1.6 million parameters, both towers 128 wide."""
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": 77,
        "projection_dim": WIDTH,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "image_size": SIZE_PX,
        "patch_size": PATCH_PX,
        "projection_dim": WIDTH,
    }
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH))
    nn.init.normal_(model.text_model.embeddings.token_embedding.weight, std=0.05)
    return model


@dataclass(frozen=True, slots=True)
class Captioned:
    """What CLIP learns from: pictures as (count, 64, 64, 3) bytes, scenes, the judge's labels,
    and what each 8 × 8 patch shows, (count, 64, 2): a noun and a colour, 0 for the backdrop."""

    pictures: Tensor
    scenes: Sequence[Scene]
    answers: Tensor
    patches: Tensor


class Helpers(nn.Module):
    """Heads that only training has: they ask each tower, and each patch, what is in the scene."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.ModuleDict({name: nn.Linear(WIDTH, len(v)) for name, v in HEADS.items()})
        self.text = nn.ModuleDict({name: nn.Linear(WIDTH, len(v)) for name, v in HEADS.items()})
        self.noun = nn.Linear(WIDTH, len(NOUNS) + 1)
        self.colour = nn.Linear(WIDTH, len(THING_COLOURS) + 1)


class ClipTrainer:
    """One step: contrast with one altered caption a picture, and the helpers' questions."""

    def __init__(
        self, model: CLIPModel, tokenizer: CLIPTokenizer, data: Captioned, *, batch: int = BATCH
    ) -> None:
        model.set_attn_implementation("eager")
        self.model, self.helpers = model.train(), Helpers().to(model.device)
        self.tokenizer, self.data, self.batch = tokenizer, data, batch
        self.modules = nn.ModuleList([self.model, self.helpers])
        self.optimizer = MuonWithAdam(*split_parameters(self.modules, but=EDGES))

    def step(self, draws: Draws, rate: float) -> float:
        """Trains on one batch at the given rate and returns its loss."""
        rows = [draws.choose.randrange(len(self.data.scenes)) for _ in range(self.batch)]
        scenes = [self.data.scenes[row] for row in rows]
        true = [caption(scene, draws.choose) for scene in scenes]
        false = [caption(altered(scene, draws.choose), draws.choose) for scene in scenes]
        pixels = self.data.pictures[rows].permute(0, 3, 1, 2).float() / 127.5 - 1
        pixels = as_clip_pixels(softened_and_noisy(pixels, draws)).to(self.model.device)
        loss = self._loss(rows, pixels, true + false)
        self.optimizer.step(loss, rate)
        return float(loss.detach())

    def _loss(self, rows: list[int], pixels: Tensor, captions: list[str]) -> Tensor:
        device = self.model.device
        with halved(device):
            seen = self.model.vision_model(pixel_values=pixels)
            said = self.model.text_model(input_ids=self.token_ids(captions)).pooler_output
            images = self.model.visual_projection(seen.pooler_output)
            texts = self.model.text_projection(said)
            asked = {name: head(seen.pooler_output) for name, head in self.helpers.image.items()}
            told = {name: head(said[: len(rows)]) for name, head in self.helpers.text.items()}
            nouns, colours = (
                head(seen.last_hidden_state[:, 1:])
                for head in (self.helpers.noun, self.helpers.colour)
            )
        answers, patches = self.data.answers[rows].to(device), self.data.patches[rows].to(device)
        helped = answer_loss(asked, answers) + 0.3 * answer_loss(told, answers)
        dense = _patch_loss(nouns, patches[..., 0]) + _patch_loss(colours, patches[..., 1])
        return contrast(images, texts, self.model.logit_scale) + 0.15 * helped + 2 * dense

    def token_ids(self, captions: list[str]) -> Tensor:
        """Returns padded token ids, (captions, tokens)."""
        ids = self.tokenizer(captions, padding=True, max_length=77, truncation=True).input_ids
        return torch.tensor(ids, device=self.model.device)

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds."""
        return {"modules": self.modules.state_dict(), "optimizer": self.optimizer.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes a checkpoint's state."""
        self.modules.load_state_dict(state["modules"])
        self.optimizer.restore(state["optimizer"])


def contrast(images: Tensor, texts: Tensor, logit_scale: Tensor) -> Tensor:
    """Contrasts (n, d) images with (2n, d) texts, the first n true (Radford et al. 2021)."""
    images, texts = (
        functional.normalize(images.float(), dim=-1),
        functional.normalize(texts.float(), dim=-1),
    )
    logits = logit_scale.exp().clamp(max=100) * images @ texts.T
    target = torch.arange(len(images), device=images.device)
    forward = functional.cross_entropy(logits, target)
    return (forward + functional.cross_entropy(logits[:, : len(images)].T, target)) / 2


def _patch_loss(logits: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(logits.flatten(0, 1).float(), target.flatten())


def as_clip_pixels(pixels: Tensor) -> Tensor:
    """Turns pixels in [-1, 1] into the ones that CLIP's image processor hands over."""
    return ((pixels + 1) / 2 - MEAN) / STD


def patch_table(placed: Sequence[tuple[Placed, ...]]) -> Tensor:
    """Returns what covers the middle of each patch, (count, 64, 2), 0 for the backdrop."""
    return torch.stack([_patches(things) for things in placed])


def _patches(placed: tuple[Placed, ...]) -> Tensor:
    table = torch.zeros(SIDE * SIDE, 2, dtype=torch.long)
    for patch in range(SIDE * SIDE):
        x, y = (patch % SIDE + 0.5) * PATCH_PX, (patch // SIDE + 0.5) * PATCH_PX
        for item in placed:
            if (x - item.x) ** 2 + (y - item.y) ** 2 < item.radius**2:
                table[patch, 0] = NOUNS.index(item.thing.noun) + 1
                table[patch, 1] = THING_COLOURS.index(item.thing.colour) + 1
    return table


def altered(scene: Scene, choose: random.Random) -> Scene:
    """Returns a scene that differs in one thing that its caption tells."""
    changes = [_other_place]
    if scene.things:
        changes += [_other_noun, _other_noun, _other_colour, _other_colour]
    if scene.relation:
        changes += [_other_way_round, _colours_swapped]
    return choose.choice(changes)(scene, choose)


def _other_place(scene: Scene, choose: random.Random) -> Scene:
    places = [place for place in PLACES if place != scene.backdrop.place]
    if not scene.things:
        places = [place for place in places if place != "white"]
    return replace(scene, backdrop=Backdrop(choose.choice(places)))


def _other_noun(scene: Scene, choose: random.Random) -> Scene:
    taken = {thing.noun for thing in scene.things}
    noun = choose.choice([noun for noun in NOUNS if noun not in taken])
    return _change(scene, choose, noun=noun, accent="none", accent_colour=None)


def _other_colour(scene: Scene, choose: random.Random) -> Scene:
    taken = {thing.colour for thing in scene.things}
    return _change(
        scene, choose, colour=choose.choice([c for c in THING_COLOURS if c not in taken])
    )


def _change(scene: Scene, choose: random.Random, **values: str | None) -> Scene:
    things: list[Thing] = list(scene.things)
    which = choose.randrange(len(things))
    things[which] = replace(things[which], **values)  # type: ignore[arg-type]
    return replace(scene, things=tuple(things))


def _other_way_round(scene: Scene, choose: random.Random) -> Scene:
    return replace(scene, relation=INVERSE[scene.relation or "left"])


def _colours_swapped(scene: Scene, choose: random.Random) -> Scene:
    first, second = scene.things
    if first.colour == second.colour:
        return _other_way_round(scene, choose)
    swapped = replace(first, colour=second.colour), replace(second, colour=first.colour)
    return replace(scene, things=swapped)
