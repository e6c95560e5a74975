"""Arguments that several commands have in common, and their types."""

import argparse

from sklearn_c2c.cli._kinds import (
    BETA,
    FEWEST_EPOCHS,
    KINDS,
    LARGEST_H,
    LONGEST_WHOLE,
    MOST_EPOCHS,
    SHORTEST_WHOLE,
    SMALLEST_H,
    Default,
    with_defaults,
)
from sklearn_c2c.cli._result import FURTHER
from sklearn_c2c.cli._setting import Setting

_MOST_MEASURES = 1000
# Quarter notes a minute, or dotted ones, if neither user nor corpus states a tempo.
DEFAULT_TEMPO = 120

TUNE_HELP = (
    "a file of one tune, one tune of a file, as inspect lists it (tunes.abc#3), or a "
    "tune of the corpus: its number or its title"
)


def count(text):
    """At least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def index(text):
    """At least 0."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {number}")
    return number


def seed(text):
    """Seed of NumPy's generators."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"expected 0 to {2**32 - 1}, got {number}")
    return number


def share(text):
    """From 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected 0 to 1, got {number:g}")
    return number


def sizes(text):
    """Counts with commas between them."""
    return tuple(count(part) for part in text.split(","))


def measures(text):
    """Numbers and ranges of measures, such as 1-4,7."""
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        first, last = count(first), count(last or first)
        if not first <= last <= _MOST_MEASURES:
            raise argparse.ArgumentTypeError(
                f"expected measures such as 1-4, up to {_MOST_MEASURES}, got {part}"
            )
        found |= set(range(first, last + 1))
    return sorted(found)


def lengths(text):
    """A number of measures, or limits of it, such as 4-64."""
    low, _, high = text.partition("-")
    low, high = count(low), count(high or low)
    if not low <= high <= _MOST_MEASURES:
        raise argparse.ArgumentTypeError(
            f"expected a number of measures, or with --whole limits such as 4-64, up "
            f"to {_MOST_MEASURES}, got {text}"
        )
    return (low, high) if "-" in text else low


def semitones(text):
    """Up to two octaves."""
    number = int(text)
    if not 0 <= number <= 24:
        raise argparse.ArgumentTypeError(f"expected 0 to 24, got {number}")
    return number


def factor(text):
    """Not negative."""
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {text}")
    return number


def tempo(text):
    """Beats a minute."""
    number = int(text)
    if not 10 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"expected 10 to 1000, got {number}")
    return number


def tonic(text):
    """A key to move tunes to, or none."""
    return None if text == "none" else text


def setting(text):
    """An attribute and its value."""
    try:
        return Setting.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def formats(text):
    """Formats with commas between them, as suffixes."""
    known = [suffix[1:] for suffix in FURTHER]
    words = list(dict.fromkeys(text.lower().split(",")))
    for word in words:
        if word not in known:
            raise argparse.ArgumentTypeError(
                f"expected {', '.join(known)}, with commas between several, got {word}"
            )
    return tuple(f".{word}" for word in words)


def one_of(*words):
    """Make an argument type that accepts some words."""

    def word(text):
        if text not in words:
            raise argparse.ArgumentTypeError(
                f"expected {' or '.join(words)}, got {text}"
            )
        return text

    return word


