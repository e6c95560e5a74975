"""JavaScript of the pages: modules of this folder, joined to one script.

A page that is opened from the file system cannot import a module from another file, so
the modules that a script needs are joined to one text. Node and the browsers' own
tools read the files as the modules that they are.
"""

import re
from functools import cache
from importlib import resources

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z_]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|class|const)", re.MULTILINE)


@cache
def script(name):
    """Join a module and all that it imports to a script in a scope of its own.

    The names at the top level of all modules must differ, and imports have the form
    ``import { name, other } from "./module.js";``.

    Parameters
    ----------
    name : str
        Name of the module, without ``.js``.

    Returns
    -------
    str
    """
    return f'(() => {{\n"use strict";\n{_joined(name)}}})();\n'


@cache
def module(name, *exports):
    """Join a module and all that it imports to one module, with a default export.

    Parameters
    ----------
    name : str
        Name of the module, without ``.js``.
    *exports : str
        Names in the default export, an object.

    Returns
    -------
    str
    """
    return f"{_joined(name)}export default {{ {', '.join(exports)} }};\n"


def part(name):
    """Text of a file in this folder."""
    return resources.files(__name__).joinpath(name).read_text("utf-8")


def _joined(name):
    """Texts of a module and of all that it imports, each after those it needs."""
    texts = {}

    def add(name):
        if name not in texts:
            text = part(f"{name}.js")
            texts[name] = ""  # a module that imports itself by way of others ends here
            for needed in _IMPORT.findall(text):
                add(needed)
            del texts[name]
            texts[name] = _EXPORT.sub("", _IMPORT.sub("", text))

    add(name)
    return "".join(texts.values())
