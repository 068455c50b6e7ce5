"""How a worker is set up."""

from typing import Literal

from core.domain.frozen import Frozen

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in shares of the picture."""
Places = dict[str, tuple[Box, ...]]
"""For concepts by name the parts of the picture that they belong in."""


class Setup(Frozen):
    """How the worker is set up, as far as it changes a picture; the worker fills this in.

    When the picture is made again, it is drawn on the same path with the same adapter and schedule
    as then; what belongs to the process (the last three) is as it is now.
    """

    few_steps: str = ""
    """Storage key of the few-step adapter's file; empty where none was worn."""
    plain: bool = False
    """Drawn by diffusers' own pipeline rather than by the engine."""
    bare: bool = False
    """The unconditional half wore no concept, where `apart`, also with one alone."""
    style_share: float = 0.0
    """What share of its weight a style has in the unconditional half, where `apart`."""
    places: Places | None = None
    """Where the prompt tells concepts to be, and what their words are confined to, where `apart`;
    None where that was left to adapters, told in fewer ways."""
    schedule: dict[str, bool | int | float | str | tuple[float, ...] | None]
    """The checkpoint's own noise schedule and prediction, by diffusers' names."""
    compile: Literal["off", "on", "graphs"] = "off"
    channels_last: bool = False
    threads: int = 0
    """On a CPU."""
