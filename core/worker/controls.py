"""ControlNets: loaded beside the base model, and at work in its UNet on the plain path."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from diffusers import ControlNetModel
from torch import Tensor, nn

from core.domain.controls import missing
from core.domain.drawing import ControlImage, ControlKind
from core.errors import InvalidInput, ModelFault
from core.worker.models import Base, local_folder

SHAPE = ("block_out_channels", "down_block_types", "cross_attention_dim", "addition_embed_type")
"""What a ControlNet and the UNet that it steers have in common."""

Nets = Mapping[ControlKind, Any]


def load_controls(named: Mapping[str, str], base: Base) -> dict[ControlKind, Any]:
    """A ControlNet for each kind, in the base model's dtype and on its device.

    Raises:
        ModelFault: one cannot be loaded from safetensors files, or belongs to another family.
    """
    return {ControlKind(kind): _load(kind, name, base) for kind, name in named.items()}


def net_of(nets: Nets, kind: ControlKind) -> Any:
    """Raises:
    InvalidInput: there is none for this kind.
    """
    if kind not in nets:
        raise InvalidInput(missing(kind, nets))
    return nets[kind]


@contextmanager
def steered(base: Base, net: Any, picture: Tensor, asked: ControlImage) -> Iterator[None]:
    """While it lasts, the base model's UNet follows `picture` (3, height_px, width_px) in 0 to 1.

    One hook does for text-to-image, image-to-image and inpainting alike.
    """
    channels = base.pipe.vae.config.latent_channels

    def steer(_unet: nn.Module, args: Any, options: dict[str, Any]) -> Any:
        inputs, timestep = args[0][:, :channels], args[1]
        rows = picture.to(inputs).expand(len(inputs), -1, -1, -1)
        down, middle = net(
            inputs,
            timestep,
            encoder_hidden_states=options["encoder_hidden_states"],
            added_cond_kwargs=options.get("added_cond_kwargs"),
            controlnet_cond=rows,
            conditioning_scale=asked.scale,
            return_dict=False,
        )
        more = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        return args, options | more

    hook = base.pipe.unet.register_forward_pre_hook(steer, with_kwargs=True, prepend=True)
    try:
        yield
    finally:
        hook.remove()


def _load(kind: str, name: str, base: Base) -> Any:
    source = local_folder(name, pocket=None)
    try:
        net = ControlNetModel.from_pretrained(
            source or name, dtype=base.dtype, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelFault(f"The ControlNet {name} for {kind} cannot be loaded: {error}") from error
    _check(name, net, base)
    return net.to(base.device).requires_grad_(False).eval()


def _check(name: str, net: Any, base: Base) -> None:
    unet = base.pipe.unet.config
    odd = [key for key in SHAPE if _plain(net.config.get(key)) != _plain(unet.get(key))]
    if odd or net.config.in_channels != base.pipe.vae.config.latent_channels:
        raise ModelFault(f"The ControlNet {name} was made for another model than {base.name}.")
    factor = 2 ** (len(net.config.conditioning_embedding_out_channels) - 1)
    if factor != base.pipe.vae_scale_factor:
        raise ModelFault(f"The ControlNet {name} does not fit the latents of {base.name}.")


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
