"""Node and Chromium, in which the modules of the pages and the pages are tested.

Node is that of Playwright. Chromium is that of the system, or the file that the
environment variable CHROMIUM names. Without one, tests that need it are skipped, or
fail if REQUIRE_CHROMIUM is set.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import sklearn_c2c

WEB = Path(sklearn_c2c.__file__).parent / "_web"
_NAMES = "chromium", "chromium-browser", "google-chrome", "chrome"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """Run a program in node: node(text, data) is what it passes to `report`.

    The text imports modules of the package, as ``from "./tokens.js"``; `data` is what
    it finds under that name.
    """
    driver = pytest.importorskip("playwright._impl._driver")
    executable, _ = driver.compute_driver_executable()
    file = tmp_path_factory.mktemp("node") / "program.mjs"

    def run(text, data=None):
        program = re.sub(r'from "\./', f'from "{WEB.as_uri()}/', text)
        file.write_text(_PROGRAM + program)
        done = subprocess.run(
            [executable, file],
            input=json.dumps(data),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.rpartition("\x00")[2])

    return run


_PROGRAM = """\
import { readFileSync } from "node:fs";
const data = JSON.parse(readFileSync(0, "utf8"));
const report = (value) => process.stdout.write("\\0" + JSON.stringify(value));
"""


@pytest.fixture(scope="session")
def chromium():
    """Start a browser without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    paths = (os.environ.get("CHROMIUM"), *map(shutil.which, _NAMES))
    executable = next(filter(None, paths), None)
    if executable is None:
        complain = pytest.fail if "REQUIRE_CHROMIUM" in os.environ else pytest.skip
        complain("no Chromium: install one, or name it in CHROMIUM")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=executable, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open a file in a browser without a network: open_page(path, width=1280).

    A message of an error on the console fails the test at its end, and so does a
    request for anything but the file.
    """
    contexts, errors, requests = [], [], []

    def open_page(path, *, width=1280, height=900, **options):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            offline=True,
            reduced_motion="no-preference",
            accept_downloads=True,
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda said: errors.append(said.text) if said.type == "error" else None,
        )
        uri = Path(path).resolve().as_uri()
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.partition("#")[0] == uri
                or asked.url.startswith(("blob:", "data:"))
                else requests.append(asked.url)
            ),
        )
        page.goto(uri)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert requests == []
