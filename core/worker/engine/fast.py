"""An adapter that was distilled to draw in a few steps: it joins every stack of its samplers.

Source: Luo et al., LCM-LoRA (2023), section 3: its weights are added to those of any other LoRA.
"""

from pathlib import Path

from core.domain.drawing import Sampler
from core.errors import Conflict, InvalidInput, ModelFault, StorageFault
from core.storage import Storage
from core.worker.engine.bank import pairs
from core.worker.engine.shelves import Adapter
from core.worker.formats.files import open_file
from core.worker.formats.modules import modules_of
from core.worker.formats.parts import unet_part
from core.worker.formats.reading import read_adapter
from core.worker.models import Base

SAMPLERS = frozenset({Sampler.LCM, Sampler.TCD})
GONE = (
    "The few-step adapter that this picture was drawn with is no longer here, so it cannot be made "
    "again. Ask for it anew with `/imagine`."
)


class FastAdapters:
    """The adapter of the setting, and those of pictures that are made again after it was changed.

    Files are kept in storage, so that a manifest needs no more than a key. Without a `file` only
    what manifests name is worn.

    Raises:
        ModelFault: there is no such file, or it does not fit the model.
    """

    def __init__(self, base: Base, storage: Storage, file: str = "") -> None:
        self._base, self._storage, self._file = base, storage, Path(file).expanduser()
        self._key = self._kept(file) if file else ""

    def _kept(self, file: str) -> str:
        try:
            data = self._file.read_bytes()
            self._read(data)
        except (OSError, InvalidInput) as error:
            raise ModelFault(f"The few-step adapter {file} cannot be used: {error}") from error
        return self._storage.put(data)

    def key(self, sampler: Sampler | None) -> str:
        """The storage key of what is worn with a sampler now; empty where nothing is."""
        if sampler not in SAMPLERS or not self._key:
            return ""
        if not self._storage.exists(self._key):
            self._storage.put(self._file.read_bytes())
        return self._key

    def adapter(self, key: str) -> Adapter:
        """The adapter under a key that a manifest recorded.

        Raises:
            Conflict: it is no longer there.
            ModelFault: it does not fit the model.
        """
        try:
            return self._read(self._storage.get(key))
        except StorageFault as error:
            raise Conflict(GONE) from error

    def _read(self, data: bytes) -> Adapter:
        tensors, metadata = open_file(data)
        return pairs(unet_part(read_adapter(tensors, modules_of(self._base), metadata)))
