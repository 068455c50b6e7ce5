"""Log-mel spectrograms exactly as faster-whisper makes them, clamped later.

The floor of the dynamic range depends on the loudest frame, so noise that is added to the
spectrogram while training must come before the clamp.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from faster_whisper.feature_extractor import FeatureExtractor

from core.pocket.speech.audio import Samples

Mel = npt.NDArray[np.float32]

BINS = 80
FRAMES_PER_SECOND = 100


@cache
def _extractor() -> FeatureExtractor:
    return FeatureExtractor(feature_size=BINS, chunk_length=10)


def log_mel(samples: Samples) -> Mel:
    """16 kHz samples → log10 mel power, (frames, 80), 100 frames a second, not clamped."""
    extractor = _extractor()
    window = np.hanning(extractor.n_fft + 1)[:-1].astype(np.float32)
    padded = np.pad(samples.astype(np.float32), (0, extractor.hop_length))
    spectrum = extractor.stft(
        padded, extractor.n_fft, extractor.hop_length, window=window, return_complex=True
    ).astype("complex64")
    power = extractor.mel_filters @ (np.abs(spectrum[..., :-1]) ** 2)
    return np.asarray(np.log10(np.clip(power, 1e-10, None)).T, np.float32)


def clamped(mel: Mel) -> Mel:
    """Eight decades under the loudest bin, scaled as Whisper expects."""
    return np.asarray((np.maximum(mel, mel.max() - 8.0) + 4.0) / 4.0, np.float32)
