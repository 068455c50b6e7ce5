"""A thread beside the worker's loop, for work that needs no turn at the models' own."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


class Aside:
    """Does one piece of work after the other, in the order in which they were handed over.

    One thread is enough: zlib lets go of Python's lock, and a file is made faster than a picture.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")

    def wait_for(
        self, work: Callable[[], Made], *, meanwhile: Callable[[], bool]
    ) -> Generator[None, None, Made]:
        """Slices that go by until the work is done; its result, or what it raised.

        Once there is nothing to do `meanwhile`, it is waited for, so that the loop does not spin.
        """
        doing = self._thread.submit(work)
        try:
            while meanwhile() and not doing.done():
                yield
            return doing.result()
        finally:
            doing.cancel()
