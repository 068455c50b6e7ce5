"""Domain values as JSON text and back, validated on the way in."""

from typing import Any

from pydantic import TypeAdapter


class Codec:
    """Writes and reads values of one shape: a type, or a union told apart by a field."""

    def __init__(self, shape: Any) -> None:
        self._shape: TypeAdapter[Any] = TypeAdapter(shape)

    def write(self, value: Any) -> str:
        """The value as JSON."""
        return self._shape.dump_json(value).decode()

    def read(self, text: str) -> Any:
        """The value again.

        Raises:
            ValueError: the text is not JSON of this shape.
        """
        return self._shape.validate_json(text)
