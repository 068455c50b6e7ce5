"""How each kind of file calls a module of the model.

A kohya file writes a path with underscores, and where it was trained on the original code of
Stable Diffusion, as SDXL is, it has that code's paths ("input_blocks"). Files of diffusers and PEFT
have the paths of diffusers with dots. Names are made from the model's own modules and never taken
apart, so an underscore inside a word cannot mislead.
"""

import re
from collections.abc import Iterable, Iterator

UNET, TEXT = "unet.", "text."
_TEXT_PREFIX = "text_model."
_RESNET = {
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_AROUND = {
    "conv_in": "input_blocks.0.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}
_BLOCK = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|\w+samplers)\.(\d+)\.(.+)")
_MIDDLE = re.compile(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)")


def by_file_name(modules: Iterable[str]) -> dict[str, str]:
    """Every name that a file may use for one of these modules → the module."""
    known = tuple(modules)
    original = original_paths(path for path in map(unet_path, known) if path)
    return {
        alias: module
        for module in known
        for alias in _aliases(module, original.get(unet_path(module)))
    }


def original_paths(unet_paths: Iterable[str]) -> dict[str, str]:
    """Path in diffusers' UNet → path in the original code's.

    Source: diffusers' scripts/convert_original_stable_diffusion_to_diffusers.py, read backwards.
    """
    paths = tuple(unet_paths)
    stride = _layers_per_block(paths) + 1
    attended = {tuple(path.split(".")[:2]) for path in paths if ".attentions." in path}
    found = {path: _original(path, stride, attended) for path in paths}
    return {path: original for path, original in found.items() if original}


def unet_path(module: str) -> str:
    """A module's path inside the UNet; empty when it is not of the UNet."""
    return module.removeprefix(UNET) if module.startswith(UNET) else ""


def text_path(module: str) -> tuple[int, str]:
    """Which text encoder a module is of, and its path as CLIP files have it: `text_model.…`."""
    index, path = module.removeprefix(TEXT).split(".", 1)
    whole = path if path.startswith((_TEXT_PREFIX, "text_projection")) else _TEXT_PREFIX + path
    return int(index), whole


def _aliases(module: str, original: str | None) -> Iterator[str]:
    path = unet_path(module)
    if path:
        yield from (path, f"unet.{path}", f"base_model.model.{path}")
        yield f"base_model.model.unet.{path}"
        yield f"lora_unet_{flat(path)}"
        if original:
            yield f"lora_unet_{flat(original)}"
        return
    index, path = text_path(module)
    short = path.removeprefix(_TEXT_PREFIX)
    for prefix in ("text_encoder.", "base_model.model.") if index == 0 else ("text_encoder_2.",):
        yield from (prefix + path, prefix + short)
    for prefix in ("lora_te_", "lora_te1_") if index == 0 else ("lora_te2_",):
        yield prefix + flat(path)


def flat(path: str) -> str:
    """A path as kohya files write it."""
    return path.replace(".", "_")


def _layers_per_block(paths: Iterable[str]) -> int:
    resnets = [re.match(r"down_blocks\.\d+\.resnets\.(\d+)\.", path) for path in paths]
    return max((int(match[1]) + 1 for match in resnets if match), default=1)


def _original(path: str, stride: int, attended: set[tuple[str, ...]]) -> str | None:
    if path in _AROUND:
        return _AROUND[path]
    if match := _MIDDLE.fullmatch(path):
        part, index, rest = match.groups()
        place = 1 if part == "attentions" else 2 * int(index)
        return f"middle_block.{place}.{_RESNET.get(rest, rest)}"
    if match := _BLOCK.fullmatch(path):
        side, block, part, layer, rest = match.groups()
        if part == "downsamplers":
            return f"input_blocks.{(int(block) + 1) * stride}.0.op"
        if part == "upsamplers":
            place = 2 if ("up_blocks", block) in attended else 1
            return f"output_blocks.{int(block) * stride + stride - 1}.{place}.{rest}"
        number = int(block) * stride + int(layer) + (side == "down")
        name = "input" if side == "down" else "output"
        place = 1 if part == "attentions" else 0
        return f"{name}_blocks.{number}.{place}.{_RESNET.get(rest, rest)}"
    return None
