"""Hostile ABC: it is rejected with a reason, in time linear in its length."""

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sklearn_c2c.io import read_melodies
from sklearn_c2c.io._abc import (
    MAX_MEASURES_OF_REST,
    MAX_TUNE_CHARACTERS,
    decode,
    read_abc,
    split_tunes,
)
from sklearn_c2c.io._abc_text import holds_abc, music_of, plain_text
from sklearn_c2c.io._tune import LENGTH, MAX_MEASURES, MAX_TICKS, START, TuneError

HEAD = "X:1\nM:4/4\nL:1/8\nK:C\n"
PRIMES = [n for n in range(1000, 9973) if all(n % k for k in range(2, 100))]

# Constructs that may be repeated any number of times in the music of a tune.
REPEATED = [
    *(
        "A",
        "A9999",
        "A/9999",
        "A//////// ",
        "A>>>",
        ">>>",
        "A>",
        "A<B",
        "<",
        "(3",
        "(9",
    ),
    *("(3(5(7ABC", "(9:1:99A/7", "(2:9:99A", "(9:1:99", "(2:9:99A9999", "A/7", "z"),
    *("^", "^A", "__B,,,,", "C'''''", "'", "|", "|:", ":|", "|:A:|", "A:|", "::", "[1"),
    *(
        "|1A",
        "[1A|[2B",
        "[30A",
        ":",
        ".",
        ".|",
        "[|",
        "|]",
        "[",
        "]",
        "[A",
        "[AB]",
        "[",
    ),
    *("[9A]9", "[A9999]9999", "(", ")", "((A", "{", "{g}", "{A", "}", '"', '"Am"', "!"),
    *("!a", "!a!", "! ", "!D.C.", "!D.C. ", "+", "+a", "+trill+", "+D.C. ", "-", "A-"),
    *("A-|", ".-", "x", "Hx|", '"a"x', "Z", "Z9", "Z999", "X999|", "y", "y9", " ", "`"),
    *("\\", "[K:D]", "[K:", "[K:D exp ^f]", "[K:clef=bass]", "[M:4/4]", "[M:", "[M: "),
    *("[L:1/999]A", "[L:1/8]", "[V:1]A", "[V:", "[r:", "[Q:1/4=9]", "w:", "%", "\r"),
    *("\nK:D", "\nM:3/4\nA", "\nM:", "\nV:1\nA", "\n%%begintext\n", "\n%%endtext\n"),
    *("<pre>", "</pre>", "<b ", "&amp;", "&gt;", "&", "&#9", "\n|:A", "\nA:", "$", "*"),
    *(
        "@",
        "(12:8:12A",
        "[1st A",
        "|2nd",
        "+f+",
        "[AA]",
        "[AA-]",
        '"\\%',
        "\\%",
        "\x1a",
    ),
    *("\n%%MIDI transpose 2\nA", "[I:propagate-accidentals not]^A", "\n  X:1\nK:C\nA"),
    *('\nV:1 name="x', '\nV:1 nm="x"\nA', "\n\nT:a\nK:C\nA", "\n\nT:a", "[K:perc]A"),
    *("\u201c", "\u2019", "\u2013", "\u00a0", "\u0663", "\ufeff", "\U0001d11e", "\0"),
]


