"""The command that writes a model for programs in other languages."""

from sklearn_c2c.cli._result import new_folder

_PARTS = "encoder", "decoder"


def onnx(args):
    """Write encoder and decoder of a saved model as ONNX files.

    The encoder takes piano rolls, the decoder gives probabilities of tokens. Programs
    in other languages compute them with ONNX Runtime; what each column is, the files
    say in their metadata. It needs the library onnx.
    """
    from sklearn_c2c import persistence
    from sklearn_c2c.onnx import write_onnx

    model = persistence.load(args.model)
    with new_folder(args) as folder:
        for part in _PARTS:
            write_onnx(model, folder / f"{part}.onnx", part=part)
