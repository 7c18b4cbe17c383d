"""Tables for papers: problems by optimizers, as LaTeX that is whole."""

import re

import pandas as pd
import pytest

from bench.report import latex
from bench.report.latex import BESIDE, LONG, PAPERS
from bench.report.measured import Report


@pytest.fixture(scope="module")
def tables(make_results):
    return Report(make_results(problems=12, events=30, hostile=True)).tables


def bodies(text: str) -> list[tuple[str, list[list[str]]]]:
    """The columns of each table, and the cells of its rows between the rules, the head first."""
    found = re.findall(r"\\begin\{(tabular|longtable)\}\{([lr]+)\}\n(.*?)\\end\{\1\}", text, flags=re.S)
    assert len(found) == text.count(r"\begin{") == text.count(r"\end{")
    answer = []
    for _, columns, inside in found:
        above, _, _ = inside.partition(r"\bottomrule")
        lines = [line for line in above.split("\n") if line.endswith(r"\\")]
        answer.append((columns, [re.split(r"(?<!\\)&", line.removesuffix(r"\\").strip()) for line in lines]))
    return answer


@pytest.mark.parametrize("name", PAPERS)
def test_a_table_is_whole(tables, name):
    """Braces and dollars are balanced, and every row has as many cells as the table has columns."""
    text = PAPERS[name](tables)
    plain = re.sub(r"\\[\\{}$&#%_]", "", text)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    assert all(mark in text for mark in (r"\toprule", r"\midrule", r"\bottomrule"))
    for columns, rows in bodies(text):
        assert {len(row) for row in rows} == {len(columns)}


def test_problems_are_rows_and_optimizers_columns(tables):
    ert = tables["ert"]
    parts = bodies(PAPERS["ert"](tables))
    assert len(parts) == -(-ert.optimizer.nunique() // BESIDE)
    assert {len(rows) - 1 for _, rows in parts} == {len(ert[["problem", "dim"]].drop_duplicates())}
    assert sum(len(rows[0]) - 2 for _, rows in parts) == ert.optimizer.nunique()


def row_of(**more: object) -> dict:
    """A row of the table of the best on problem p."""
    best = {"problem": "p_1", "dim": 2, "among": "all", "optimizer": "a", "order": 0, "kind": "gap", "target": 1e-8}
    best |= {"ert": 10.0, "low": 9.0, "high": 11.0, "successes": 5, "runs": 5, "compared": 3, "significant": False}
    return {**best, "tied": 0, "rivals": "b", "reason": "", "failed": 0, **more}


@pytest.fixture
def small():
    """a is the best of three, not significantly better than b, whose runs failed; c did not reach the target."""
    goal = {"problem": "p_1", "dim": 2, "order": 0, "kind": "gap", "target": 1e-8}
    ert = [
        {**goal, "optimizer": "a", "ert": 10.0, "successes": 5, "runs": 5},
        {**goal, "optimizer": "b", "ert": 2.5e6, "successes": 3, "runs": 5},
        {**goal, "optimizer": "c", "ert": float("inf"), "successes": 0, "runs": 5},
        {**goal, "optimizer": "d", "order": 1, "ert": float("nan"), "successes": 0, "runs": 0},
    ]
    value = {"problem": "p_1", "dim": 2, "budget": 100.0, "order": 0, "kind": "value", "low": 1.0, "high": 3.0}
    value |= {"median": 2.0, "runs": 5, "end": float("nan")}
    values = [
        {**value, "optimizer": "a", "failed": 0, "least": True, "settled": False},
        {**value, "optimizer": "b", "failed": 2, "least": False, "settled": False, "median": 2.5},
        {**value, "optimizer": "c", "failed": 0, "least": False, "settled": False},
        {**value, "optimizer": "d", "order": 1, "failed": 0, "least": False, "settled": False, "runs": 0},
    ]
    best = [row_of(), row_of(among="0"), row_of(among="1", optimizer="", reason="skipped", rivals="")]
    return {name: pd.DataFrame(rows) for name, rows in (("ert", ert), ("values", values), ("best", best))}


def test_expected_runtimes_by_hand(small):
    ((columns, (head, row)),) = bodies(PAPERS["ert"](small))
    assert columns == "llrrrr"
    assert [cell.strip() for cell in head] == ["problem", "target", "a", "b", "c", "d"]
    assert [cell.strip() for cell in row] == [
        r"{}p\_1, dim 2",
        "gap 1e-8",
        r"\textbf{10} (5/5)",
        r"$2.50 \cdot 10^{6}$$^{\approx,\dagger}$ (3/5)",
        r"$\infty$ (0/5)",
        "--",
    ]
    alone = small["best"].assign(significant=True, rivals="")
    assert r"\textbf{10}$^{\ast}$ (5/5)" in PAPERS["ert"]({**small, "best": alone})


def test_where_the_value_decided_medians_stand_in_place_of_runtimes(small):
    by_value = {"kind": "value", "target": float("inf"), "ert": float("inf"), "median": 2.0, "budget": 100.0}
    small["best"] = pd.DataFrame([row_of(**by_value, lower=1.0, upper=3.0, successes=0)])
    ((_, (_, row)),) = bodies(PAPERS["ert"](small))
    goal, daggers = "median f at 100", r"2.5$^{\approx,\dagger}$"
    assert [cell.strip() for cell in row][1:] == [goal, r"\textbf{2}", daggers, "2", "--"]
    ((_, (_, row)),) = bodies(PAPERS["best"](small))
    assert [cell.strip() for cell in row][1:] == [goal, r"\textbf{a} 2 (5/5)"]


def test_best_optimizers_by_hand(small):
    small["best"].loc[0, "failed"] = 1
    ((columns, (head, row)),) = bodies(PAPERS["best"](small))
    assert columns == "lllll"
    assert [cell.strip() for cell in head][2:] == ["best of all", "best of order 0", "best of order 1"]
    assert [cell.strip() for cell in row][2:] == [r"\textbf{a}$^{\dagger}$ 10 (5/5)", r"\textbf{a} 10 (5/5)", "skipped"]


def test_values_by_hand(small):
    ((_, (_, row)),) = bodies(PAPERS["values"](small))
    assert [cell.strip() for cell in row] == [
        r"{}p\_1, dim 2", "$f$", "100", "5 runs", r"\textbf{2} {\footnotesize [1, 3]}",
        r"2.5$^{\dagger}$ {\footnotesize [1, 3]}", r"2 {\footnotesize [1, 3]}", "--",
    ]  # fmt: skip


def test_values_say_what_counts_as_the_lowest(small):
    assert "Bold: the lowest median of its problem. --: could not run." in PAPERS["values"](small)
    gaps = small["values"].assign(kind="gap", end=1e-8, least=[True, True, False, False], median=[1e-9, 3e-9, 2.0, 2.0])
    text = PAPERS["values"]({**small, "values": gaps})
    said = "Bold: the lowest median of its problem, or all that are equally low. Gaps are shown from 1.00e-9 up; "
    assert f"{said}those below 1.00e-8, at which runs end, count as equal." in text
    assert text.count("boldsymbol") == 2


def test_long_tables_may_break(small):
    many = {name: pd.concat([frame.assign(dim=dim) for dim in range(LONG + 1)]) for name, frame in small.items()}
    assert all(r"\begin{longtable}" in PAPERS[name](many) for name in PAPERS)


def test_numbers_are_set_in_bold():
    assert latex._bold(r"$2.50 \cdot 10^{6}$", True) == r"$\boldsymbol{2.50 \cdot 10^{6}}$"
