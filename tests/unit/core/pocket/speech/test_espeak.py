"""Speech by espeak-ng, in time."""

import random
from itertools import islice

import numpy as np
import pytest

from core.pocket.speech import espeak as module
from core.pocket.speech.clips import Clip, Speaker, spoken
from core.pocket.speech.corpus import ClipMaker
from core.pocket.speech.espeak import Espeak, EspeakMissing, Voice
from core.pocket.speech.phrases import Phrase
from core.pocket.speech.testset import KEY_SENTENCES, hotwords_for, scored_clips
from core.pocket.speech.voices import (
    HELD_OUT_VARIANTS,
    TRAINED_VARIANTS,
    held_out_voice,
    trained_voice,
)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes data without espeak-ng learns the package's name."""
    monkeypatch.setattr(module, "_LIBRARY", "libespeak-ng-not-there.so")
    with pytest.raises(EspeakMissing, match="apt install espeak-ng"):
        Espeak()


def test_words_start_one_after_another(espeak: Espeak) -> None:
    """Every written word has a start within the sound, and phonemes have theirs."""
    said = espeak.say("a photo of a red star", Voice("en-us", "f3"))
    assert len(said.word_starts) == 6
    assert list(said.word_starts) == sorted(said.word_starts)
    assert 0 < said.word_starts[-1] < len(said.samples) / said.sample_rate_hz
    assert {name for _, name in said.phonemes} >= {"f", "r", "s", "t"}


def test_an_unknown_voice_is_refused(espeak: Espeak) -> None:
    """A wrong name is not silently replaced by the plain voice."""
    with pytest.raises(ValueError, match="nowhere"):
        espeak.say("hello", Voice("nowhere"))


def test_every_voice_exists(espeak: Espeak) -> None:
    """All variants that teach and test speak, and none does both."""
    assert not set(TRAINED_VARIANTS) & set(HELD_OUT_VARIANTS)
    for variant in (*TRAINED_VARIANTS, *HELD_OUT_VARIANTS):
        assert np.abs(espeak.say("a", Voice("en-us", variant)).samples).max() > 0.01


def test_letters_of_a_spelled_name_have_their_own_times(espeak: Espeak) -> None:
    """ "xyz" is said in three pieces, and stays one word."""
    assert spoken("a xyz cat", ("xyz",)) == "a x y z cat"
    phrase = Phrase("a xyz cat", "un gato xyz", ("xyz",))
    samples, utterance = Speaker(espeak).say(phrase, Voice("en-us"), start_s=1.0)
    assert [(word.text, len(word.starts)) for word in utterance.words] == [
        ("a", 1), ("xyz", 3), ("cat", 1),
    ]  # fmt: skip
    assert utterance.start_s == 1.0
    assert utterance.end_s - 1.0 == pytest.approx(len(samples) / 16_000)
    assert utterance.translation is None


def test_two_requests_do_not_overlap(espeak: Espeak) -> None:
    """A pause stands between utterances, and the clip holds both."""
    phrases = [KEY_SENTENCES[2], KEY_SENTENCES[3]]
    samples, (first, second) = Speaker(espeak).clip(phrases, Voice("es"), random.Random(0))
    assert first.end_s + 0.5 < second.start_s
    assert second.end_s < len(samples) / 16_000
    assert first.translation == KEY_SENTENCES[2].english


def test_training_clips_fit_the_window_and_repeat(espeak: Espeak) -> None:
    """The same generator gives the same words in the same voices; no clip passes 9.9 s."""
    maker = ClipMaker(espeak)
    drawn = [[maker.draw(rng) for _ in range(6)] for rng in (random.Random(5), random.Random(5))]
    for (first, clip), (second, other) in zip(*drawn, strict=True):
        assert clip.language == other.language
        assert _words(clip) == _words(other)
        assert len(first) == pytest.approx(len(second), abs=320)
        assert len(first) < 10.2 * 16_000


def _words(clip: Clip) -> list[str]:
    return [word.text for utterance in clip.utterances for word in utterance.words]


def test_voices_are_drawn_from_their_own_side(espeak: Espeak) -> None:
    """Test voices never teach."""
    rng = random.Random(1)
    assert {trained_voice(rng, "en").variant for _ in range(200)} <= {"", *TRAINED_VARIANTS}
    assert {held_out_voice(rng, "es").variant for _ in range(50)} <= set(HELD_OUT_VARIANTS)


def test_the_test_set_is_drawn_again_by_its_seed(espeak: Espeak) -> None:
    """Groups and references repeat; key sentences ask for "kar" by hotword."""
    clips = list(islice(scored_clips(espeak, seed=3, share=0.02), 12))
    again = list(islice(scored_clips(espeak, seed=3, share=0.02), 12))
    assert [(c.group, c.text, c.english) for c in clips] == [
        (c.group, c.text, c.english) for c in again
    ]
    assert {"new voices", "new names", "Spanish", "chatter", "key sentences"} <= {
        clip.group for clip in clips
    }
    assert all(clip.opus.startswith(b"OggS") for clip in clips)
    hotwords = hotwords_for(clips[-1], random.Random(0))
    assert "kar" in hotwords.text
    assert hotwords.respelled("in car forest") == "in kar forest"
