"""Arguments of the commands that compose with a saved model."""

from sklearn_c2c.cli import _arguments as arguments
from sklearn_c2c.cli import _completing, _exploring, _harmonizing
from sklearn_c2c.cli._kinds import Default
from sklearn_c2c.cli._objectives import OBJECTIVES_HELP
from sklearn_c2c.cli._setting import ATTRIBUTES, ATTRIBUTES_HELP

# Half of the library's: for each start two melodies are written and engraved.
_N_STARTS = 5
_NOTHING_DRAWN = "of the model that is trained without --model"


def _exploration(commands, name, function, summary, epilog, kinds=()):
    """Add a command that fills a folder with results of a saved model.

    Without one, a model of the given kinds is trained.
    """
    parser = arguments.new_command(commands, name, function, summary, epilog)
    parser.set_defaults(kinds=kinds)
    arguments.add_model(parser)
    arguments.add_voice(parser)
    return parser


def add_drawing(parser, what):
    """How many results, and how they are drawn."""
    number = Default("sample", "n_samples")
    arguments.add_number(parser, "--n", arguments.count, number, what, dest="n_samples")
    arguments.add_sampling(parser)
    arguments.add_form(parser)
    arguments.add_seed(parser)
    arguments.add_result(parser)


def add_generate(commands):
    parser = _exploration(
        commands,
        "generate",
        _exploring.generate,
        "compose with a saved model",
        """\
example:
  c2c generate --model reels.c2c --n 20 --seed 1 --out more
""",
    )
    add_drawing(parser, "melodies")


def add_interpolate(commands):
    parser = _exploration(
        commands,
        "interpolate",
        _exploring.interpolate,
        "from one tune to another",
        """\
examples:
  c2c interpolate --model reels.c2c 1 2 --out between
  c2c interpolate --model reels.c2c "green mountain" mine.abc --steps 9 --out between
""",
    )
    parser.add_argument("a", metavar="A", help=arguments.TUNE_HELP)
    parser.add_argument("b", metavar="B", help="likewise")
    _add_steps(parser, "interpolate")
    arguments.add_seed(parser, _NOTHING_DRAWN)
    arguments.add_result(parser)


def _add_steps(parser, function):
    number = Default(function, "n_points", less=1)
    arguments.add_number(
        parser, "--steps", arguments.count, number, "intervals to take", dest="n_steps"
    )


def add_sweep(commands):
    parser = _exploration(
        commands,
        "sweep",
        _exploring.sweep,
        "one latent variable from its minimum to its maximum",
        """\
All other latent variables stay at their mean over the corpus. The fewer there are, the
more a single one changes the melody.

example:
  c2c train --variational --h 2 --hidden 256 --out two.c2c
  c2c sweep --model two.c2c --latent 1 --steps 7 --out second
""",
    )
    arguments.add_number(
        parser, "--latent", arguments.index, 0, "which, from 0", dest="dimension"
    )
    _add_steps(parser, "sweep")
    arguments.add_seed(parser, _NOTHING_DRAWN)
    arguments.add_result(parser)


def add_attribute(commands):
    parser = _exploration(
        commands,
        "attribute",
        _exploring.attribute,
        "a tune with more or less of an attribute",
        ATTRIBUTES_HELP,
    )
    parser.add_argument("tune", metavar="TUNE", help=arguments.TUNE_HELP)
    _add_ways(parser)
    arguments.add_seed(parser)
    arguments.add_result(parser)


def _add_ways(parser):
    """To add an attribute vector, or to ask for values."""
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument(
        "attribute",
        metavar="ATTRIBUTE",
        nargs="?",
        choices=ATTRIBUTES,
        help="see below",
    )
    way.add_argument(
        "--set",
        dest="settings",
        action="append",
        type=arguments.setting,
        metavar="NAME=X",
        help="ask for a value: +X or -X in standard deviations of the corpus, or X; "
        "can be repeated",
    )
    parser.add_argument(
        "--steps",
        dest="n_steps",
        type=arguments.count,
        metavar="N",
        help="steps to walk from the tune to what --set asks for; default: 1",
    )
    parser.add_argument(
        "--scales",
        type=float,
        nargs="+",
        metavar="X",
        help="how much of the vector of ATTRIBUTE to add; below 0 takes it away; "
        "default: " + " ".join(f"{scale:g}" for scale in _exploring.SCALES),
    )


def add_swap(commands):
    parser = _exploration(
        commands,
        "swap",
        _exploring.swap,
        "the pitches of one tune in the rhythm of another",
        """\
The model must keep pitch and rhythm apart: train it with --pitch-rhythm. Without
--model such a one learns the Celtic reels.

examples:
  c2c train --pitch-rhythm --out apart.c2c
  c2c swap --model apart.c2c 1 2 --out swapped
""",
        kinds=("pitch-rhythm",),
    )
    help_ = f"{arguments.TUNE_HELP}; its pitches"
    parser.add_argument("a", metavar="A", help=help_)
    parser.add_argument("b", metavar="B", help="likewise; its rhythm")
    arguments.add_seed(parser, _NOTHING_DRAWN)
    arguments.add_result(parser)


