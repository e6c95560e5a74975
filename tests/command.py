"""Runs of the command in the process of the tests."""

from sklearn_c2c import cli


def run(*arguments):
    """Run the command; return its exit code."""
    return cli.main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    """Run a command that must fail, and return its one line of explanation."""
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("c2c: error: ") and error.count("\n") == 1
    return error
