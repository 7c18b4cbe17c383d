"""What a stranger's text or link can reach: no terminal, no other file."""

import io
import os
from pathlib import Path

import pytest

from bench.cli.app import Terminal, headed
from bench.core.shown import printable
from bench.runner.campaign import alone_in
from bench.runner.store import StoreError

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\u202eabc\udc80"


def test_no_control_character_is_printed():
    assert printable(f"a\n\tb{HOSTILE}é") == "a\n\tb?]0;owned??[2J?31m??abc?é"


@pytest.mark.parametrize("colours", [True, False])
def test_a_terminal_takes_its_colours_from_us_alone(colours):
    shown = io.StringIO()
    console = Terminal(file=shown, force_terminal=colours, width=100)
    console.print(f"[bold red]Error:[/] {HOSTILE}", soft_wrap=True)
    table = headed(HOSTILE, "optimizer")
    table.add_row(HOSTILE)
    console.print(table)
    text = shown.getvalue()
    for hostile in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\x7f", "\u202e", "\udc80"):
        assert hostile not in text
    assert ("\x1b[1;31mError:" in text) == colours
    assert "owned" in text


@pytest.mark.parametrize("dangling", [True, False])
def test_a_lock_is_no_link(tmp_path, dangling):
    mine, folder = tmp_path / "mine.txt", tmp_path / "results"
    folder.mkdir()
    if not dangling:
        mine.write_text("mine")
    (folder / "lock").symlink_to(mine)
    with pytest.raises(StoreError, match="lock is no file"), alone_in(folder):
        pass
    assert mine.exists() != dangling
    assert dangling or mine.read_text() == "mine"


def test_a_link_that_comes_while_the_lock_is_opened_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "lock").symlink_to(tmp_path / "mine.txt")
    monkeypatch.setattr(Path, "is_symlink", lambda path: False)  # a moment before
    with pytest.raises(OSError, match="symbolic links"), alone_in(tmp_path):
        pass
    assert not (tmp_path / "mine.txt").exists()


def test_a_lock_empties_no_file(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    os.link(tmp_path / "mine.txt", tmp_path / "lock")
    with alone_in(tmp_path):
        pass
    assert (tmp_path / "mine.txt").read_text() == "mine"
