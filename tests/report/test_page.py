"""The page: what it shows, that it is safe, and what it does with little or nothing."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.measure.crossing import crossings
from bench.measure.ert import ert
from bench.measure.progress import complete
from bench.measure.statistics import areas, duels, pairs, scores
from bench.measure.strata import limits, strata
from bench.measure.words import target_list
from bench.report.measured import PRICES
from bench.report.page import PLOTLY, SCRIPTS, STYLES, TEMPLATES, page_script, summary, write_report
from bench.report.sections import SECTIONS
from bench.report.tables import failure_rows

HOSTILE = "</script><img src=x onerror=alert(1)>"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The elements of a page: (tag, attributes, text directly inside)."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict, str]] = []
        self._open: list[int] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), ""))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        last = self._open.pop()
        assert self.elements[last][0] == tag, f"</{tag}> closes <{self.elements[last][0]}>"

    def handle_data(self, data):
        if self._open:
            tag, attributes, text = self.elements[self._open[-1]]
            self.elements[self._open[-1]] = (tag, attributes, text + data)

    def all(self, tag: str) -> list[tuple[dict, str]]:
        return [(attributes, text) for name, attributes, text in self.elements if name == tag]

    def data(self) -> dict:
        (text,) = (text for attributes, text in self.all("script") if attributes.get("id") == "data")
        return json.loads(text)

    def text(self) -> str:
        return " ".join(" ".join(text.split()) for tag, _, text in self.elements if tag not in ("script", "style"))


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return Page((written / "index.html").read_text())


def read(folder: Path, results) -> Page:
    """The page of these results at the prices of the suite alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.report.measured.PRICES", PRICES[:1])
        return Page(write_report(results, folder, figures=False).read_text())


def test_page_is_well_formed(page):
    assert page._open == []
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_names_and_messages_are_text(page):
    assert not page.all("img")
    assert not any(name.startswith("on") for _, attributes, _ in page.elements for name in attributes)
    assert HOSTILE in page.text()
    assert f"ValueError: {HOSTILE}" in [text for _, text in page.all("summary")]
    assert HOSTILE in [cell["problem"] for cell in page.data()["cells"]]


def test_no_script_makes_elements_of_text():
    unsafe = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function")
    assert [name for name in SCRIPTS if unsafe.search((TEMPLATES / f"{name}.js").read_text())] == []


def test_only_our_two_scripts_may_run(page):
    policy = next(a["content"] for a, _ in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    ours = [text for attributes, text in page.all("script") if "type" not in attributes]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in ours]
    allowed = re.search(r"script-src ([^;]*)", policy)
    assert allowed is not None
    assert allowed[1].split() == [f"'sha256-{digest}'" for digest in digests]
    assert len(ours) == 2
    assert "default-src 'none'" in policy
    assert "eval" not in policy


def test_the_page_holds_the_plotly_that_is_declared(page):
    declared = tomllib.loads(PLOTLY.with_name("plotly-basic.toml").read_text())
    assert PLOTLY.name == declared["file"]
    plotly = next(text for attributes, text in page.all("script") if "type" not in attributes)
    assert hashlib.sha256(plotly.encode()).hexdigest() == declared["sha256"]
    assert f"plotly.js (basic - minified) v{declared['version']}" in plotly[:80]
    assert declared["licence_text"].lstrip().startswith(f"{declared['licence']} License")


def test_nothing_is_fetched(page):
    for tag, attributes, _ in page.elements:
        assert "src" not in attributes, tag
        assert not attributes.get("href", "#").startswith(("http", "//", "data")), attributes
    assert not any(re.search(r"@import|url\(", (TEMPLATES / f"{name}.css").read_text()) for name in STYLES)


def test_every_link_leads_somewhere(page, written):
    ids = {attributes["id"] for _, attributes, _ in page.elements if "id" in attributes}
    links = {a["href"] for a, _ in page.all("a")}
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    files = {link for link in links if not link.startswith("#")}
    assert {link for link in files if not (written / link).is_file()} == set()
    there = {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()}
    assert there - files == {"index.html"}  # and no file is without a link


