"""Files for other tools: what they are, where they go, and which were too large to post."""

from collections.abc import Sequence

from bot.ui.card import GOOD, Blob, Card, embed
from bot.ui.text import block, code, escaped
from core.domain.exports import ExportedFile, ExportForm
from core.domain.requests import ExportRequest


def exported(
    request: ExportRequest,
    files: Sequence[ExportedFile],
    blobs: tuple[Blob, ...],
    *,
    limit_bytes: int,
) -> Card:
    """The files of a version, those that are small enough attached."""
    concept = request.concept
    title = f"{escaped(concept.name)} v{request.number} for {NAMES[request.form]}"
    lines = [_what(file) for file in files]
    lines += [_too_large(file, limit_bytes) for file in files if file.size_bytes > limit_bytes]
    card = embed("\n".join(lines), title=title, colour=GOOD)
    use = _kohya_use if request.form is ExportForm.KOHYA else _diffusers_use
    card.add_field(name="How to use it", value=block(use(request, files)), inline=False)
    return Card(embed=card, files=blobs)


NAMES = {ExportForm.KOHYA: "A1111 and ComfyUI", ExportForm.DIFFUSERS: "diffusers"}


def _what(file: ExportedFile) -> str:
    kind = "the word, for the folder of embeddings" if file.is_word else "the adapter, a LoRA"
    return f"{code(file.name, 60)}: {kind}, {_size(file.size_bytes)}"


def _too_large(file: ExportedFile, limit_bytes: int) -> str:
    place = code(f"{file.key[:2]}/{file.key}")
    return (
        f"⚠️ {code(file.name, 60)} is larger than the {_size(limit_bytes)} that can be posted here. "
        f"Whoever runs this bot finds it in the blob store under {place}."
    )


def _kohya_use(request: ExportRequest, files: Sequence[ExportedFile]) -> str:
    concept = request.concept
    parts = [f"<lora:{_stem(file)}:1>" for file in files if not file.is_word]
    parts += [concept.name for file in files if file.is_word]
    return " ".join([*parts, concept.class_noun])


def _diffusers_use(request: ExportRequest, files: Sequence[ExportedFile]) -> str:
    lines = []
    for file in files:
        if not file.is_word:
            lines.append(f'pipe.load_lora_weights("{file.name}")')
        else:
            lines += _word_use(file, request.concept.token)
    return "\n".join(lines)


def _word_use(file: ExportedFile, token: str) -> list[str]:
    """Diffusers takes the parts of a word for two encoders one by one."""
    if file.encoders == 1:
        return [f'pipe.load_textual_inversion("{file.name}", token="{token}")']
    lines = [f'word = safetensors.torch.load_file("{file.name}")']
    for part, end in (("clip_l", ""), ("clip_g", "_2")):
        owner = f"text_encoder=pipe.text_encoder{end}, tokenizer=pipe.tokenizer{end}"
        lines.append(f'pipe.load_textual_inversion(word["{part}"], token="{token}", {owner})')
    return lines


def _stem(file: ExportedFile) -> str:
    return file.name.removesuffix(".safetensors")


def _size(size_bytes: int) -> str:
    if size_bytes < 2**20:
        return f"{max(1, round(size_bytes / 2**10))} KiB"
    return f"{size_bytes / 2**20:.0f} MiB"
