"""`run --with`: a suite is run with another release of a library, which comes before the one that is installed."""

import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bench.runner import environment, releases, stale
from bench.runner.campaign import run_suite
from bench.runner.environment import WITH
from bench.runner.launch import Launch, Watcher
from bench.runner.releases import Release, _installed, cache, enter, removed_on_error, verify
from bench.runner.suite import make_suite

ROOT = Path(__file__).parents[2]
MINE = """
from bench import optimizer

@optimizer(order=0, source="Nobody 1900", needs=("mylib",))
def mine(oracle):
    import mylib

    x = oracle.x0
    while True:
        x = x + mylib.STEP * oracle.rng.standard_normal(oracle.dim)
        oracle.value(x)
"""


def wheel(folder: Path, version: str, source: str, requires: str = "") -> None:
    """A wheel of `mylib`, as a maintainer would publish it."""
    about = f"mylib-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: mylib\nVersion: {version}\n" + (
        f"Requires-Dist: {requires}\n" * bool(requires)
    )
    files = {
        "mylib/__init__.py": source,
        f"{about}/METADATA": metadata,
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"mylib-{version}-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with four wheels and no network, where `mylib` is not installed; in a checkout it comes first."""
    (tmp_path / "wheels").mkdir()
    wheel(tmp_path / "wheels", "1.0", "STEP = 0.1\n")
    wheel(tmp_path / "wheels", "2.0", "STEP = 0.3\n")
    wheel(tmp_path / "wheels", "3.0", "raise ImportError('no such symbol')\n", "numpy>=99")
    (tmp_path / "mylib").mkdir()
    (tmp_path / "mylib" / "__init__.py").write_text("STEP = 9.0\n")
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def run(*words: str, name: str) -> "subprocess.CompletedProcess[str]":
    suite = ["-p", "himmelblau", "-o", "mine", "--budget", "40", "--seeds", "3"]
    options = ["--import", "mine", "--name", name, "--workers", "1", "--no-report"]
    command = [sys.executable, "-m", "bench", "run", *suite, *options, *words]
    return subprocess.run(command, capture_output=True, text=True)


def stored(name: str) -> tuple[list[float], list[dict[str, str]]]:
    """Best values and versions of the runs of a folder."""
    with sqlite3.connect(f"results/{name}/runs.db") as db:
        rows = db.execute("SELECT best, versions FROM runs ORDER BY seed").fetchall()
    return [best for best, _ in rows], [json.loads(versions) for _, versions in rows]


def test_a_suite_runs_with_the_release_that_is_asked_for(home):
    first = run("--with", "mylib==1.0", name="v1")
    assert first.returncode == 0, first.stderr
    best, versions = stored("v1")
    assert {(each["mylib"], each["with"]) for each in versions} == {("1.0", "mylib==1.0")}

    other = run("--with", "mylib==2.0", name="v1")
    assert other.returncode == 0, other.stderr
    said = "mylib was 1.0 (by --with mylib==1.0) and is 2.0 since 3 stored runs (0 s of work): run again"
    assert said in " ".join(other.stdout.split())
    second, versions = stored("v1")
    assert {each["mylib"] for each in versions} == {"2.0"}
    assert second != best  # steps are those of 2.0, in the processes of runs too


def test_a_release_is_installed_once(home):
    first = _installed("mylib", "1.0")
    (home / "wheels" / "mylib-1.0-py3-none-any.whl").unlink()
    again = _installed("mylib", "1.0")
    assert (first.new, again.new, again.folder) == (True, False, first.folder)
    assert _installed("mylib", "2.0").folder != first.folder
    assert [name for name in os.listdir(cache()) if name.startswith(".")] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mylib"], "--with takes one release of a library, as scipy==1.15.3, got 'mylib'"),
        (["mylib>=1"], "--with takes one release of a library, as scipy==1.15.3, got 'mylib>=1'"),
        (["mylib==1.*"], "--with takes one release of a library, as scipy==1.15.3, got 'mylib==1.*'"),
        (["mylib[all]==1"], "--with takes one release of a library, as scipy==1.15.3, got 'mylib[all]==1'"),
        (["./mylib.whl"], "--with takes one release of a library, as scipy==1.15.3, got './mylib.whl'"),
        (["mylib==1.0", "MyLib==2.0"], "--with names mylib twice"),
        (["mylib==7.0"], "mylib==7.0 cannot be installed: no wheel of it is for Python 3"),
        (["yourlib==7.0"], "yourlib==7.0 cannot be installed: no wheel of any version is there for Python 3"),
    ],
)
def test_what_cannot_be_installed_is_one_sentence_and_leaves_nothing(home, words, message):
    with pytest.raises(ValueError) as error:
        enter(words)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not (home / "cache" / "fogbench").exists()