def test_every_figure_has_its_numbers(written):
    names = {path.name for path in (written / "figures").iterdir()}
    for stem in ("ecdf-by-optimizer", "ecdf-by-order", "performance-profile"):
        assert {f"{stem}.csv", f"{stem}.svg"} <= names
    assert any(name.startswith("convergence") and name.endswith(".svg") for name in names)


def test_page_is_of_moderate_size(written):
    assert (written / "index.html").stat().st_size < 1.8e6


HERE_EMPTY = ("metrics", "memory", "race", "published", "landscape", "tuned", "sensitivity")


def test_sections_come_in_order(page):
    ids = [a["id"] for a, _ in page.all("section") if "id" in a]
    assert ids == [name for name in SECTIONS if name not in HERE_EMPTY]
    assert [a["href"][1:] for a, _ in page.all("a") if a["href"][1:] in SECTIONS][1:] == ids


def test_summary_counts_every_run():
    runs = pd.DataFrame({"problem": ["p", "p", "q", "q"], "dim": [2, 5, 2, 2], "optimizer": ["a", "a", "a", "b"]})
    runs = runs.assign(status=["target", "crashed", "target", "skipped"])
    assert summary(runs) == ("3 problems, 2 optimizers, 4 runs: 2 reached the final target, 1 crashed, 1 was skipped.")


def test_prices_and_targets_are_in_words(page):
    assert page.data()["prices"][0]["note"] == "value 1, gradient with its value 3, Hessian-vector product 6"
    (note,) = (text for a, text in page.all("p") if "ECDF of runtimes" in text and a.get("class") == "note")
    assert "f ≤ f_opt + (100 to 1e-08, 11 steps)" in note
    assert "up to 26 % late" in note


def test_targets_beyond_the_final_one_are_not_asked():
    table = pd.DataFrame({"kind": ["gap", "gap", "fraction"], "target": [1e2, 1e-3, 0.1]})
    assert target_list(table).startswith(
        "f ≤ f_opt + (100 to 0.001, 2 steps) where the optimum is known, f ≤ f_best + 0.1"
    )


def test_no_run_is_asked_for_less_than_its_own_target(make_results, tmp_path):
    """Groups of a suite may end at different gaps: one does not ask for those of another."""
    results = make_results(2, 3, 1, 10, hostile=False)
    first = results.runs.problem == "quadratic"
    results.runs = results.runs.assign(gap=np.where(first, 2.5e-3, 1e-5))
    page = read(tmp_path, results)
    table = pd.read_csv(tmp_path / "tables/ert.csv")
    assert table.groupby("problem").target.min().to_dict() == {"quadratic": 2.5e-3, "rosenbrock": 1e-5}
    hardest = {cell["problem"]: cell["targets"][-1] for cell in page.data()["cells"]}
    assert hardest == {"quadratic": "gap 2.5e-3", "rosenbrock": "gap 1e-5"}


def test_page_does_not_claim_more_than_it_knows(page, make_results, tmp_path):
    text = page.text()
    assert "its interval of 95 % (Bayesian bootstrap with half a run more), which takes no part in any ranking" in text
    assert "95 % (score intervals from the variance over the runs of each problem)" in text
    assert "a 95 %" not in text
    assert "lower end of the success probability (Wilson 1927)" in text
    assert "What a run had not reached when it ended counts as unsolved" in text
    assert "targets refer to the best run of this report" in text
    scored = ["of the last score", "count as 26 % earlier", "show the score at that cost", "up to 26 % late"]
    assert [phrase for phrase in scored if phrase not in text] == []
    plain = read(tmp_path, make_results(2, 3, 1, 5)).text()
    assert [phrase for phrase in scored if phrase in plain] == []


