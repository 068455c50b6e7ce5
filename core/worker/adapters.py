"""Adapters inside the shared UNet: loaded whole or not at all, kept while they are used."""

import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from peft import LoraConfig
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor, nn

from core.domain.requests import STACK_MAX
from core.errors import ModelFault
from core.worker.artifact import Artifact

CAPACITY = 2 * STACK_MAX
"""A stack, and what a training has underneath; every module more is looked through in each call."""
Worn = tuple[tuple[str, float], ...]
"""Adapter names with weights, in the order in which their outputs are added."""


class AdapterBank:
    """Every adapter that the UNet holds, and which of them are at work.

    Adapters are named by their artifact's storage key. The least recently used are dropped.
    """

    def __init__(self, unet: Any, fetch: Callable[[str], Artifact]) -> None:
        self._unet = unet
        self._fetch = fetch
        self._held: OrderedDict[str, Artifact] = OrderedDict()
        self._fixed: set[str] = set()
        """Names of adapters whose A never learns."""
        self._state: tuple[Worn, str | None] | None = ((), None)

    def load(self, key: str) -> Artifact:
        """Brings an artifact's adapter into the UNet if it has one and it is not there.

        Raises:
            ModelFault: not every weight found its place.
        """
        if key not in self._held:
            artifact = self._fetch(key)
            if artifact.lora:
                self.add(key, _config(artifact))
                self._fill(key, artifact)
            self._held[key] = artifact
            self._drop_oldest()
        self._held.move_to_end(key)
        return self._held[key]

    def wear(self, worn: Worn, *, trainable: str | None = None) -> None:
        """Puts exactly these adapters to work; only `trainable`'s weights take gradients."""
        if self._state == (worn, trainable):
            return
        if worn:
            self._unet.enable_adapters()
            self._unet.set_adapters([name for name, _ in worn], [weight for _, weight in worn])
        elif getattr(self._unet, "peft_config", None):
            self._unet.disable_adapters()
        self._freeze_all_but(trainable)
        self._state = (worn, trainable)

    def add(self, name: str, config: LoraConfig) -> None:
        """Puts a new adapter into the UNet, as it starts out: without effect."""
        self._state = None
        with _several_adapters_are_meant():
            self._unet.add_adapter(config, name)

    def fix_down(self, name: str, rows: Callable[[Tensor], Tensor]) -> None:
        """Gives an adapter's A other values, which never learn: B alone does."""
        self._fixed.add(name)
        for key, parameter in self._unet.named_parameters():
            if f".lora_A.{name}." in key:
                parameter.data = rows(parameter.data).to(parameter)

    def remove(self, name: str) -> None:
        """Takes an adapter out again."""
        self._state = None
        self._fixed.discard(name)
        with _several_adapters_are_meant():
            self._unet.delete_adapters(name)

    def weights(self, name: str) -> dict[str, Tensor]:
        """An adapter's weights under peft's own keys."""
        return dict(get_peft_model_state_dict(self._unet, adapter_name=name))

    def parameters(self, name: str) -> list[nn.Parameter]:
        """An adapter's parameters that can learn, in the order of the UNet's modules."""
        return [p for key, p in self._unet.named_parameters() if self._learns(key, name)]

    def set_weights(self, name: str, weights: dict[str, Tensor]) -> None:
        """Raises:
        ModelFault: the weights are not exactly those that the adapter has.
        """
        result = set_peft_model_state_dict(self._unet, weights, adapter_name=name)
        missing = [key for key in result.missing_keys if f".{name}." in key]
        if missing or result.unexpected_keys:
            raise ModelFault(
                f"adapter {name[:12]} does not fit the model: {len(missing)} weights missing, "
                f"{len(result.unexpected_keys)} unknown"
            )

    def _learns(self, key: str, name: str) -> bool:
        return f".{name}." in key and not (name in self._fixed and ".lora_A." in key)

    def _freeze_all_but(self, name: str | None) -> None:
        for key, parameter in self._unet.named_parameters():
            parameter.requires_grad_(name is not None and self._learns(key, name))

    def _fill(self, key: str, artifact: Artifact) -> None:
        try:
            self.set_weights(key, dict(artifact.lora))
        except (ModelFault, RuntimeError) as error:
            self.remove(key)
            raise ModelFault(f"the concept's adapter cannot be loaded: {error}") from error
        dtype = self._unet.dtype  # which diffusers looks for in every module each time it is asked
        for parameter in self.parameters(key):
            parameter.data = parameter.data.to(dtype)

    def _drop_oldest(self) -> None:
        while len(self._held) > CAPACITY:
            key, artifact = self._held.popitem(last=False)
            if artifact.lora:
                self.remove(key)


def lora_config(*, rank: int, targets: Sequence[str]) -> LoraConfig:
    """A LoRA of a rank on the modules whose names end so; its first output is zero."""
    return LoraConfig(
        r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=list(targets)
    )


@contextmanager
def _several_adapters_are_meant() -> Iterator[None]:
    """Peft warns of a second adapter, and when the one that goes was at work."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Already found a `peft_config`")
        warnings.filterwarnings("ignore", message="Adapter .* was active which is now deleted")
        yield


def _config(artifact: Artifact) -> LoraConfig:
    rank, targets = artifact.facts["rank"], artifact.facts["targets"]
    if not isinstance(rank, int) or not isinstance(targets, list):
        raise ModelFault("the concept's artifact does not say how its adapter is built")
    config = lora_config(rank=rank, targets=[str(target) for target in targets])
    ranks = artifact.facts.get("ranks")
    if isinstance(ranks, dict):
        config.rank_pattern = {f"^{re.escape(path)}": int(rank) for path, rank in ranks.items()}
        config.alpha_pattern = dict(config.rank_pattern)
    return config
