"""Every listing of the README and the guide runs, in order."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from sklearn_c2c.io import write_melody

ROOT = Path(__file__).parent.parent


PAGES = ["README.md", *sorted(f"docs/{page.name}" for page in ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_listings_run(name, tmp_path, monkeypatch, reels):
    listings = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.S)
    assert listings
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my tunes").mkdir()
    write_melody(reels[0], tmp_path / "my tunes" / "reel.abc", key="D")
    names = {}
    for listing in listings:
        exec(compile(listing, name, "exec"), names)
    plt.close("all")


def test_ci_runs_the_readme_s_test_command():
    commands = re.findall(r"```sh\n(.*?)\n```", (ROOT / "README.md").read_text(), re.S)
    assert len(commands) == 2
    assert "c2c compose" in commands[0] and "pytest" in commands[1]
    assert "grep -m 1 'pytest' README.md" in (ROOT / ".ci/run").read_text()