# Parameter in the library, metavar, type and help of each option. The default is the
# library's; `with_defaults` fills it into the help.
_READING_OPTIONS = {
    "--measures": (
        "n_measures",
        "N",
        lengths,
        "full measures of each tune ({reading.n_measures}); with --whole limits of "
        f"them, such as 4-32 ({SHORTEST_WHOLE}-{LONGEST_WHOLE})",
    ),
    "--steps-per-quarter": (
        "steps_per_quarter",
        "N",
        count,
        "time steps ({reading.steps_per_quarter})",
    ),
    "--time-signature": ("time_signature", "M", str, "metre (that of most tunes)"),
    "--key": (
        "key",
        "KEY",
        tonic,
        "tonic to transpose all tunes to, or key, such as Dm, to read only tunes in "
        "its mode; none keeps their keys (the most frequent tonic)",
    ),
    "--mode": (
        "mode",
        "MODE",
        str,
        "read only tunes in it: major, minor, dorian and so on, or any (any)",
    ),
    "--pickup": (
        "pickup",
        "KIND",
        one_of("keep", "drop"),
        "keep or drop what precedes the first bar ({reading.pickup})",
    ),
}
# Also for a single tune of the user's own, where the defaults are those of the corpus.
_VOICE_OPTIONS = {
    "--part": (
        "part",
        "PART",
        str,
        "which of several parts: melody, its name, or its number from 0",
    ),
    "--chords": (
        "chords",
        "KIND",
        one_of("reject", "highest"),
        "leave tunes with chords out (reject), or read the highest notes",
    ),
    "--repeats": (
        "repeats",
        "KIND",
        one_of("written", "played"),
        "read each part once (written), or as often as it is played "
        "({reading.repeats}; whole played)",
    ),
    "--off-grid": (
        "off_grid",
        "KIND",
        one_of("round", "reject"),
        "round notes between two time steps (round), or leave their tunes out",
    ),
}
# The same for a book of tunes, whose defaults take each tune as it is.
_BOOK_HELP = {
    "--measures": "only the first N measures, or tunes within limits, such as 4-32 "
    "(whole tunes)",
    "--steps-per-quarter": "time steps (the fewest that hold all notes of a tune)",
    "--time-signature": "only tunes in this metre (all metres)",
    "--key": "tonic to transpose all tunes to, or key, such as Dm, for only those in "
    "its mode (their own keys)",
    "--mode": "only tunes in it: major, minor, dorian and so on (any)",
    "--pickup": "keep or drop what precedes the first bar (keep)",
}
_BOOK_OPTIONS = {
    flag: (*_READING_OPTIONS[flag][:-1], help_) for flag, help_ in _BOOK_HELP.items()
}
_TRAINING_OPTIONS = {
    "--h": (
        "h",
        "N",
        count,
        f"size of the latent space ({SMALLEST_H} to {LARGEST_H}, a quarter of the "
        "tunes; variational {variational.h}; paper {paper.h})",
    ),
    "--units": (
        "n_units",
        "N",
        count,
        "units of each recurrent layer, with --whole ({whole.n_units})",
    ),
    "--hidden": (
        "hidden_layer_sizes",
        "N,N...",
        sizes,
        "sizes of layers between the data and the latent space (none)",
    ),
    "--beta": (
        "beta",
        "X",
        float,
        f"weight of the divergence ({BETA:g}; variational {{variational.beta:g}})",
    ),
    "--max-iter": (
        "max_iter",
        "N",
        count,
        f"epochs ({FEWEST_EPOCHS} to {MOST_EPOCHS}; variational "
        "{variational.max_iter}; paper {paper.max_iter})",
    ),
    "--batch-size": (
        "batch_size",
        "N",
        count,
        "melodies in a minibatch ({variational.batch_size})",
    ),
    "--learning-rate": (
        "learning_rate_init",
        "X",
        float,
        "learning rate of Adam ({variational.learning_rate_init}; paper "
        "{paper.learning_rate_init})",
    ),
    "--output": (
        "output",
        "KIND",
        str,
        "sigmoid, or softmax per time step ({variational.output}; paper "
        "{paper.output})",
    ),
}


class Parser(argparse.ArgumentParser):
    """A parser that looks up defaults of the library when it runs."""

    def parse_known_args(self, args=None, namespace=None):
        """Look up the defaults first; a subparser does so if its command is called."""
        self._look_up()
        return super().parse_known_args(args, namespace)

    def _look_up(self):
        for action in self._actions:
            if isinstance(action.default, Default):
                action.default = action.default.value()

    def format_help(self):
        """Fill in the defaults first."""
        self._look_up()
        for action in self._actions:
            action.help = action.help and with_defaults(action.help)
        self.epilog = self.epilog and with_defaults(self.epilog)
        return super().format_help()


def gather_options(args):
    """Set `reading` and `training`: the options given, by the library's names."""
    args.reading = _given(args, _READING_OPTIONS | _VOICE_OPTIONS)
    args.training = _given(args, _TRAINING_OPTIONS)


def _given(args, options):
    """The options that the user gave; the others keep the defaults of the library."""
    names = (name for name, *_ in options.values())
    return {name: getattr(args, name) for name in names if hasattr(args, name)}


