"""espeak-ng through ctypes: speech as samples, with the time of every word and phoneme.

Only making clips needs espeak-ng (Debian: espeak-ng); hearing them does not.
Source: speak_lib.h of espeak-ng 1.51.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_LIBRARY = "libespeak-ng.so.1"
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS = 1
_EVENT_END, _EVENT_WORD, _EVENT_PHONEME = 0, 1, 7
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7
_UTF8 = 1


class EspeakMissing(RuntimeError):
    """espeak-ng is not installed on this machine."""


@dataclass(frozen=True)
class Voice:
    """One way of speaking: espeak's language, its voice variant, words a minute, pitch 0–99."""

    language: str
    variant: str = ""
    rate_wpm: int = 165
    pitch: int = 50
    pitch_range: int = 50
    word_gap: int = 0

    @property
    def name(self) -> str:
        """espeak's name for language and variant, as "en-us+f3"."""
        return f"{self.language}+{self.variant}" if self.variant else self.language


@dataclass(frozen=True)
class Spoken:
    """Speech: float32 samples in [-1, 1], the start of each word and of each phoneme in seconds."""

    samples: Samples
    sample_rate_hz: int
    word_starts: tuple[float, ...]
    phonemes: tuple[tuple[float, str], ...]


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("text", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """The library, initialised once a process. Not safe for several threads.

    Raises:
        EspeakMissing: the shared library is not there.
    """

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise EspeakMissing(
                f"{_LIBRARY} is not installed; on Debian: apt install espeak-ng"
            ) from error
        self.sample_rate_hz: int = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, None, _INITIALIZE_PHONEME_EVENTS
        )
        self._chunks: list[npt.NDArray[np.int16]] = []
        self._events: list[tuple[int, int, float, str]] = []
        self._callback: Callable[..., int] = _Callback(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: Voice) -> Spoken:
        """`text` spoken: one event a written word, so names said by letter need spaces.

        Raises:
            ValueError: espeak has no such voice.
        """
        self._select(voice)
        self._chunks.clear()
        self._events.clear()
        data = text.encode() + b"\0"
        size = ctypes.c_size_t(len(data))
        self._library.espeak_Synth(data, size, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate([np.zeros(1, np.int16), *self._chunks])
        return Spoken(
            (samples / 32768).astype(np.float32),
            self.sample_rate_hz,
            self._word_starts(text),
            tuple((at, name) for kind, _, at, name in self._events if kind == _EVENT_PHONEME),
        )

    def _select(self, voice: Voice) -> None:
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice.name}")
        for parameter, value in (
            (_RATE, voice.rate_wpm),
            (_PITCH, voice.pitch),
            (_RANGE, voice.pitch_range),
            (_WORD_GAP, voice.word_gap),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)

    def _receive(
        self,
        samples: "ctypes._Pointer[ctypes.c_short]",
        count: int,
        events: "ctypes._Pointer[_Event]",
    ) -> int:
        index = 0
        while events and events[index].type != _EVENT_END:
            event = events[index]
            name = event.text.decode("utf-8", "ignore") if event.type == _EVENT_PHONEME else ""
            seconds = event.audio_position_ms / 1000
            self._events.append((event.type, event.text_position, seconds, name))
            index += 1
        if count > 0 and samples:
            self._chunks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        return 0

    def _word_starts(self, text: str) -> tuple[float, ...]:
        """The start of each written word; one that espeak joined to the last starts with it."""
        at = [0]
        for word in text.split()[:-1]:
            at.append(at[-1] + len(word) + 1)
        starts: list[float | None] = [None] * len(at)
        for kind, position, seconds, _ in self._events:
            if kind == _EVENT_WORD:
                index = max(i for i, start in enumerate(at) if start < max(position, 1))
                starts[index] = seconds if starts[index] is None else starts[index]
        filled: list[float] = []
        for start in starts:
            filled.append(start if start is not None else (filled[-1] if filled else 0.0))
        return tuple(filled)
