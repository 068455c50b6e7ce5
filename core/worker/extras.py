"""What concepts change beyond adapters in the UNet and words: put on the base model, taken off."""

from collections.abc import Sequence
from typing import Any

from core.errors import ModelFault
from core.worker.artifact import Artifact
from core.worker.differences import Differences
from core.worker.hypernetworks import ACTIVATIONS, Activation, Hypernetworks
from core.worker.text_adapters import TextAdapters

Weighted = Sequence[tuple[Artifact, float]]


class Extras:
    """Text adapters, full differences and hypernetworks; each part at its concept's weight."""

    def __init__(self, unet: Any, text_encoders: Sequence[Any]) -> None:
        self.text = TextAdapters(text_encoders)
        self.differences = Differences(unet)
        self.hypernetworks = Hypernetworks(unet)
        self._bare = True

    def wear(self, worn: Weighted, *, taught: Artifact | None = None) -> None:
        """Puts exactly these on; `taught` holds the live weights of what is being taught, if any.

        Costs nothing where no artifact has such parts and none is on.
        """
        worn = [(artifact, weight) for artifact, weight in worn if artifact.has_extras]
        if not worn and taught is None and self._bare:
            return
        whole = [*worn, *([(taught, 1.0)] if taught else [])]
        self.text.wear([(part.text, weight) for part, weight in whole if part.text])
        self.hypernetworks.wear(
            [(part.hyper, activation_of(part), weight) for part, weight in whole if part.hyper]
        )
        self.differences.wear(
            [(part.delta, weight) for part, weight in worn if part.delta],
            learned=taught.delta if taught else None,
        )
        self._bare = not whole

    def check(self, artifact: Artifact) -> None:
        """Raises:
        ModelFault: a part of the artifact does not fit the model.
        """
        for name, fits in (
            ("text adapter", not artifact.text or self.text.fits(artifact.text)),
            ("difference", self.differences.fits(artifact.delta)),
            ("hypernetwork", not artifact.hyper or self.hypernetworks.fits(artifact.hyper)),
        ):
            if not fits:
                raise ModelFault(f"the concept's {name} cannot be loaded: it does not fit")
        if activation_of(artifact).name not in ACTIVATIONS:
            raise ModelFault("the concept's hypernetwork has an activation that is not known")


def activation_of(artifact: Artifact) -> Activation:
    """What lies between the layers of an artifact's hypernetwork."""
    facts = artifact.facts
    return Activation(str(facts.get("activation", "linear")), facts.get("activate_output") is True)
