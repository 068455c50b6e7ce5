"""What a worker has been given reaches the jobs that it does."""

import io

from PIL import Image, ImageDraw

from core.dispatch.config import WorkerConfig
from core.dispatch.messages import Checkpointed, Run
from core.domain.concepts import ConceptKind
from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.storage import Storage
from core.worker.runner import load_runner
from core.worker.training import checkpoint


def disc():
    """A picture of a disc, as a file."""
    picture, file = Image.new("RGB", (64, 64), "white"), io.BytesIO()
    ImageDraw.Draw(picture).ellipse((12, 12, 52, 52), fill="red")
    picture.save(file, "PNG")
    return file.getvalue()


def test_the_embedded_model_has_a_style_s_pictures_told(tmp_path, ticket, told):
    """With no captioner set, by its CLIP."""
    storage = Storage(f"file://{tmp_path}")
    runner = load_runner(WorkerConfig(storage_url=f"file://{tmp_path}"))
    style = TrainRequest(
        concept_id=1,
        name="ink",
        class_noun="style",
        concept_kind=ConceptKind.STYLE,
        pictures=(storage.put(disc()),),
        recipe=Recipe(prior_pictures=0),
        seed=1,
    )
    slices = runner.start(Run(1, 1, style), ticket)
    while not any(isinstance(message, Checkpointed) for message in told):
        next(slices)
    slices.close()
    (saved,) = (message.key for message in told if isinstance(message, Checkpointed))
    assert checkpoint.unpack(storage.get(saved)).captions == [
        "a red circle on a white background in <ink> style"
    ]
