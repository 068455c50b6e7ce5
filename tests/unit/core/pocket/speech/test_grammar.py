"""What is said: requests in two languages, names and words in no order."""

import random

from core.pocket.speech import grammar, names
from core.pocket.world.palette import PALETTE
from core.pocket.world.scene import NOUNS


def test_the_same_seed_draws_the_same_requests() -> None:
    """A corpus can be made again."""
    first = [grammar.request(random.Random(3)) for _ in range(5)]
    assert first == [grammar.request(random.Random(3)) for _ in range(5)]


def test_every_spanish_request_has_one_english_meaning() -> None:
    """Translation is a function, so that it can be learned and scored."""
    rng = random.Random(0)
    meanings: dict[str, str] = {}
    for _ in range(8000):
        phrase = grammar.request(rng)
        assert meanings.setdefault(phrase.spanish, phrase.english) == phrase.english


def test_training_never_says_what_is_kept_for_tests() -> None:
    """Sentences and names of the test set are new to the model."""
    rng = random.Random(1)
    for _ in range(3000):
        phrase = grammar.training_request(rng)
        assert not names.held_out(phrase.english)
        kept = {name for name in phrase.names if names.held_out(name)}
        assert kept <= {*names.FREQUENT, *names.SOUND_ALIKE}


def test_a_held_out_request_has_a_new_name_or_none() -> None:
    """The two kinds of test sentences are what they say."""
    rng = random.Random(2)
    assert all(not grammar.held_out_request(rng, named=False).names for _ in range(20))
    for _ in range(5):
        assert all(names.held_out(n) for n in grammar.held_out_request(rng, named=True).names)


def test_the_names_of_a_request_stand_in_both_languages() -> None:
    """A name is the same word in English and in Spanish."""
    rng = random.Random(4)
    for _ in range(2000):
        phrase = grammar.request(rng)
        for name in phrase.names:
            assert name in phrase.english.split()
            assert name in phrase.spanish.split()


def test_the_drawn_world_can_be_asked_for() -> None:
    """Every noun and colour that the pocket diffusion model draws is a word of the grammar."""
    assert {*NOUNS, *PALETTE} <= set(grammar.vocabulary("en"))


def test_spanish_adjectives_agree_with_their_nouns() -> None:
    """Gender and number follow the noun, in an example of each."""
    rng = random.Random(5)
    said = " | ".join(f" {grammar.request(rng).spanish} " for _ in range(20_000))
    for right in ("estrella roja", "gato rojo", "dos peces", "dos aviones", "dos robots"):
        assert f" {right}" in said
    for wrong in ("estrella rojo", "gato roja", "dos pezs", " de el "):
        assert wrong not in said


def test_word_salad_and_chatter_speak_the_language_asked_for() -> None:
    """Words in no order come from one language; chatter asks for nothing that is drawn."""
    rng = random.Random(6)
    spanish = set(grammar.vocabulary("es"))
    salad = grammar.word_salad(rng, "es")
    assert set(salad.spanish.split()) <= spanish | set(salad.names)
    assert 2 <= len(salad.spanish.split()) <= 8
    chatter = {word for _ in range(50) for word in grammar.chatter(rng, "en").split()}
    assert not chatter & {"circle", "teal", "forest"}
