"""What people are told about ControlNets, wherever it is noticed that one is missing."""

from collections.abc import Iterable

from core.domain.drawing import ControlKind


def missing(kind: ControlKind, have: Iterable[ControlKind]) -> str:
    """A sentence for who asks for a ControlNet that is not there."""
    known = ", ".join(each.value for each in have)
    others = f" There is one for {known}." if known else ""
    return (
        f"I have no ControlNet for {kind.value}, so I cannot follow that picture.{others} "
        "Whoever runs me can set one with ATELIER_CONTROLNETS."
    )