def test_what_all_measures_share_is_made_once_for_each_report_and_price(make_results, monkeypatch, tmp_path):
    """Whatever module calls them, by whatever name."""
    calls, arguments_of = Counter(), defaultdict(list)

    def counted(function):
        def counting(*arguments, **options):
            calls[function.__name__] += 1
            arguments_of[function.__name__].append(arguments)
            return function(*arguments, **options)

        return counting

    for function in (complete, strata, limits, ert, scores, duels, pairs, areas, crossings):
        counting = counted(function)
        for module in [module for name, module in sys.modules.items() if name.startswith("bench.")]:
            for name, value in list(vars(module).items()):
                if value is function:
                    monkeypatch.setattr(module, name, counting)
    write_report(make_results(4, 5, 5, 20), tmp_path)
    each = calls["scores"]  # prices that tell something
    assert 1 < each <= len(PRICES)
    assert calls["complete"] == calls["pairs"] == calls["areas"] == 1
    assert {calls[name] for name in ("scores", "duels", "crossings")} == {each}
    for name in ("strata", "limits", "ert"):  # beside these, once for a family of one problem within a budget
        assert len({id(arguments[-1]) for arguments in arguments_of[name]}) == calls[name]


def test_failures_show_traceback_and_skips(page):
    assert any("Traceback (most recent call last)" in text for _, text in page.all("pre"))
    assert "cartpole, dim 2: 8 optimizers, 40 runs" in page.text()
    assert "gauss-newton" in page.text()


def test_failures_are_bounded_and_know_their_places():
    """Two hundred kinds at most, of a long traceback its beginning and its end."""
    row = {"status": "crashed", "problem": "p", "dim": 2, "optimizer": "a", "runs": 1, "reason": "x" * 10_000}
    row |= {"place": 7, "family": 3}
    failed = pd.DataFrame([{**row, "error": f"Traceback\n{'y' * 10_000}\nError {n}"} for n in range(250)])
    found = failure_rows(failed)
    assert (len(found["rows"]), found["left"]) == (200, 50)
    first = found["rows"][0]
    assert (first["place"], first["families"]) == (7, [3])
    assert first["error"].startswith("Traceback\ny")
    assert first["error"].endswith("Error 0")
    assert len(first["error"]) < 6100 > len(first["reason"])


def test_same_results_give_the_same_page(make_results, tmp_path):
    for name in ("a", "b"):
        write_report(make_results(2, 3, 5, 10), tmp_path / name)
    assert {path.suffix for path in (tmp_path / "a").rglob("*.*")} >= {".html", ".csv", ".svg"}
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_long_and_right_to_left_names(make_results, tmp_path):
    results = make_results(2, 3, 1, 5)
    names = {"rosenbrock": "\u202eabc\u05d0\n'\"", "quadratic": "q" * 10_000}
    results.runs = results.runs.replace({"problem": names})
    assert [cell["problem"] for cell in read(tmp_path, results).data()["cells"]][-1] == names["rosenbrock"]


# little or nothing


