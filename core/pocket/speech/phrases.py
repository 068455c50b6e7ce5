"""Noun phrases and places in English and Spanish, drawn from a seeded generator."""

import random
from dataclasses import dataclass

from core.pocket.speech import lexicon, names
from core.pocket.speech.lexicon import Gender, Noun


@dataclass(frozen=True)
class Phrase:
    """Words with one meaning in both languages, and the concept names among them."""

    english: str
    spanish: str
    names: tuple[str, ...] = ()


def join(*phrases: Phrase | None) -> Phrase:
    """One phrase of several, in their order; None and empty ones leave no gap."""
    kept = [phrase for phrase in phrases if phrase is not None]
    return Phrase(
        " ".join(phrase.english for phrase in kept if phrase.english),
        _contracted(" ".join(phrase.spanish for phrase in kept if phrase.spanish)),
        tuple(name for phrase in kept for name in phrase.names),
    )


def thing(rng: random.Random) -> Phrase:
    """A noun phrase: one thing with what is told of it, several, or a named concept."""
    draw = rng.random()
    if draw < 0.26:
        return _named_thing(rng)
    if draw < 0.32:
        return _several(rng)
    noun = _noun(rng)
    before, after = _qualities(rng, noun.gender)
    core = Phrase(f"{before} {noun.english}".strip(), f"{noun.spanish} {after}".strip())
    attached = _attachment(rng)
    if attached and rng.random() < 0.2 and (other := _attachment(rng)):
        attached = join(attached, Phrase("and", "y"), other)
    return join(_with_article(rng, core, noun.gender), attached)


def scene(rng: random.Random) -> Phrase:
    """Where it is: a fixed phrase, a place with a colour or a name, or a coloured background."""
    draw = rng.random()
    if draw < 0.4:
        return Phrase(*rng.choice(lexicon.SCENES))
    if draw < 0.5:
        colour = rng.choice(lexicon.COLOURS)
        return Phrase(
            f"on a {colour.english} background".replace("a orange", "an orange"),
            f"sobre un fondo {colour.masculine}",
        )
    return _place(rng) if draw < 0.94 else _coloured_forest(rng)


def _coloured_forest(rng: random.Random) -> Phrase:
    """ "in a forest of pink trees on purple ground under a teal sky"."""
    trees, ground, sky = (rng.choice(lexicon.COLOURS) for _ in range(3))
    leaves = _spanish_plural(trees.masculine)
    phrase = Phrase(f"in a forest of {trees.english} trees", f"en un bosque de árboles {leaves}")
    if rng.random() < 0.5:
        where = Phrase(f"on {ground.english} ground", f"sobre suelo {ground.masculine}")
        phrase = join(phrase, where)
    if rng.random() < 0.5:
        above = Phrase(f"{sky.english} sky", f"cielo {sky.masculine}")
        phrase = join(phrase, Phrase("under", "debajo de"), _indefinite(above, "m"))
    return phrase


def _noun(rng: random.Random) -> Noun:
    return rng.choice(lexicon.DRAWN if rng.random() < 0.4 else lexicon.THINGS)


def _place(rng: random.Random) -> Phrase:
    """ "in a pink forest", "near the beach", "in kar forest"."""
    preposition = rng.choice(
        (("in", "en"), ("in", "en"), ("on", "encima de"), ("near", "cerca de"))
    )
    place = rng.choice(lexicon.PLACES)
    draw = rng.random()
    if draw < 0.4:
        return join(Phrase(*preposition), _named(rng, place, article=rng.random() < 0.3))
    core = Phrase(place.english, place.spanish)
    if draw < 0.6:
        colour = rng.choice(lexicon.COLOURS)
        core = Phrase(
            f"{colour.english} {place.english}", f"{place.spanish} {colour.spanish(place.gender)}"
        )
    return join(Phrase(*preposition), _with_article(rng, core, place.gender, bare=0.0))


def _named_thing(rng: random.Random) -> Phrase:
    """ "xyz temple", "a lumo cat", "kar" or "a house in lumo style"."""
    draw = rng.random()
    noun = _noun(rng)
    if draw < 0.75:
        return _named(rng, noun, article=rng.random() < 0.4)
    name = names.any_name(rng)
    if draw < 0.9:
        return Phrase(name, name, (name,))
    core = Phrase(noun.english, noun.spanish)
    style = Phrase(f"in {name} style", f"al estilo {name}", (name,))
    return join(_with_article(rng, core, noun.gender), style)


