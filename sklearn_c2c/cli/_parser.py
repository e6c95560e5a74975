"""The command line: every command with its arguments and examples."""

import argparse

import sklearn_c2c
from sklearn_c2c.cli import _arguments as arguments
from sklearn_c2c.cli import _exploring_parsers as exploring
from sklearn_c2c.cli import _learning_parsers as learning

_EXAMPLES = """\
examples:
  c2c compose --out reels                        8 new melodies after Celtic reels
  c2c compose tunes.abc more/ --out new          after your own tunes
  c2c inspect tunes.abc                          the tunes that would be read, or not
  c2c train bach --out bach.c2c                  a model to keep
  c2c generate --model bach.c2c --out more       new melodies from it
  c2c explore --out page.html                    to move, and to hear the tune change
  c2c interpolate --model reels/model.c2c 1 2 --out between
  c2c continue --model reels/model.c2c mine.abc --out on    goes on from a beginning
  c2c harmonize mine.abc --out four-voices       adds alto, tenor and bass
  c2c COMMAND --help                             more of them
"""


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
        learning.add_compose,
        learning.add_train,
        learning.add_explore,
        exploring.add_generate,
        exploring.add_interpolate,
        exploring.add_sweep,
        exploring.add_attribute,
        exploring.add_swap,
        exploring.add_recurse,
        exploring.add_optimize,
        exploring.add_vary,
        exploring.add_complete,
        exploring.add_continue,
        exploring.add_harmonize,
        learning.add_inspect,
        learning.add_book,
        learning.add_onnx,
    ):
        add(commands)
    return parser