def add_recurse(commands):
    parser = _exploration(
        commands,
        "recurse",
        _exploring.recurse,
        "iterate a model up to a fixed point or a cycle",
        """\
examples:
  c2c recurse --model reels.c2c --seed 4 --out noise       from noise
  c2c recurse --model reels.c2c mine.abc --out becomes     from a tune
""",
    )
    help_ = f"{arguments.TUNE_HELP}; without it, noise"
    parser.add_argument("tune", nargs="?", metavar="TUNE", help=help_)
    number = Default("recurse", "max_iter")
    arguments.add_number(
        parser, "--max-iter", arguments.count, number, "iterations at most"
    )
    arguments.add_seed(parser)
    arguments.add_result(parser)


def add_optimize(commands):
    parser = _exploration(
        commands,
        "optimize",
        _exploring.optimize,
        "steer melodies to an objective",
        f"""\
objectives:
{OBJECTIVES_HELP}

Several are added up, each times its WEIGHT (1 by default). Their units differ: holds
are counted; shares, and objectives that are met or not, range from 0 to 1.

examples:
  c2c optimize --model reels.c2c first-note=C4 --out from-c
  c2c optimize --model reels.c2c most-holds style@20 --starts 8 --out calm
""",
    )
    parser.add_argument(
        "objectives",
        nargs="+",
        metavar="NAME[=VALUE][@WEIGHT]",
        help="what to aim at, see below",
    )
    parser.add_argument(
        "--method",
        choices=("gradient", "random", "evolution"),
        default=Default("optimize", "method"),
        help="how to search; default: %(default)s",
    )
    arguments.add_number(
        parser, "--starts", arguments.count, _N_STARTS, "random starts", dest="n_starts"
    )
    number = Default("optimize", "max_iter")
    arguments.add_number(
        parser, "--max-iter", arguments.count, number, "iterations from each start"
    )
    arguments.add_form(parser)
    arguments.add_seed(parser)
    arguments.add_result(parser)


def add_vary(commands):
    parser = _exploration(
        commands,
        "vary",
        _exploring.vary,
        "variations of a tune",
        """\
examples:
  c2c vary --model reels.c2c 1 --out near
  c2c vary --model reels.c2c mine.abc --strength 0.7 --n 12 --out far
""",
    )
    parser.add_argument("tune", metavar="TUNE", help=arguments.TUNE_HELP)
    number, strength = (Default("vary", name) for name in ("n_samples", "strength"))
    arguments.add_number(
        parser, "--n", arguments.count, number, "variations", dest="n_samples"
    )
    help_ = "from 0, near the tune, to 1"
    arguments.add_number(parser, "--strength", arguments.share, strength, help_, "X")
    arguments.add_sampling(parser)
    arguments.add_form(parser, "that of the tune")
    arguments.add_seed(parser)
    arguments.add_result(parser)


def add_complete(commands):
    parser = _exploration(
        commands,
        "complete",
        _completing.complete,
        "keep some measures of a tune, fill the others",
        """\
The tune may be in any key and range: it is transposed to where the model reconstructs
it best, and the results are transposed back.

examples:
  c2c complete --model reels.c2c mine.abc --keep 1-4 --out second-half
  c2c complete --model reels.c2c 3 --keep 1,2,7-8 --n 12 --out middle
  c2c complete --model reels.c2c 3 --keep 1-8 --aspect rhythm --out new-pitches
""",
    )
    _add_completion(parser, "measures to keep, such as 1-4,7")


def add_continue(commands):
    parser = _exploration(
        commands,
        "continue",
        _completing.continue_,
        "go on from the beginning of a tune",
        """\
A file may hold fewer measures than the melodies of the model.

examples:
  c2c continue --model reels.c2c beginning.abc --out on
  c2c continue --model reels.c2c 3 --keep 1-2 --out other-ways
""",
    )
    _add_completion(parser, "measures to keep; default: all of a beginning, else half")


def _add_completion(parser, keep_help):
    parser.add_argument("tune", metavar="TUNE", help=arguments.TUNE_HELP)
    parser.add_argument(
        "--keep", type=arguments.measures, metavar="N-N", help=keep_help
    )
    parser.add_argument(
        "--aspect",
        choices=("notes", "rhythm", "pitches"),
        default=Default("complete", "aspect"),
        help="what is kept of them; default: %(default)s",
    )
    number = Default("complete", "n_samples")
    arguments.add_number(
        parser, "--n", arguments.count, number, "results", dest="n_samples"
    )
    arguments.add_form(parser)
    arguments.add_seed(parser)
    arguments.add_result(parser)


def add_harmonize(commands):
    parser = arguments.new_command(
        commands,
        "harmonize",
        _harmonizing.harmonize,
        "add alto, tenor and bass to a tune",
        """\
Without --model it learns Bach's chorales, and leaves the model in the folder. Voices
are added to the first 8 measures of the tune, which is in 4/4; of several parts it is
the melody, or --part. The tune is transposed to the key of the model, and all voices
are transposed back. Its phrases end at fermatas (H in ABC); if it has none, at the
longest note of every two measures.

examples:
  c2c harmonize mine.abc --out four-voices
  c2c harmonize --model four-voices/model.c2c other.abc --out again
""",
    )
    help_ = "model.c2c that harmonize wrote; without it, Bach's chorales are learned"
    arguments.add_model(parser, help_)
    arguments.add_voice(parser)
    parser.add_argument("tune", metavar="TUNE", help=arguments.TUNE_HELP)
    arguments.add_seed(parser, _NOTHING_DRAWN)
    arguments.add_result(parser)
