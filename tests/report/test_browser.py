"""The page in a browser: its script runs, nothing complains, and every figure and table is there."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not on PATH")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr")  # fmt: skip


def opened(page: Path, profile: Path) -> tuple[str, list[str]]:
    """The elements of a page as HTML when its scripts have run, and what it wrote on the console."""
    more = ("--window-size=1280,2000", "--virtual-time-budget=8000", "--dump-dom")
    command = ["chromium", *FLAGS, f"--user-data-dir={profile}", *more, page.as_uri()]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return answer.stdout, [line for line in answer.stderr.splitlines() if "CONSOLE" in line]


def test_every_figure_and_table_is_drawn(written, tmp_path):
    text, console = opened(written / "index.html", tmp_path)
    assert console == []
    sections = re.findall(r'<section id="([^"]+)" class="figure">(.*?)</section>', text, re.DOTALL)
    assert [name for name, _ in sections] == ["ecdf-by-order", "ecdf-by-optimizer", "ecdf-by-problem", "convergence"]
    for name, part in sections:
        assert 'class="main-svg"' in part, name
        assert part.count('class="js-line"') >= 3, name
    (matrix,) = re.findall(r'<div class="scroll matrix">(.*?)</div>', text, re.DOTALL)
    table = pd.read_csv(written / "tables/ert.csv")
    answers = pd.read_csv(written / "tables/best.csv").query("among == 'all'").dropna(subset="target")
    assert matrix.count("<tr>") == 1 + len(answers)
    assert matrix.count("<td") == len(answers) * table.optimizer.nunique()
    assert "<img" not in text  # a name of the made results would be one


def test_errors_of_a_page_would_be_seen(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<script>throw new Error('lost in fog')</script>")
    _, console = opened(page, tmp_path / "profile")
    assert any("lost in fog" in line for line in console)
