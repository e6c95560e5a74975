"""The explorer in a notebook: what Python sets is shown, what is moved is read."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import sklearn_c2c
from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, page
from sklearn_c2c.datasets import load_celtic

pytest.importorskip("verovio")

SETUP = """\
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, page
from sklearn_c2c.datasets import load_celtic
corpus = load_celtic()
vae = VariationalAutoencoder(h=4, max_iter=10, random_state=0)
model = make_pipeline(PianoRollEncoder(), vae).fit(corpus.data)
explorer = page.Explorer(model, corpus, key="D")
explorer"""
SET_LATENT = "explorer.latent = [1.0, 0, 0, -1]"
SET_MELODY = "explorer.melody = corpus.data[7]"
READ = "print('READ', explorer.latent.tolist(), explorer.melody.tolist())"


@pytest.fixture(scope="module")
def fitted():
    corpus = load_celtic()
    vae = VariationalAutoencoder(h=4, max_iter=10, random_state=0)
    return make_pipeline(PianoRollEncoder(), vae).fit(corpus.data), corpus


def test_state_without_a_browser(fitted):
    model, corpus = fitted
    explorer = page.Explorer(model, corpus, key="D")
    assert explorer.melody.tolist() == corpus.data[0].tolist()
    explorer.melody = corpus.data[5]
    np.testing.assert_allclose(explorer.latent, model.transform(corpus.data[5:6])[0])
    explorer.latent = np.zeros(4)
    assert (
        explorer.melody.tolist() == model.inverse_transform([np.zeros(4)])[0].tolist()
    )
    assert repr(explorer) == "Explorer('VariationalAutoencoder of 75 tunes', 75 tunes)"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("latent", [1.0, 2.0], "2 columns"),
        ("latent", [np.nan] * 4, "NaN"),
        ("melody", [62] * 16, "128"),
        ("melody", [129] * 128, "hold"),
    ],
)
def test_a_wrong_state_is_refused_and_the_old_one_kept(fitted, name, value, message):
    explorer = page.Explorer(*fitted, key="D")
    before = explorer.latent.tolist(), explorer.melody.tolist()
    with pytest.raises(ValueError, match=message):
        setattr(explorer, name, value)
    assert (explorer.latent.tolist(), explorer.melody.tolist()) == before


def test_without_anywidget_the_page_is_shown(fitted, monkeypatch, open_page, tmp_path):
    monkeypatch.setattr(page._widget, "find_spec", lambda name: None)
    explorer = page.Explorer(*fitted, key="D")
    html = explorer._repr_mimebundle_()["text/html"]
    path = tmp_path / "output.html"
    path.write_text(f"<!DOCTYPE html><meta charset='utf-8'>{html}", "utf-8")
    frame = open_page(path).frame_locator("iframe")
    frame.locator(".explorer[data-ready]").wait_for()
    assert frame.locator("h1").inner_text() == "VariationalAutoencoder of 75 tunes"
    assert frame.locator("[data-part=copy-abc]").is_visible()
    assert not frame.locator("[data-part=copy-link]").is_visible()  # it would lead here
    explorer.latent = np.ones(4)
    assert explorer.latent.tolist() == [1] * 4


@pytest.fixture
def lab(tmp_path):
    """Start JupyterLab with a notebook; the address of the notebook."""
    pytest.importorskip("jupyterlab")
    cells = [SETUP, SET_LATENT, READ, READ, SET_MELODY, READ]
    notebook = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{i}",
                "source": source,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
            }
            for i, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "explore.ipynb").write_text(json.dumps(notebook))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = str(tmp_path / "home")
    source = os.path.dirname(os.path.dirname(sklearn_c2c.__file__))
    environment = os.environ | {
        "PYTHONPATH": source,
        "JUPYTER_CONFIG_DIR": home,
        "JUPYTER_DATA_DIR": home,
        "JUPYTER_RUNTIME_DIR": home,
        "IPYTHONDIR": home,
    }
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={tmp_path}",
        "--LabApp.extension_manager=readonly",
    ]
    command = [sys.executable, "-m", "jupyterlab", *options]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{address}/api/status"), 60)
        yield f"{address}/lab/tree/explore.ipynb"
    finally:
        server.terminate()
        server.wait()


def answers(address):
    try:
        return urllib.request.urlopen(address, timeout=2).status == 200
    except OSError:
        return False


def wait_until(holds, seconds):
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


@pytest.mark.integration
def test_both_ways_in_jupyterlab(lab, chromium, fitted):
    model, corpus = fitted
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.goto(lab)
    cells = tab.locator(".jp-CodeCell")
    cells.nth(5).wait_for()
    tab.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def run(i):
        cells.nth(i).locator(".jp-InputArea-editor").click()
        tab.keyboard.press("Shift+Enter")
        number = re.compile(r"\[\d+\]:")
        prompt = cells.nth(i).locator(".jp-InputArea-prompt")
        wait_until(lambda: number.match(prompt.inner_text()), 60)

    def read(i):
        run(i)
        text = cells.nth(i).locator(".jp-OutputArea-output").inner_text()
        latent, melody = re.search(r"READ (\[.*?\]) (\[.*?\])", text).groups()
        return json.loads(latent), json.loads(melody)

    run(0)
    title = tab.locator('[data-part="now-title"]')
    wait_until(lambda: title.count() and title.inner_text() == corpus.titles[0], 60)
    run(1)
    wait_until(lambda: title.inner_text() == "Set in Python", 20)
    latent, melody = read(2)
    z = np.array([[1.0, 0, 0, -1]])
    assert latent == z[0].tolist()
    np.testing.assert_array_equal(melody, model.inverse_transform(z)[0])
    search = tab.locator('[data-part="search"] input')
    search.fill(corpus.titles[3])
    search.press("Enter")
    wait_until(lambda: title.inner_text() == corpus.titles[3], 20)
    tab.locator('[data-part="play"]').first.click()
    tab.keyboard.press("Escape")
    latent, melody = read(3)
    assert melody == corpus.data[3].tolist()
    np.testing.assert_allclose(latent, model.transform(corpus.data[3:4])[0], atol=0.05)
    run(4)
    wait_until(lambda: title.inner_text() == "Set in Python", 20)
    assert read(5)[1] == corpus.data[7].tolist()
    context.close()