def add_corpus(parser, **kwargs):
    """Tunes to read, and how."""
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        help="celtic (the default), bach, or files and folders of your own: ABC, MIDI, "
        "MusicXML",
        **kwargs,
    )
    _add_options(parser, "reading files of your own", _READING_OPTIONS | _VOICE_OPTIONS)


def add_tunes(parser):
    """Tunes of one's own to read whole, and how."""
    parser.add_argument(
        "tunes",
        metavar="TUNES",
        nargs="+",
        help="files and folders: ABC, MIDI, MusicXML",
    )
    _add_options(parser, "reading them", _BOOK_OPTIONS | _VOICE_OPTIONS)


def add_training(parser):
    """Which model to train, and how."""
    for name in KINDS:
        add_kind(parser, name)
    parser.add_argument(
        "--transpose",
        type=semitones,
        default=0,
        metavar="N",
        help="train on all tunes moved by up to N semitones, too; default: %(default)s",
    )
    _add_options(parser, "model", _TRAINING_OPTIONS)


def add_kind(parser, name):
    """A kind of model."""
    parser.add_argument(
        f"--{name}",
        dest="kinds",
        action="append_const",
        const=name,
        default=[],
        help=KINDS[name].help,
    )


def add_voice(parser):
    """How to read a tune of one's own."""
    _add_options(parser, "reading a tune of your own", _VOICE_OPTIONS, "as the corpus")


def _add_options(parser, title, options, otherwise="in brackets"):
    group = parser.add_argument_group(f"{title} (defaults: {otherwise})")
    for flag, (name, metavar, type_, help_) in options.items():
        group.add_argument(
            flag,
            dest=name,
            metavar=metavar,
            type=type_,
            default=argparse.SUPPRESS,
            help=help_,
        )


def add_sampling(parser):
    """Options of the distribution of latent vectors."""
    parser.add_argument(
        "--sampling",
        dest="method",
        choices=("gaussian", "diagonal", "kde", "prior", "range"),
        help="distribution of latent vectors; default: gaussian, with --paper range, "
        "with --whole kde",
    )
    parser.add_argument(
        "--scale",
        type=factor,
        metavar="X",
        help="factor of its width; default: 1.3 with gaussian, 1 otherwise",
    )


def add_form(parser, default="corpus"):
    """Which parts are equal."""
    parser.add_argument(
        "--form",
        metavar="FORM",
        help="which parts are equal: letters such as AABA, corpus (as in tunes of the "
        f"corpus), none, or a tune; default: {default}, with --paper none",
    )


def add_model(
    parser,
    help_="file made by compose or train; without it, the Celtic reels are learned",
):
    """The model to compose with."""
    parser.add_argument("--model", metavar="FILE", help=help_)


def add_number(parser, flag, type_, default, help_, metavar="N", dest=None):
    """Add an option with a number, whose default the help names."""
    parser.add_argument(
        flag,
        dest=dest or flag.strip("-").replace("-", "_"),
        type=type_,
        default=default,
        metavar=metavar,
        help=f"{help_}; default: %(default)s",
    )


def add_seed(parser, help_="the same seed gives the same files"):
    """Seed of the random choices."""
    add_number(parser, "--seed", seed, 0, help_)


def add_tempo(parser):
    """Tempo of the melodies."""
    parser.add_argument(
        "--tempo",
        type=tempo,
        metavar="N",
        help="beats a minute, in 6/8 dotted quarters; default: that of the corpus, or "
        f"{DEFAULT_TEMPO}",
    )


def add_result(parser):
    """Where to write melodies, and their tempo."""
    add_folder(parser)
    add_tempo(parser)


def add_folder(parser):
    """Where to write."""
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to fill")
    parser.add_argument(
        "--also",
        type=formats,
        default=(),
        metavar="F,F...",
        help="further formats of each melody: wav (sound), pdf, png, svg (score)",
    )
    parser.add_argument(
        "--force", action="store_true", help="write into DIR even if it has content"
    )


def add_file(parser, help_):
    """The one file to write."""
    parser.add_argument("--out", required=True, metavar="FILE", help=help_)
    parser.add_argument(
        "--force", action="store_true", help="replace FILE if it exists"
    )


def new_command(commands, name, function, summary, epilog):
    """Add a command that runs a function of the parsed arguments."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=function.__doc__,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=function, parser=parser)
    return parser
