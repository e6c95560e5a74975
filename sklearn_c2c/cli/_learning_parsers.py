"""Arguments of the commands that read tunes, or that write a model or one page."""

from sklearn_c2c.cli import _arguments as arguments
from sklearn_c2c.cli import _book, _learning, _onnx
from sklearn_c2c.cli._exploring_parsers import add_drawing


def add_compose(commands):
    parser = arguments.new_command(
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
    add_drawing(parser, "melodies")


def add_train(commands):
    parser = arguments.new_command(
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
    arguments.add_file(parser, "model to write")


def add_explore(commands):
    parser = arguments.new_command(
        commands,
        "explore",
        _learning.explore,
        "a page to move in a latent space and hear it",
        """\
examples:
  c2c explore --out reels.html
  c2c explore tunes.abc more/ --h 32 --hidden 256 --out mine.html
  c2c explore --model bach.c2c --out bach.html
""",
    )
    arguments.add_corpus(parser, nargs="*", default=None)
    arguments.add_training(parser)
    help_ = "file made by compose or train, in place of a CORPUS to learn"
    parser.add_argument("--model", metavar="FILE", help=help_)
    parser.add_argument(
        "--layout",
        choices=("auto", "tsne", "pca"),
        default="auto",
        help="where tunes are on the map: by t-SNE, or by principal components; auto "
        "is t-SNE for up to 3000 tunes; default: %(default)s",
    )
    arguments.add_seed(parser)
    arguments.add_tempo(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help="page to write")
    parser.add_argument(
        "--force", action="store_true", help="replace FILE if it exists"
    )


def add_inspect(commands):
    parser = arguments.new_command(
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


def add_book(commands):
    parser = arguments.new_command(
        commands,
        "book",
        _book.book,
        "a book of scores from tunes, as PDF or HTML",
        """\
Tunes are taken whole, in their own metres and keys, with pick-ups and repeat signs,
unless the options below say otherwise.

examples:
  c2c book tunes.abc more/ --out tunes.pdf
  c2c book tunes.abc --key D --title "All in D" --paper us-letter --out in-d.pdf
  c2c book tunes.abc --measures 2 --out beginnings.html
""",
    )
    arguments.add_tunes(parser)
    arguments.add_file(parser, "book to write, .pdf or .html")
    parser.add_argument("--title", help="title of the book; default: that of the files")
    parser.add_argument(
        "--paper",
        choices=("a4", "a5", "us-letter", "us-legal"),
        default="a4",
        help="format of the pages; default: %(default)s",
    )


def add_onnx(commands):
    parser = arguments.new_command(
        commands,
        "onnx",
        _onnx.onnx,
        "a model for programs in other languages",
        """\
example:
  c2c onnx --model reels.c2c --out reels-onnx
""",
    )
    help_ = "file made by compose or train"
    parser.add_argument("--model", required=True, metavar="FILE", help=help_)
    arguments.add_folder(parser)