def test_without_a_network_it_says_so(home, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    with pytest.raises(ValueError, match=r"mylib==1\.0 cannot be installed: no package index can be reached"):
        enter(["mylib==1.0"])


def test_a_release_that_nothing_needs_is_refused_and_removed(home):
    release = _installed("mylib", "1.0")
    suite = make_suite(["himmelblau"], ["random-search"], budget=10, seeds=1, name="t")
    with (
        pytest.raises(ValueError, match=r"nothing in t is computed with mylib, so --with mylib==1\.0 is in vain"),
        removed_on_error([release]),
    ):
        verify([release], suite)
    assert release.new and not Path(release.folder).exists()


def test_a_release_that_cannot_be_imported_is_refused_before_anything_is_written(home):
    done = run("--with", "mylib==3.0", name="v3")
    assert done.returncode == 2
    sentence = " ".join(done.stderr.split())
    assert "with mylib==3.0 not all that runs need can be imported: ImportError: no such symbol" in sentence
    assert "mylib==3.0 asks for numpy>=99" in sentence
    assert "Traceback" not in sentence
    assert sorted({*os.listdir(home)} - {"__pycache__"}) == ["cache", "mine.py", "mylib", "wheels"]
    assert os.listdir(home / "cache") == []


def test_a_module_that_comes_before_the_release_is_named(home, monkeypatch):
    release = _installed("mylib", "1.0")
    monkeypatch.setattr(sys, "path", [str(home), *sys.path])
    monkeypatch.setattr(releases, "needs", lambda suite: ["mylib"])
    monkeypatch.setattr(releases, "_with_requirements", lambda names: {"mylib"})
    suite = make_suite(["himmelblau"], ["random-search"], budget=10, seeds=1, name="t")
    with pytest.raises(ValueError, match=r"mylib would be imported from .*, and not from the release mylib==1\.0"):
        verify([release], suite)


def test_a_library_that_another_one_requires_may_be_replaced():
    """Nevergrad computes with pycma, which its optimizers do not name."""
    assert "cma" in releases._with_requirements(["nevergrad"])
    assert "cma" not in releases._with_requirements(["scipy"])


def test_a_resume_without_the_release_says_who_made_the_runs(tmp_path, monkeypatch):
    suite = make_suite(["odd-bowl"], ["odd-descent"], budget=10, name="t", seeds=2)

    def sentences(requirements: dict[str, str]) -> list[str]:
        spoken: list[str] = []
        there = [Release(name, version, "", new=False) for name, version in requirements.items()]
        monkeypatch.setenv(WITH, json.dumps([vars(release) for release in there]))
        for cached in (environment.versions, environment.releases, environment.libraries):
            cached.cache_clear()
        versions = {"numpy": "2.0", "cma": "4.5", **requirements}
        for module in (environment, stale):
            monkeypatch.setattr(module, "installed", versions.get)

        class Listener(Watcher):
            def changed(self, sentence):
                spoken.append(sentence)

        run_suite(suite, tmp_path / "t", Launch(children=False, watcher=Listener()))
        return spoken

    assert sentences({"cma": "3.3"}) == []
    assert sentences({"cma": "3.3"}) == []
    since = "cma was 3.3 (by --with cma==3.3) and is 4.5 since 2 stored runs (0 s of work): "
    assert sentences({}) == [since + "they stay; --stale versions runs them again"]
    again = "cma was 3.3 (by --with cma==3.3) and is 4.0 since 2 stored runs (0 s of work): run again"
    assert sentences({"cma": "4.0"}) == [again + "; --stale keep serves the old ones"]
    for cached in (environment.versions, environment.releases, environment.libraries):
        cached.cache_clear()
