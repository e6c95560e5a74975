"""The command ``c2c``: from tunes to new melodies, without a line of Python.

The command line and its exit codes; what the subcommands do is in `_commands`.
"""

import argparse
import os
import sys
import warnings

import sklearn_c2c
from sklearn_c2c import _commands
from sklearn_c2c._commands import plain

_FAILURES = (ArithmeticError, ImportError, OSError, TypeError, ValueError)

_EXAMPLES = """\
examples:
  c2c compose --out reels                        8 new melodies after Celtic reels
  c2c compose tunes.abc more/ --key D --out new  after your own tunes, all moved to D
  c2c inspect tunes.abc                          what would be read, what not, and why
  c2c train bach --out bach.c2c                  a model to keep
  c2c generate --model bach.c2c --out more       new melodies from it
  c2c interpolate --model reels/model.c2c 1 2 --out between
"""


def main(argv=None):
    """Run the command.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        Exit code: 0, 1 for a failure that one line on stderr explains, 130 if
        interrupted. A command line that makes no sense exits with 2.
    """
    args = _parser().parse_args(argv)
    args.reading = _given(args, _READING_OPTIONS)
    args.training = _given(args, _TRAINING_OPTIONS)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            args.command(args)
            sys.stdout.flush()
    except BrokenPipeError:  # head and the like have seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("c2c: interrupted", file=sys.stderr)
        return 130
    except _FAILURES as error:
        message = " ".join(plain(str(error)).split())
        print(f"c2c: error: {message}", file=sys.stderr)
        return 1
    return 0


def _show_warning(message, category, *_):
    print(f"c2c: {category.__name__}: {plain(str(message))}", file=sys.stderr)


def _count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def _tempo(text):
    tempo = int(text)
    if not 10 <= tempo <= 1000:
        raise argparse.ArgumentTypeError(f"expected 10 to 1000, got {tempo}")
    return tempo


# Name in the library, metavar, type and help of each; its default is the library's.
_READING_OPTIONS = {
    "--measures": ("n_measures", "N", _count, "full measures of each tune (8)"),
    "--steps-per-quarter": ("steps_per_quarter", "N", _count, "time steps (4)"),
    "--time-signature": ("time_signature", "M", str, "metre (that of most tunes)"),
    "--key": ("key", "TONIC", str, "move all tunes to it (as they are)"),
}
_TRAINING_OPTIONS = {
    "--h": ("h", "N", _count, "size of the latent space (1500)"),
    "--max-iter": ("max_iter", "N", _count, "epochs (100)"),
    "--batch-size": ("batch_size", "N", _count, "melodies in a minibatch (20)"),
    "--learning-rate": ("learning_rate_init", "X", float, "step size of Adam"),
    "--output": ("output", "KIND", str, "sigmoid, or softmax per time step"),
}


def _given(args, options):
    """The options that the user gave; the others keep the defaults of the library."""
    names = (name for name, *_ in options.values())
    return {name: getattr(args, name) for name in names if hasattr(args, name)}


def _parser():
    parser = argparse.ArgumentParser(
        prog="c2c",
        description=sklearn_c2c.__doc__.partition("\n")[0],
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"%(prog)s {sklearn_c2c.__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    compose = _command(
        commands, "compose", _commands.compose, "learn a style, compose in it"
    )
    _add_corpus(compose, nargs="*", default=["celtic"])
    _add_options(compose, "model", _TRAINING_OPTIONS)
    _add_sampling(compose)
    _add_result(compose)

    train = _command(
        commands, "train", _commands.train, "learn a style, keep the model"
    )
    _add_corpus(train, nargs="*", default=["celtic"])
    _add_options(train, "model", _TRAINING_OPTIONS)
    _add_seed(train)
    train.add_argument("--out", required=True, metavar="FILE", help="model to write")
    train.add_argument("--force", action="store_true", help="replace FILE if it exists")

    generate = _command(
        commands, "generate", _commands.generate, "compose with a kept model"
    )
    _add_model(generate)
    _add_sampling(generate)
    _add_result(generate)

    between = _command(
        commands, "interpolate", _commands.interpolate, "from one tune to another"
    )
    _add_model(between)
    help_ = "a file of one tune, or a tune of the corpus: its number or its title"
    between.add_argument("a", metavar="A", help=help_)
    between.add_argument("b", metavar="B", help="likewise")
    between.add_argument(
        "--steps", type=_count, default=5, metavar="N", help="default: %(default)s"
    )
    _add_result(between)

    inspect = _command(
        commands, "inspect", _commands.inspect, "what would be read, and what not"
    )
    _add_corpus(inspect, nargs="+")
    return parser


def _command(commands, name, function, summary):
    parser = commands.add_parser(
        name, help=summary, description=function.__doc__, allow_abbrev=False
    )
    parser.set_defaults(command=function)
    return parser


def _add_corpus(parser, **kwargs):
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        help="celtic (the default), bach, or files and folders of your own: ABC, MIDI, "
        "MusicXML",
        **kwargs,
    )
    _add_options(parser, "reading files of your own", _READING_OPTIONS)


def _add_options(parser, title, options):
    group = parser.add_argument_group(f"{title} (in brackets, what holds otherwise)")
    for flag, (name, metavar, type_, help_) in options.items():
        group.add_argument(
            flag,
            dest=name,
            metavar=metavar,
            type=type_,
            default=argparse.SUPPRESS,
            help=help_,
        )


def _add_model(parser):
    parser.add_argument(
        "--model", required=True, metavar="FILE", help="file made by compose or train"
    )


def _add_seed(parser):
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="default: %(default)s"
    )


def _add_sampling(parser):
    parser.add_argument(
        "--n",
        type=_count,
        default=8,
        metavar="N",
        help="melodies; default: %(default)s",
    )
    _add_seed(parser)


def _add_result(parser):
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to fill")
    parser.add_argument(
        "--tempo",
        type=_tempo,
        default=120,
        metavar="N",
        help="quarter notes a minute; default: %(default)s",
    )
    parser.add_argument(
        "--force", action="store_true", help="write into DIR even if it has content"
    )


if __name__ == "__main__":
    sys.exit(main())
