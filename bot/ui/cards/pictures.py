"""Finished pictures: the result of a job, one picture looked at closely, and its manifest."""

from collections.abc import Sequence

from bot.ui.card import Blob, Button, Card, Menu, Row, embed
from bot.ui.text import block, code, dotted, escaped, took
from core.domain.concepts import StackEntry
from core.domain.drawing import Stacking
from core.domain.images import Image, Manifest
from core.domain.jobs import Job
from core.domain.requests import ImagineRequest

TOGETHER = {
    Stacking.APART: "each in its own place",
    Stacking.SUM: "added up over the whole picture",
    Stacking.SWITCH: "one a step, in turn",
}
DRAWN_ALONE = "Drawn alone. Made again on the same machine, every bit is the same."
DRAWN_TOGETHER = (
    "Drawn in one batch with other jobs, or in several. Made again it looks the same, but "
    "the last bits of its colours may differ. With `exact` it is drawn alone."
)
MORE = "upscale, vary, more like this, redo, zoom out, details, delete, ⭐ 👍 👎"
EVERY = "all"
"""The menu's value for all pictures of a job."""


def result(job: Job, images: Sequence[Image], picture: Blob) -> Card:
    """All pictures of a finished job in one, with what they were made of and what can be done."""
    request = images[0].manifest.request
    redo = Button("Redo", "redo", job.id, emoji="🔁")
    rows = _single(images[0], redo) if len(images) == 1 else _several(job, images, redo)
    text = "\n".join(_lines(job, request, images))
    return Card(content=text, rows=rows, files=(picture,))


def close(image: Image, picture: Blob, at: int | None) -> Card:
    """One picture alone with everything that can be done with it."""
    redo = Button("Redo", "redoone", image.id, emoji="🔁")
    text = f"**Picture {image.index + 1}** of #{image.job_id} · seed `{image.seed}`"
    return Card(content=text, rows=_single(image, redo, at=at), files=(picture,))


def every(job: Job, count: int, at: int | None) -> Card:
    """What can be done with all pictures of a job together."""
    rows = (
        (
            Button("Upscale all", "upall", job.id, emoji="🔍", style="primary"),
            Button("Vary all", "varyall", job.id, emoji="🎲", style="primary"),
            Button("More like all", "likeall", job.id, emoji="✨"),
            Button("Redo", "redo", job.id, emoji="🔁"),
        ),
        (
            Button("All", "goodall", job.id, emoji="👍"),
            Button("All", "badall", job.id, emoji="👎"),
            Button("All", "starall", job.id, emoji="⭐"),
            Button("Details", "infoall", job.id, emoji="ℹ️"),
            Button("Delete all", "delall", job.id, emoji="🗑️", style="danger", at=at),
        ),
    )
    return Card(content=f"All {count} pictures of **#{job.id}**", rows=rows)


def details(images: Sequence[Image], files: tuple[Blob, ...]) -> Card:
    """All that is needed to make a picture again, in words and as files."""
    manifest = images[0].manifest
    request = manifest.request
    card = embed(block(request.prompt, 1000), title=_details_title(images))
    if request.negative_prompt:
        card.add_field(name="Without", value=block(request.negative_prompt, 900), inline=False)
    for name, value in _figures(images):
        card.add_field(name=name, value=value)
    if request.stack:
        lines = [f"{_weighted(e)} `{e.artifact[:12]}`" for e in request.stack]
        if len(request.stack) > 1:
            lines.append(TOGETHER[request.stacking])
        card.add_field(name="Stack", value="\n".join(lines), inline=False)
    shared = any(image.manifest.shared for image in images)
    card.add_field(name="Again", value=DRAWN_TOGETHER if shared else DRAWN_ALONE, inline=False)
    versions = dotted(*(f"{name} {number}" for name, number in manifest.versions.items()))
    card.set_footer(
        text=f"{manifest.model} · {manifest.device} · {manifest.dtype} · {versions}"[:2000]
    )
    row = (Button("Make it again", "again", images[0].id, emoji="♻️"),)
    return Card(embed=card, rows=(row,), files=files)


def stars(images: Sequence[Image]) -> Row:
    """A button for each picture that keeps it as a favourite."""
    return tuple(Button(str(n), "star", i.id, emoji="⭐") for n, i in enumerate(images, start=1))


def solo_button(image: Image) -> Button:
    """Draws the picture's scene with each of its concepts alone."""
    return Button("Solo versus stack", "solo", image.id, emoji="🧩")


def stack_line(stack: Sequence[StackEntry]) -> str:
    """The concepts of a request with their weights."""
    return dotted(*(_weighted(entry) for entry in stack))