def test_no_runs(make_results, tmp_path):
    results = make_results(1, 1, 1, 5)
    results.runs, results.trajectories = results.runs.iloc[:0], results.trajectories.iloc[:0]
    with pytest.raises(ValueError, match="has no run yet that can be reported"):
        write_report(results, tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_run(make_results, tmp_path):
    page = read(tmp_path, make_results(1, 1, 1, 5))
    assert "1 problem, 1 optimizer, 1 run: " in page.text()
    assert "with fewer than 5 runs there is none" in page.text()
    assert page.data()["curve"]["shape"][1:3] == [1, 1]


def test_only_skips(make_results, tmp_path):
    results = make_results(10, 15, 2, 5)
    skipped = results.runs[results.runs.status == "skipped"]
    results.runs = skipped.assign(f_opt=None, dim=None, inside=0.0, outside=0.0)
    results.trajectories = results.trajectories.iloc[:0]
    page = read(tmp_path, results)
    assert "16 were skipped" in page.text()
    assert pd.read_csv(tmp_path / "tables/ert.csv").runs.sum() == 0
    assert page.data()["budgets"] == [[]] * len(page.data()["prices"])


def test_nan_everywhere(make_results, tmp_path):
    results = make_results(2, 8, 5, 5)
    results.runs = results.runs.assign(first=np.nan, best=np.nan, final=np.nan, status="diverged")
    results.trajectories = results.trajectories.assign(f=np.nan)
    page = read(tmp_path, results)
    assert "80 diverged" in page.text()
    assert pd.read_csv(tmp_path / "tables/answer.csv").optimizer.isna().all()


def test_no_trajectories(make_results, tmp_path):
    results = make_results(2, 8, 5, 5)
    results.runs = results.runs.assign(status="killed")
    results.trajectories = results.trajectories.iloc[:0]
    assert "80 were killed" in read(tmp_path, results).text()


def test_the_answer_comes_before_what_is_wrong(make_results, tmp_path):
    results = make_results(4, 5, 3, 10)
    results.damaged = ["rosenbrock: its checksum does not hold"]
    results.runs.loc[0, "best"] = -1.0
    text = write_report(results, tmp_path, figures=False).read_text()
    places = [text.index(each) for each in ('<p class="verdict"', 'id="faults"', 'id="damaged"', '<div class="body')]
    assert places == sorted(places)
    assert text.index("<main>") < text.index('<section id="answer"') < places[0]
    assert "<section" not in text[text.index("<main>") + 6 : text.index('<section id="answer"')]


def test_damaged_runs_are_named(make_results, tmp_path):
    results = make_results(1, 1, 1, 5)
    results.damaged = [f"{HOSTILE}: its checksum does not hold"]
    page = read(tmp_path, results)
    assert f"{HOSTILE}: its checksum does not hold" in page.text()
    assert not page.all("img")


def test_manifest_may_be_empty(make_results, tmp_path):
    results = make_results(1, 1, 1, 5)
    results.manifest, results.sources = {}, [("made", {})]
    assert read(tmp_path, results).all("h1")[0][1] == "made"


def test_each_folder_says_how_to_repeat_it(make_results, tmp_path):
    results = make_results(1, 1, 1, 5)
    theirs = {"command": "python -m bench run theirs", "environment": {"cpu": "other", "versions": {"torch": "9"}}}
    results.sources = [*results.sources, ("theirs", theirs)]
    page = read(tmp_path, results)
    assert [text for a, text in page.all("pre") if a.get("class") == "command"] == [
        "python -m bench run made",
        "python -m bench run theirs",
    ]
    assert {"numpy 2.3.5", "torch 9"} <= {text for _, text in page.all("li")}


def test_importing_the_report_imports_nothing_heavy():
    heavy = ("torch", "plotly", "pandas", "matplotlib", "seaborn", "scipy", "jinja2", "pyarrow")
    code = f"import sys, bench.report.page; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_lines_of_scripts_are_no_longer_than_those_of_python():
    lines = {name: (TEMPLATES / f"{name}.js").read_text().split("\n") for name in SCRIPTS}
    assert [name for name in SCRIPTS if max(map(len, lines[name])) > 120] == []


def test_what_a_page_holds_is_declared_and_read(page):
    """In page.d.ts, or where a section reads its own: const { name } = /** @type {any} */ (page.data)."""
    types, script = (TEMPLATES.parent / "types" / "page.d.ts").read_text(), page_script()
    packed = {name: isinstance(value, dict) and "shape" in value for name, value in page.data().items()}
    own = {name for names in re.findall(r"\{ ([\w, ]+) \} = /\*\* @type \{any\}", script) for name in names.split(", ")}
    declared = {name: rf'"{name}"' if array else rf"^  {name}\??: " for name, array in packed.items()}
    assert [name for name in packed if not (name in own or re.search(declared[name], types, re.MULTILINE))] == []
    read = {name: f'"{name}"' if array else f"data.{name}" for name, array in packed.items()}
    assert [name for name in packed if not (name in own or read[name] in script)] == []
