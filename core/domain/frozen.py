"""What most values of the domain are made of."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that cannot change and takes no unknown field."""

    model_config = ConfigDict(frozen=True, extra="forbid")