def _lines(job: Job, request: ImagineRequest, images: Sequence[Image]) -> list[str]:
    without = f"without {escaped(request.negative_prompt, 200)}" if request.negative_prompt else ""
    numbered = [f"{image.index + 1}: `{image.seed}`" for image in images]
    seeds = f"seed `{images[0].seed}`" if len(images) == 1 else f"seeds {dotted(*numbered)}"
    made = dotted(f"#{job.id}", *_made_with(request), _size(images[0]), took(job))
    small = [without, stack_line(request.stack), seeds, f"{made} · for <@{job.user_id}>"]
    small += _strangers(images[0].manifest)
    return [f"**{escaped(request.prompt, 500)}**", *(f"-# {line}" for line in small if line)]


def _strangers(manifest: Manifest) -> list[str]:
    """A word on each concept that was taught on other weights than those that drew."""
    return [
        f"⚠️ {code(entry.token)} was taught on other weights than the model has now. "
        "Teach it again if it does not look right."
        for entry in manifest.request.stack
        if entry.weights and manifest.weights and entry.weights != manifest.weights
    ]


def _made_with(request: ImagineRequest) -> tuple[str, str, str]:
    steps = request.num_inference_steps
    guidance = request.guidance_scale
    return (
        f"{steps} steps" if steps else "",
        f"guidance {guidance:g}" if guidance else "",
        request.sampler.value if request.sampler else "",
    )


def _figures(images: Sequence[Image]) -> list[tuple[str, str]]:
    request = images[0].manifest.request
    steps, guidance, sampler = _made_with(request)
    figures = [
        ("Seed", ", ".join(f"`{image.seed}`" for image in images)),
        ("Size", _size(images[0])),
        ("Sampling", dotted(steps, guidance, sampler)),
    ]
    if request.start:
        about = ("in part" if request.mask else "", "expanded" if request.expand else "")
        strength = f"strength {request.start.strength:g}"
        figures.append(("From a picture", dotted(strength, *about)))
    if request.control:
        figures.append(("Follows", f"{request.control.kind.value}, {request.control.scale:g}"))
    if request.hires:
        figures.append(("Second pass", f"{request.hires.scale:g}× the size"))
    if request.variation:
        figures.append(("Variation", f"strength {request.variation.strength:g}"))
    return figures


def _details_title(images: Sequence[Image]) -> str:
    one = images[0]
    if len(images) > 1:
        return f"All pictures of #{one.job_id}"
    return f"Picture {one.index + 1} of #{one.job_id}"


def _single(image: Image, redo: Button, *, at: int | None = None) -> tuple[Row, ...]:
    make = (
        Button("Upscale", "up", image.id, emoji="🔍", style="primary"),
        Button("Vary", "vary", image.id, emoji="🎲", style="primary"),
        Button("More like this", "like", image.id, emoji="✨"),
        redo,
    )
    around = (
        Button("Zoom out", "zoom", image.id, emoji="🔭"),
        Button("", "panleft", image.id, emoji="⬅️"),
        Button("", "panright", image.id, emoji="➡️"),
        Button("", "panup", image.id, emoji="⬆️"),
        Button("", "pandown", image.id, emoji="⬇️"),
    )
    judge = (
        Button("", "good", image.id, emoji="👍"),
        Button("", "bad", image.id, emoji="👎"),
        Button("Details", "info", image.id, emoji="ℹ️"),
        Button("Delete", "del", image.id, emoji="🗑️", at=at),
    )
    keep = (Button("Favourite", "star", image.id, emoji="⭐"), *_solo(image))
    return (make, around, judge, keep)


def _solo(image: Image) -> tuple[Button, ...]:
    return (solo_button(image),) if len(image.manifest.request.stack) > 1 else ()


def _several(job: Job, images: Sequence[Image], redo: Button) -> tuple[Row, ...]:
    """Rows with a button a picture and one for all, and a menu to look at one closely.

    Solo versus stack is that of the first picture; the menu leads to that of the others.
    """
    number = {image.id: str(image.index + 1) for image in images}
    ups = tuple(Button(f"U{n}", "up", i, style="primary") for i, n in number.items())
    varies = tuple(Button(f"V{n}", "vary", i) for i, n in number.items())
    likes = tuple(Button(n, "good", i, emoji="👍") for i, n in number.items())
    keeps = tuple(Button(n, "star", i, emoji="⭐") for i, n in number.items())
    return (
        (*ups, redo),
        (*varies, Button("Details", "infoall", job.id, emoji="ℹ️")),
        (*likes, Button("Delete", "delall", job.id, emoji="🗑️")),
        (*keeps, *_solo(images[0])),
        (_menu(job, images),),
    )


def _menu(job: Job, images: Sequence[Image]) -> Menu:
    one_by_one = tuple(
        (str(image.id), f"Picture {image.index + 1}", f"seed {image.seed}: {MORE}")
        for image in images
    )
    options = (*one_by_one, (EVERY, "All pictures", MORE))
    return Menu("look", job.id, "More with one picture, or with all…", options)


def _weighted(entry: StackEntry) -> str:
    number = f" (v{entry.number})" if entry.number else ""
    return f"{code(entry.token)} {entry.weight:g}{number}"


def _size(image: Image) -> str:
    return f"{image.width_px} × {image.height_px}"