def _named(rng: random.Random, noun: Noun, *, article: bool) -> Phrase:
    """A name before its noun, with a colour now and then: "xyz temple", "the red lumo cat"."""
    name = names.any_name(rng)
    english, spanish = f"{name} {noun.english}", f"{noun.spanish} {name}"
    if rng.random() < 0.12:
        colour = rng.choice(lexicon.COLOURS)
        english = f"{colour.english} {english}"
        spanish = f"{spanish} {colour.spanish(noun.gender)}"
    core = Phrase(english, spanish, (name,))
    return _with_article(rng, core, noun.gender, bare=0.0) if article else core


def _qualities(rng: random.Random, gender: Gender) -> tuple[str, str]:
    """What stands before an English noun and after a Spanish one; often nothing."""
    english: list[str] = []
    spanish: list[str] = []
    if rng.random() < 0.22:
        quality = rng.choice(lexicon.QUALITIES)
        english.append(quality.english)
        spanish.append(quality.spanish(gender))
    if rng.random() < 0.62:
        colour, other = rng.sample(lexicon.COLOURS, 2)
        english.append(colour.english)
        spanish.append(colour.spanish(gender))
        if rng.random() < 0.08:
            english[-1] += f" and {other.english}"
            spanish[-1] += f" y {other.spanish(gender)}"
    if rng.random() < 0.15:
        pattern = rng.choice(lexicon.PATTERNS)
        english.append(pattern[0])
        spanish.append("lisa" if pattern[0] == "plain" and gender == "f" else pattern[1])
    return " ".join(english), " ".join(spanish)


def _attachment(rng: random.Random) -> Phrase | None:
    """ "with yellow stripes", "with a teal roof", "in a pink ring"; mostly nothing."""
    draw = rng.random()
    colour = rng.choice(lexicon.COLOURS)
    if draw < 0.07:
        english, spanish = rng.choice(lexicon.PARTS)
        gender: Gender = "m" if spanish in lexicon.MASCULINE_PARTS else "f"
        plural = _spanish_plural(colour.spanish(gender))
        return Phrase(f"with {colour.english} {english}", f"con {spanish} {plural}")
    if draw < 0.16:
        noun = rng.choice(lexicon.ATTACHMENTS)
        core = Phrase(noun.english, noun.spanish)
        if rng.random() < 0.8:
            core = Phrase(
                f"{colour.english} {noun.english}", f"{noun.spanish} {colour.spanish(noun.gender)}"
            )
        return join(Phrase("with", "con"), _indefinite(core, noun.gender))
    if draw < 0.2:
        article = _indefinite(Phrase(f"{colour.english} ring", f"anillo {colour.masculine}"), "m")
        return join(Phrase("in", "en"), article)
    return None


def _several(rng: random.Random) -> Phrase:
    """ "two red cats"."""
    english, spanish = rng.choice(lexicon.COUNTS)
    noun = _noun(rng)
    colour = rng.choice(lexicon.COLOURS)
    if rng.random() < 0.6:
        english += f" {colour.english}"
        after = f" {_spanish_plural(colour.spanish(noun.gender))}"
    else:
        after = ""
    return Phrase(
        f"{english} {_english_plural(noun.english)}",
        f"{spanish} {_spanish_plural(noun.spanish)}{after}",
    )


def _with_article(
    rng: random.Random, core: Phrase, gender: Gender, *, bare: float = 0.08
) -> Phrase:
    draw = rng.random()
    if draw < bare:
        return core
    if draw < 0.8:
        return _indefinite(core, gender)
    return join(Phrase("the", "el" if gender == "m" else "la"), core)


def _indefinite(core: Phrase, gender: Gender) -> Phrase:
    article = "an" if core.english[0] in names.VOWELS else "a"
    return join(Phrase(article, "un" if gender == "m" else "una"), core)


def _english_plural(noun: str) -> str:
    irregular = {"fish": "fish", "leaf": "leaves", "butterfly": "butterflies"}
    if noun in irregular:
        return irregular[noun]
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def _spanish_plural(word: str) -> str:
    irregular = {"robot": "robots", "paraguas": "paraguas", "rosa": "rosa", "naranja": "naranja"}
    if word in irregular:
        return irregular[word]
    plain = {"ó": "o", "á": "a", "í": "i"}
    if word[-1] == "n" and word[-2] in plain:
        return f"{word[:-2]}{plain[word[-2]]}nes"
    if word.endswith("z"):
        return f"{word[:-1]}ces"
    return word + ("s" if word[-1] in "aeiouáéíóú" else "es")


def _contracted(spanish: str) -> str:
    """ "de el" is "del" in Spanish."""
    return f" {spanish} ".replace(" de el ", " del ").strip()