def calls_of(function, *args):
    """Number of calls, those of generators among them, that a call makes."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function(*args)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("token", REPEATED)
def test_work_grows_with_the_length(token):
    small, large = (f"{HEAD}{token * n}\n".encode() for n in (100, 400))
    assert calls_of(read_abc, large) < 6 * calls_of(read_abc, small) + 3000


@pytest.mark.parametrize("token", REPEATED)
@pytest.mark.parametrize("head", [HEAD + "A", "K:C\n"])
def test_what_repeats_is_read_or_refused(head, token):
    text = head + token * (4000 // len(token))
    try:
        tunes = read_abc(text.encode())
    except TuneError:
        return
    for tune in tunes:
        assert tune.fault or tune.parts
        check_sizes(tune, len(text))


def check_sizes(tune, n_characters):
    n_rows = sum(len(part.notes) + len(part.measures) for part in tune.parts)
    assert n_rows <= 2 * n_characters + MAX_MEASURES_OF_REST
    for part in tune.parts:
        assert 0 < part.measures[-1, [START, LENGTH]].sum() <= MAX_TICKS
        assert (part.notes[:, 1] >= 0).all()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("M:4/4" + " " * 60000 + "x\nK:C", "expected beats over a note value"),
        ("M:" + "1+" * 30000 + "1/4\nK:C", "expected beats over a note value"),
        ("M:(" + " " * 60000 + "\nK:C", "expected beats over a note value"),
        ("L:1/" + "1" * 60000 + "\nK:C", "no unit note length"),
        ("K:C exp " + "^c" * 30000 + "@", "expected a tonic"),
        ("K:C" + " " * 60000 + "@", "expected a tonic"),
        ('K:C name="' + ' m="' * 15000, "has no notes"),
        ("K:C octave=" + "9" * 60000, "expected a whole number"),
        ("K:C octave=99\nA", "no MIDI pitch"),
        ("K:C transpose=-99\nA", "no MIDI pitch"),
        ("Q:" + "1/4 " * 15000 + "=120\nK:C", "has no notes"),
        ("Q:" + "=" * 60000 + "120\nK:C", "has no notes"),
        ("Q:1/4=1." + "0" * 60000 + "\nK:C", "has no notes"),
        ("T:" + "&" * 60000 + "\nK:C", "has no notes"),
        ("T:" + "\\" * 60000 + "\nK:C", "has no notes"),
        ("M:4/4\nL:1\nK:C\n" + "A9999" * 30, "lasts more than the 65536 quarter notes"),
        ("L:1/8\nK:C\n" + "".join(f"A/{n}" for n in PRIMES), "no common part"),
        ("K:C\nA" + ">>>" * 56, "no note between"),
        ("M:4/4\nK:C\n" + "Z999" * 660, "rests for more than the 1024 measures"),
        ("M:4/4\nK:C\n|:" + "A|" * 9000 + "[30A:|", "9001 measures and repeats of 30"),
        ("K:C\nCA" + ":" * 30 + "|", "played 31 times"),
        ("x" * MAX_TUNE_CHARACTERS, "characters long"),
    ],
)
def test_what_asks_for_too_much_is_a_reason(header, words):
    (tune,) = read_abc(f"X:1\n{header}\n".encode())
    assert words in tune.fault
    assert not tune.parts


def test_few_bytes_that_ask_for_many_measures(tmp_path):
    path = tmp_path / "bomb.abc"
    path.write_text("X:1\nM:4/4\nK:C\n|:" + "Z999" * 160 + "[30A:|\n")
    with pytest.raises(ValueError, match="rests for more than the 1024 measures"):
        read_melodies(path, repeats="played")
    n_measures = MAX_MEASURES // 30
    path.write_text(f"X:1\nM:4/4\nL:1\nK:C\n|:{'A|' * (n_measures - 1)}[30A:|\n")
    read = read_melodies(path, repeats="played", n_measures=4096)
    assert read.data.shape == (1, 4096 * 16)


def test_fields_of_a_book_are_not_multiplied():
    head = "M:" + "4" * 10000 + "\n" + "L:1/8\n" * 10000
    blocks = split_tunes(head + "X:1\nK:C\nA\n" * 1000)
    assert len(blocks) == 1000
    assert max(map(len, blocks)) < 200


@pytest.mark.parametrize(
    "token", ["\n\nT:a\nK:C\nA", "\n\nwords", "\n", "\nT:", "\n \n"]
)
def test_what_is_before_the_first_number_costs_no_more_than_its_length(token):
    small, large = (f"K:C\nA{token * n}\nX:1\nK:C\nA" for n in (100, 400))
    assert calls_of(split_tunes, large) < 6 * calls_of(split_tunes, small) + 100
    assert sum(map(len, split_tunes(large))) < 2 * len(large)


def test_many_fields_of_a_voice_before_the_key_hold_one_after_the_other():
    text = "X:1\nM:4/4\n" + "V:1 octave=1\n" * 4000 + "V:1 octave=2\nK:C\nV:1\nA4|"
    (tune,) = read_abc(text.encode())
    assert tune.parts[0].notes[:, 2].tolist() == [93]


def test_blocks_of_words_that_do_not_end_cost_no_more():
    for text in ("%%begintext\n" * 4000, "%%begintext\n%%beginps\n" * 4000):
        assert music_of(text) == text
        assert calls_of(music_of, text * 4) < 5 * calls_of(music_of, text)


TOKENS = st.sampled_from(
    [*REPEATED, "C", "D2", "e/", "|", "|", "z", "\n", " ", "5", "/"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(TOKENS, max_size=60), st.sampled_from([HEAD, "K:C\n", "X:1\n", ""]))
@example(["A", *[">>>"] * 56], "X:1\nK:C\n")
def test_tokens_in_any_order_are_read_or_refused(tokens, head):
    text = head + "".join(tokens)
    assert isinstance(holds_abc(text.encode()), bool)
    try:
        tunes = read_abc(text.encode())
    except TuneError:
        return
    for tune in tunes:
        assert tune.fault or tune.parts
        check_sizes(tune, len(text))


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"X:1\nK:C\n", b"\xff\xfe", b"\0"])
)
def test_any_bytes_are_read_or_refused(data, head):
    text = decode(head + data)
    text.encode()  # no lone surrogates, which could not be written or sent
    plain_text(text).encode()
    try:
        read_abc(head + data)
    except TuneError:
        return


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_titles_are_one_printable_line(title):
    plain = plain_text(title)
    assert plain == " ".join(plain.split())
    assert plain.isprintable()
    plain.encode()
