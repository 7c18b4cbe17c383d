"""The page: what it shows, that it is safe, and what it does with little or nothing."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.report.page import html, measure, summary, target_list, write_report

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

    def json(self) -> list[dict]:
        return [
            json.loads(text) for attributes, text in self.all("script") if attributes.get("type") == "application/json"
        ]

    def text(self) -> str:
        return " ".join(" ".join(text.split()) for tag, _, text in self.elements if tag not in ("script", "style"))


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return Page((written / "index.html").read_text())


def read(folder: Path, results) -> Page:
    return Page(write_report(results, folder).read_text())


def test_page_is_well_formed(page):
    assert page._open == []


def test_names_and_messages_are_text(page):
    assert not page.all("img")
    assert not page.all("b") or HOSTILE not in [text for _, text in page.all("b")]
    assert not any(name.startswith("on") for _, attributes, _ in page.elements for name in attributes)
    assert HOSTILE in page.text()
    assert f"ValueError: {HOSTILE}" in [text for _, text in page.all("summary")]
    assert any(HOSTILE in view["label"] for view in page.json()[2]["views"])


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


def test_nothing_is_fetched(page):
    for tag, attributes, _ in page.elements:
        assert "src" not in attributes, tag
        assert not attributes.get("href", "#").startswith(("http", "//", "data")), attributes


def test_every_link_to_a_file_leads_to_one(page, written):
    links = {a["href"] for a, _ in page.all("a") if not a["href"].startswith("#")}
    assert {link for link in links if not (written / link).is_file()} == set()
    files = {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()}
    assert files - links == {"index.html"}  # and no file is without a link


def test_page_is_of_moderate_size(written):
    assert (written / "index.html").stat().st_size < 6.5e6


def test_sections_come_in_order(page):
    ids = [a["id"] for a, _ in page.all("section") if "id" in a]
    assert ids == [
        "answer", "ecdf-by-order", "ecdf-by-optimizer", "ecdf-by-problem", "convergence", "ert", "failures", "reading",
        "repeat",
    ]  # fmt: skip


def test_summary_counts_every_run():
    runs = pd.DataFrame({"problem": ["p", "p", "q", "q"], "dim": [2, 5, 2, 2], "optimizer": ["a", "a", "a", "b"]})
    runs = runs.assign(status=["target", "crashed", "target", "skipped"])
    assert summary(runs) == ("3 problems, 2 optimizers, 4 runs: 2 reached the final target, 1 crashed, 1 was skipped.")


def test_notes_print_prices_targets_and_runs(page):
    notes = [text for a, text in page.all("p") if a.get("class") == "note" and "Prices" in text]
    assert len(notes) == 6
    for note in notes[1:4]:
        assert "value 1, gradient with its value 3, Hessian-vector product 6" in note
        assert "f ≤ f_opt + (100 to 1e-08, 11 steps)" in note
        assert "1,500 runs" in note
        assert "up to 26 % late" in note


def test_targets_beyond_the_final_one_are_not_asked(made):
    table = pd.DataFrame({"kind": ["gap", "gap", "share"], "target": [1e2, 1e-3, 0.1]})
    assert target_list(table).startswith(
        "f ≤ f_opt + (100 to 0.001, 2 steps) where the optimum is known, f ≤ f_best + 0.1"
    )


def test_no_run_is_asked_for_less_than_its_own_target(make_results, tmp_path):
    """Groups of a suite may end at different gaps: one does not ask for those of another."""
    results = make_results(2, 3, 1, 10, hostile=False)
    first = results.runs.problem == "quadratic"
    results.runs = results.runs.assign(target=np.where(first, 2.5e-3, 1e-5))
    page = read(tmp_path, results)
    table = pd.read_csv(tmp_path / "tables/ert.csv")
    assert table.groupby("problem").target.min().to_dict() == {"quadratic": 2.5e-3, "rosenbrock": 1e-5}
    assert ["gap 2.5e-3", "gap 2.5e-3"] in page.json()[-1]["goals"]


def test_every_order_has_its_curve(page):
    (view,) = page.json()[0]["views"]
    assert [trace["name"] for trace in view["data"]] == ["order 0, height", "order 1, slope", "order 2, curvature"]


def test_answer_names_the_least_ert(page, written):
    table = pd.read_csv(written / "tables/ert.csv")
    best = pd.read_csv(written / "tables/best.csv")
    for row in best[best["among"] == "all"].dropna(subset="target").itertuples():
        here = table[(table.problem == row.problem) & (table.dim == row.dim) & (table.target == row.target)]
        assert row.ert == here[here.successes * 2 >= here.runs].ert.min()
    # 20 problems, each with the best of all and of three orders; order 1 and 2 were not run on two of them
    assert len([1 for a, _ in page.all("span") if a.get("class") == "none"]) == 4


def test_ert_table_holds_every_cell(page, written):
    matrix = page.json()[-1]
    table = pd.read_csv(written / "tables/ert.csv")
    entries = [
        cell
        for goal, rows in matrix["cells"].items()
        if goal != "answer"
        for row in rows.values()
        for cell in row.values()
    ]
    assert len(entries) == len(table)
    assert sum(entry[0] == "skipped" for entry in entries) == (table.runs == 0).sum()
    assert matrix["goals"][0][0] == "answer"
    assert {strength for _, _, _, strength in entries if strength > 1 or strength < 0} == set()


def answers(make_results, *rows: tuple[str, float, int]) -> str:
    """The text of a page where these optimizers (name, cost of the one step that solves all, runs) are compared."""
    results = make_results(1, 1, 1, 5, hostile=False)
    run, event = results.runs.iloc[0], results.trajectories.iloc[0]
    table = [(name, cost, seed) for name, cost, runs in rows for seed in range(runs)]
    names, costs, seeds = zip(*table, strict=True)
    frame = pd.DataFrame([run] * len(table)).assign(run=range(len(table)), optimizer=names, seed=seeds, value=costs)
    results.runs = frame.astype(results.runs.dtypes.to_dict()).reset_index(drop=True)
    start = pd.DataFrame([event] * len(table)).assign(run=range(len(table)), value=0, f=1e3)
    results.trajectories = pd.concat([start, start.assign(value=costs, f=0.0)], ignore_index=True)
    results.trajectories = results.trajectories.astype({"run": int, "value": int})
    return Page(html(results, measure(results), [])).text()


def test_answer_says_how_sure_it_is(make_results):
    assert "clearly best of 2 (n = 5)" in answers(make_results, ("a", 10, 5), ("b", 20, 5))
    text = answers(make_results, ("a", 10, 5), ("b", 10, 5), ("c", 20, 5))
    assert "tied with b" in text
    assert "clearly best" not in text
    assert "not clearly better than c" not in text
    text = answers(make_results, ("a", 10, 2), ("b", 10, 2), ("c", 20, 2))
    assert "tied with b" in text
    assert "too few runs to tell it from 1 other " in text
    text = answers(make_results, ("a", 10, 5))
    assert "clearly best" not in text
    assert "tied" not in text


def test_page_does_not_claim_more_than_it_knows(page, make_results, tmp_path):
    text = page.text()
    assert "bootstrap interval (nominal 95 %, too short below about 15 runs)" in text
    assert "a 95 %" not in text
    assert "Hanley and Lippman-Hand 1983" in text
    assert "what a run had not reached when it ended counts as unsolved" in text
    assert "targets refer to the best run of this report" in text
    scored = ["of the last score", "counts as 26 % earlier", "show the score at that cost", "up to 26 % late"]
    assert [phrase for phrase in scored if phrase not in text] == []
    plain = read(tmp_path, make_results(2, 3, 1, 5)).text()
    assert [phrase for phrase in scored if phrase in plain] == []


def test_failures_show_traceback_and_skips(page):
    assert any("Traceback (most recent call last)" in text for _, text in page.all("pre"))
    assert "cartpole, dim 2: 8 optimizers, 40 runs" in page.text()
    assert "gauss-newton" in page.text()


def test_same_results_give_the_same_page(make_results, tmp_path):
    for name in ("a", "b"):
        write_report(make_results(2, 3, 5, 10), tmp_path / name)
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


# little or nothing


def test_no_runs(make_results, tmp_path):
    results = make_results(1, 1, 1, 5)
    results.runs, results.trajectories = results.runs.iloc[:0], results.trajectories.iloc[:0]
    page = read(tmp_path, results)
    assert "There are no runs yet." in page.text()
    assert "No runs, no answer." in page.text()
    assert [figure["views"] for figure in page.json()[:4]] == [[]] * 4


def test_one_run(make_results, tmp_path):
    page = read(tmp_path, make_results(1, 1, 1, 5))
    assert "1 problem, 1 optimizer, 1 run: " in page.text()
    assert "With fewer than 5 runs there is no interval." in page.text()
    assert len(page.json()[3]["views"][0]["data"]) == 1


def test_only_skips(make_results, tmp_path):
    results = make_results(10, 15, 2, 5)
    skipped = results.runs[results.runs.status == "skipped"]
    results.runs = skipped.assign(f_opt=None, dim=None)
    results.trajectories = results.trajectories.iloc[:0]
    page = read(tmp_path, results)
    assert "16 were skipped" in page.text()
    assert page.json()[3]["views"] == []
    assert {
        cell[0] for row in page.json()[-1]["cells"].values() for cells in row.values() for cell in cells.values()
    } == {"skipped"}


def test_nan_everywhere(make_results, tmp_path):
    results = make_results(2, 15, 5, 5)
    results.runs = results.runs.assign(first=np.nan, best=np.nan, final=np.nan, status="diverged")
    results.trajectories = results.trajectories.assign(f=np.nan)
    page = read(tmp_path, results)
    assert "No optimizer reached any target beyond its start." in page.text()
    heights = {y for view in page.json()[3]["views"] for trace in view["data"] for y in trace["y"]}
    assert heights == {None}


def test_no_trajectories(make_results, tmp_path):
    results = make_results(2, 15, 5, 5)
    results.runs = results.runs.assign(status="killed")
    results.trajectories = results.trajectories.iloc[:0]
    assert "150 were killed" in read(tmp_path, results).text()


def test_damaged_runs_are_named(make_results, tmp_path):
    results = make_results(1, 1, 1, 5)
    results.damaged = [f"{HOSTILE}: its checksum does not hold"]
    page = read(tmp_path, results)
    assert f"{HOSTILE}: its checksum does not hold" in page.text()
    assert not page.all("img")


def test_manifest_may_be_empty(make_results, tmp_path):
    results = make_results(1, 1, 1, 5)
    results.manifest = {}
    assert read(tmp_path, results).all("h1")[0][1] == "made"


def test_importing_the_report_imports_nothing_heavy():
    heavy = ("torch", "plotly", "pandas", "matplotlib", "seaborn", "scipy", "jinja2", "pyarrow")
    code = f"import sys, bench.report.page; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
