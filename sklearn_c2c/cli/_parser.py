"""The command line: every command with its arguments and examples."""

import argparse

import sklearn_c2c
from sklearn_c2c.cli import _arguments as arguments
from sklearn_c2c.cli import _completing, _exploring, _harmonizing, _learning
from sklearn_c2c.cli._kinds import Default
from sklearn_c2c.cli._objectives import OBJECTIVES_HELP

_EXAMPLES = """\
examples:
  c2c compose --out reels                        8 new melodies after Celtic reels
  c2c compose tunes.abc more/ --out new          after your own tunes
  c2c inspect tunes.abc                          the tunes that would be read, or not
  c2c train bach --out bach.c2c                  a model to keep
  c2c generate --model bach.c2c --out more       new melodies from it
  c2c interpolate --model reels/model.c2c 1 2 --out between
  c2c continue --model reels/model.c2c mine.abc --out on    goes on from a beginning
  c2c COMMAND --help                             more of them
"""
_ATTRIBUTES = (
    "hold-share",
    "note-density",
    "pitch-range",
    "mean-absolute-interval",
    "pitch-class-entropy",
)
_ATTRIBUTE_EXAMPLES = f"""\
attributes to add:
  {", ".join(_ATTRIBUTES)}

attributes to set:
{{attributes}}

With --set the tune is changed until an attribute has the value that is asked for, of
several one after the other, and otherwise as little as possible; the values found are
printed. With ATTRIBUTE an attribute vector is added to the latent vector of the tune:
the mean of the quarter of the corpus that has the most of the attribute, minus the mean
of the quarter that has the least. The larger the latent space, the larger the scales
that change a tune.

examples:
  c2c attribute --model reels.c2c 1 note-density --out busy
  c2c attribute --model reels.c2c mine.abc hold-share --scales 0 1 2 --out calm
  c2c attribute --model reels.c2c mine.abc --set note-density=+1 --out busier
  c2c attribute --model reels.c2c mine.abc --set note-density=+2 --steps 4 --out rows
  c2c attribute --model reels.c2c 1 --set mean-pitch=74 --set contour=-1 --out high
"""
# Half of the library's: for each start two melodies are written and engraved.
_N_STARTS = 5
_NOTHING_DRAWN = "of the model that is trained without --model"


def parse(argv=None):
    """Parse the command line; `command` of the result is the function to run."""
    args = _parser().parse_args(argv)
    args.flags = _flags(args.parser)
    arguments.gather_options(args)
    return args


def _flags(parser):
    """The option of each parameter that a command has."""
    options = (action for action in parser._actions if action.option_strings)
    return {action.dest: action.option_strings[-1] for action in options}


def _parser():
    parser = arguments.Parser(
        prog="c2c",
        description=sklearn_c2c.__doc__.partition("\n")[0],
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"%(prog)s {sklearn_c2c.__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        _add_compose,
        _add_train,
        _add_generate,
        _add_interpolate,
        _add_sweep,
        _add_attribute,
        _add_swap,
        _add_recurse,
        _add_optimize,
        _add_vary,
        _add_complete,
        _add_continue,
        _add_harmonize,
        _add_inspect,
    ):
        add(commands)
    return parser


def _command(commands, name, function, summary, epilog):
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


def _exploration(commands, name, function, summary, epilog, kinds=()):
    """Add a command that fills a folder with results of a saved model.

    Without one, a model of the given kinds is trained.
    """
    parser = _command(commands, name, function, summary, epilog)
    parser.set_defaults(kinds=kinds)
    arguments.add_model(parser)
    arguments.add_voice(parser)
    return parser


def _add_compose(commands):
    parser = _command(
        commands,
        "compose",
        _learning.compose,
        "learn a style, compose in it",
        """\
examples:
  c2c compose --out reels
  c2c compose bach --h 16 --hidden 256 --out chorales
  c2c compose --form AABA --out rounds
  c2c compose --paper --out as-the-paper-does
  c2c compose tunes.abc --whole --out whole-tunes
  c2c compose tunes.abc more/ --key D --n 20 --seed 3 --out new
""",
    )
    arguments.add_corpus(parser, nargs="*", default=["celtic"])
    arguments.add_training(parser)
    _add_drawing(parser, "melodies")


def _add_drawing(parser, what):
    """How many results, and how they are drawn."""
    number = Default("sample", "n_samples")
    arguments.add_number(parser, "--n", arguments.count, number, what, dest="n_samples")
    arguments.add_sampling(parser)
    arguments.add_form(parser)
    arguments.add_seed(parser)
    arguments.add_result(parser)


def _add_train(commands):
    parser = _command(
        commands,
        "train",
        _learning.train,
        "learn a style, keep the model",
        """\
examples:
  c2c train --out reels.c2c
  c2c train --variational --beta 0.5 --out even.c2c
""",
    )
    arguments.add_corpus(parser, nargs="*", default=["celtic"])
    arguments.add_training(parser)
    arguments.add_seed(parser)
    arguments.add_tempo(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help="model to write")
    parser.add_argument(
        "--force", action="store_true", help="replace FILE if it exists"
    )


def _add_generate(commands):
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
    _add_drawing(parser, "melodies")


def _add_interpolate(commands):
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


def _add_sweep(commands):
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


def _add_attribute(commands):
    parser = _exploration(
        commands,
        "attribute",
        _exploring.attribute,
        "a tune with more or less of an attribute",
        _ATTRIBUTE_EXAMPLES,
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
        choices=_ATTRIBUTES,
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


def _add_swap(commands):
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


def _add_recurse(commands):
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


def _add_optimize(commands):
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


def _add_vary(commands):
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


def _add_complete(commands):
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


def _add_continue(commands):
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


def _add_harmonize(commands):
    parser = _command(
        commands,
        "harmonize",
        _harmonizing.harmonize,
        "add alto, tenor and bass to a tune",
        """\
Without --model it learns Bach's chorales, and leaves the model in the folder. The tune
is transposed to the key of the model, and all voices are transposed back.

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


def _add_inspect(commands):
    parser = _command(
        commands,
        "inspect",
        _learning.inspect,
        "which tunes would be read, and which not",
        """\
examples:
  c2c inspect tunes.abc more/
  c2c inspect waltzes/ --measures 16 --time-signature 3/4
  c2c inspect tunes.abc --whole
""",
    )
    arguments.add_corpus(parser, nargs="+")
    arguments.add_kind(parser, "whole")
