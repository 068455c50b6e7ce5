"""User text made harmless, and numbers as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.text import about, bar, block, code, duration, escaped, listed, ordinal, plain, told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** and _this_", r"\*\*bold\*\* and \_this\_"),
        ("[click](https://evil.example)", r"\[click\](https:\//evil.example)"),
        ("<@123> <#5> <:smile:1> <t:0:R> </x:1>", r"\<\@123> \<#5> \<:smile:1> \<t:0:R> \</x:1>"),
        ("@everyone", r"\@everyone"),
        ("# big", r"\# big"),
        ("> quote", r"\> quote"),
        ("- item", r"\- item"),
        ("||spoiler|| `code`", r"\|\|spoiler\|\| \`code\`"),
        ("a <kar> forest", "a <kar> forest"),
        ("two\nlines\tof   it", "two lines of it"),
        ("rtl \u202e text\u200b \x00", "rtl text"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_escaped_text_has_no_markup(text: str, shown: str) -> None:
    """Each sign that Discord reads gets a backslash, and nothing else changes."""
    assert escaped(text) == shown


def test_a_sentence_of_ours_names_roles_and_nothing_else() -> None:
    """A role is shown by its name; people, everyone and markdown stay text."""
    assert told("It takes the role <@&501> or <@&77>.") == "It takes the role <@&501> or <@&77>."
    assert told("<@123> @everyone **x** <@&kar>") == r"\<\@123> \@everyone \*\*x\*\* \<\@&kar>"


@given(st.text())
def test_no_text_escapes_its_frame(text: str) -> None:
    """One line stays one line, code stays code, and a limit is a limit."""
    assert "\n" not in escaped(text)
    assert code(text).count("`") == 2
    assert block(text).count("```") == 2
    assert len(plain(text, 10)) <= 10


def test_long_text_is_cut_visibly() -> None:
    """An ellipsis says that there was more."""
    assert plain("word " * 10, 12) == "word word w…"


def test_numbers_are_said_as_people_say_them() -> None:
    """1st, 2nd, 11th; seconds, minutes, hours; about."""
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
    )
    assert [duration(s) for s in (0.84, 3.0, 12.2, 150, 7200)] == (
        ["0.8 s", "3 s", "12 s", "2 min", "2.0 h"]
    )
    assert (about(None), about(0.2), about(4.4)) == ("", "about 1 s", "about 4 s")
    assert listed([]) == ""
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_a_bar_fills_from_left_to_right() -> None:
    """And never overflows."""
    assert bar(0, 10) == "▱" * 12
    assert bar(5, 10) == "▰" * 6 + "▱" * 6
    assert bar(99, 10) == "▰" * 12
    assert bar(1, 0) == "▰" * 12
