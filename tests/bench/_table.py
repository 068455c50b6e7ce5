"""A table as markdown."""

from collections.abc import Iterable, Sequence


def show(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a markdown table."""
    lines = [header, ["---"] * len(header), *[[str(cell) for cell in row] for row in rows]]
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print(flush=True)
