"""Files that a user names: what is no file is refused at once, wherever one is read."""

import os
import socket
import time
from pathlib import Path

import pytest

from bench.core.files import DATA, TEXT, Unreadable, opened, read_text
from bench.interchange.imported import import_runs
from bench.problems.learning.idx import read
from bench.runner.suite import SuiteError, load_suite
from bench.tuning.settings import read_tuned


def odd(folder: Path, kind: str, name: str) -> Path:
    """What is no file that can be read, under a name."""
    path = folder / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(os.path.relpath(path))  # a name of at most 108 bytes
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "huge":
        path.touch()
        os.truncate(path, 10 * 2**30)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    return path


SAID = {
    "pipe": "is a pipe, and no file",
    "socket": "cannot be opened: No such device or address",
    "loop": "Too many levels of symbolic links|is a symbolic link",
    "huge": "has 10,737,418,240 bytes, and .* are the most that are read",
    "folder": "is a folder, and no (TOML )?file|neither a file nor|must hold an .info of COCO",
    "device": "is a device, and no file|is a symbolic link",
    "nothing": "cannot be opened: No such file|there is no file|neither a file nor|is not there",
}
READERS = {
    "index file": (".info", lambda path: import_runs(path, path.parent / "results")),
    "index file of ioh": (".json", lambda path: import_runs(path, path.parent / "results")),
    "suite": (".toml", load_suite),
    "tuned settings": (".toml", read_tuned),
    "images": ("", read),
    "packed images": (".gz", read),
    "any text": (".txt", read_text),
}


@pytest.mark.parametrize("kind", SAID)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch, kind, reader) -> None:
    """A pipe would wait for a writer for ever, a device never ends."""
    monkeypatch.chdir(tmp_path)
    suffix, call = READERS[reader]
    path = odd(tmp_path, kind, f"IOHprofiler_f1{suffix}")
    began = time.perf_counter()
    with pytest.raises(ValueError, match=SAID[kind]) as raised:
        call(path)
    assert time.perf_counter() - began < 1
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, (Unreadable, SuiteError)) or reader.startswith("index")
    assert not (tmp_path / "results").exists()


def test_limits() -> None:
    assert TEXT == 64 * 2**20
    assert 2**30 < DATA < 10 * 2**30


def test_a_file_that_is_read(tmp_path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")  # with a byte-order mark
    assert read_text(path) == "a = 1\n"
    with opened(path) as file:
        assert file.read() == b"\xef\xbb\xbfa = 1\n"
    with pytest.raises(Unreadable, match="text has 9 bytes, and 8 are the most that are read"):
        opened(path, 8)
    path.write_bytes(b"a\xff\n")
    with pytest.raises(Unreadable, match="text is no text in UTF-8: byte 1 is 0xff"):
        read_text(path)
    assert read_text(path, "replace") == "a\ufffd\n"
    with pytest.raises(Unreadable, match="null byte"):
        opened(Path("a\0b"))


def test_a_suite_of_an_editor_that_marks_the_byte_order(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('\ufeffbudget = 9\nproblems = ["p"]\noptimizers = ["o"]\n', encoding="utf-8")
    assert load_suite(path).groups[0].budget == 9


def test_toml_that_is_too_deep(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"a = {'[' * 100_000}")
    with pytest.raises(SuiteError, match=r"mine\.toml: not valid TOML"):
        load_suite(path)
