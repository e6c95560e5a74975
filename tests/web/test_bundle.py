"""The modules of the pages are joined to scripts that a browser takes."""

from sklearn_c2c import _web
from sklearn_c2c.melody import END, HOLD, REST, notes_from_melody
from tests.web.conftest import WEB

MODULES = sorted(file.stem for file in WEB.glob("*.js"))


def test_joined_modules_are_one_script(node):
    scripts = {name: _web.script(name) for name in MODULES}
    for joined in scripts.values():
        assert "import {" not in joined and "\nexport " not in joined
    # Names that two modules have in common are a SyntaxError.
    program = """
        import { Script } from "node:vm";
        const faults = {};
        for (const [name, script] of Object.entries(data)) {
          try { new Script(script); } catch (error) { faults[name] = String(error); }
        }
        report(faults);
    """
    assert node(program, scripts | {"wrong": "const a = 1; const a = 2;"}).keys() == {
        "wrong"
    }


def test_notes_are_those_of_python(node):
    melody = [REST, 60, HOLD, HOLD, 62, REST, REST, 64, HOLD, END, END]
    program = """
        import { lengthOf, notesOf } from "./tokens.js";
        report([lengthOf(data), notesOf(data)]);
    """
    assert node(program, melody) == [9, notes_from_melody(melody).tolist()]
