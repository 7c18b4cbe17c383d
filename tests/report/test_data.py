"""The data of the page: packed arrays hold what the frames hold."""

import base64
import zlib

import numpy as np
import pandas as pd
import pytest

from bench.measure.comparison import Comparison, View
from bench.measure.ecdf import ecdf
from bench.measure.ert import ert as expected_runtimes
from bench.measure.verdicts import best, budgets
from bench.report.data import coarse, encoded, page_data
from bench.report.measured import Report
from bench.report.page import write_report

RUN = {"problem": "p", "dim": 2.0, "order": 0, "scored": False, "optimizer": "a", "status": "budget", "budget": 1.0,
       "cost": 1.0}  # fmt: skip


def decoded(item: dict) -> np.ndarray:
    """What the page makes of an array."""
    dtype = np.dtype(f"<{item['type']}")
    planes = np.frombuffer(zlib.decompress(base64.b64decode(item["data"])), np.uint8)
    numbers = planes.reshape(dtype.itemsize, -1).T.copy().view(dtype)
    return numbers.reshape(item["shape"])


@pytest.fixture(scope="module")
def report(made):
    return Report(made)


@pytest.fixture(scope="module")
def data(report):
    return page_data(report)


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        ([[1.5, np.nan], [np.inf, -np.inf]], "f4"), ([0, 255], "u1"), ([256], "u2"), ([65536], "i4"), ([-1], "i4"),
        ([], "f4"), ([True, False], "u1"), (np.zeros((0, 3), int), "u1"), (1e300, "f4"),
    ],
)  # fmt: skip
def test_arrays_come_back_as_they_were(array, kind):
    array = np.asarray(array)
    item = encoded(array)
    assert (item["type"], item["shape"]) == (kind, list(array.shape))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(decoded(item), array.astype(f"<{kind}"))


def test_whole_numbers_beyond_32_bits_are_refused():
    with pytest.raises(ValueError, match="within 32 bits"):
        encoded(np.array([2**31]))


def test_coarse_numbers_are_near():
    x = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-20, 20).repeat(25)
    np.testing.assert_allclose(coarse(x), x, rtol=2.0**-15)
    np.testing.assert_array_equal(coarse(np.array([0.0, np.inf, np.nan, 1.0, -2.0])), [0, np.inf, np.nan, 1, -2])
    assert len(np.unique(coarse(np.linspace(1, 1.0001, 100)))) < 4  # most bits are 0: they pack well


def test_cells_go_by_family_and_targets_from_the_easiest(data, made):
    families = [cell["family"] for cell in data["cells"]]
    assert families == sorted(families)
    assert data["families"] == sorted(set(made.runs.family))
    rosenbrock = next(cell for cell in data["cells"] if cell["problem"] == "rosenbrock")
    assert rosenbrock["targets"] == [f"gap 1e{power}" for power in range(2, -9, -1)]
    assert rosenbrock["kind"] == "gap"
    mlp = next(cell for cell in data["cells"] if cell["problem"] == "mlp")
    assert mlp["targets"][0] == "0.9 of gain left"
    assert mlp["kind"] == "value"


@pytest.mark.parametrize("by", ["optimizer", "order", "family", "dim"])
def test_sums_of_solved_are_the_ecdf(data, report, by):
    """Of any grouping, at any price."""
    values = {"optimizer": [item["name"] for item in data["optimizers"]]}
    values["order"] = [item["order"] for item in data["optimizers"]]
    values |= {key: [cell[key] for cell in data["cells"]] for key in ("family", "dim")}
    axis = 1 if by in ("optimizer", "order") else 0
    grid, solved, planned = (decoded(data[name]) for name in ("grid", "solved", "planned"))
    for p, view in enumerate(report.views):
        table = ecdf(view, [by])
        for value in set(values[by]):
            own = np.array(values[by]) == value
            k = solved[p].compress(own, axis).sum((0, 1))
            rows = table[table[by] == value]
            np.testing.assert_allclose(grid[p][: len(rows)], rows.cost, rtol=1e-6)
            np.testing.assert_allclose(k / planned[p].compress(own, axis).sum(), rows.fraction)


def test_ert_and_curves_are_those_of_the_frames(data, report):
    optimizers = [item["name"] for item in data["optimizers"]]
    cells = {(cell["problem"], cell["dim"]): c for c, cell in enumerate(data["cells"])}
    ert, low, high, successes, ran = (decoded(data[name]) for name in ("ert", "low", "high", "successes", "ran"))
    names = {name: f"gap 1e{power}" for power in range(2, -9, -1) for name in [("gap", 10.0**power)]}
    names |= {("fraction", 10.0**-power): f"1e-{power} of gain left" for power in range(2, 7)}
    names |= {("fraction", tenth / 10): f"0.{tenth} of gain left" for tenth in range(1, 10)}
    for p, view in enumerate(report.views):
        for row in view.of(expected_runtimes).itertuples():
            c, o = cells[row.problem, row.dim], optimizers.index(row.optimizer)
            s = data["cells"][c]["targets"].index(names[row.kind, float(f"{row.target:g}")])
            found = [ert[p, c, o, s], low[p, c, o, s], high[p, c, o, s]]
            np.testing.assert_allclose(found, [row.ert, row.low, row.high], rtol=1e-4)
            assert p or (successes[c, o, s], ran[c, o]) == (row.successes, row.runs)
        cost, curve = decoded(data["curve_cost"]), decoded(data["curve"])
        for (problem, dim, name), rows in view.convergence.groupby(["problem", "dim", "optimizer"]):
            c, o, n = cells[problem, dim], optimizers.index(name), len(rows)
            np.testing.assert_allclose(cost[p, c, :n], rows.cost, rtol=1e-4)
            with np.errstate(over="ignore"):
                expected = rows[["median", "low", "high"]].to_numpy(np.float32)
            np.testing.assert_allclose(curve[p, c, o, :n], expected, rtol=1e-4)


def test_runs_are_behind_the_cells(data, report):
    runs, reached = report.runs, report.views[0].reached
    optimizers = np.array([item["name"] for item in data["optimizers"]])
    assert (optimizers[decoded(data["run_optimizer"])] == runs.optimizer).all()
    assert (np.array(data["statuses"])[decoded(data["run_status"])] == runs.status).all()
    np.testing.assert_array_equal(decoded(data["run_seed"]), runs.seed)
    runtimes = decoded(data["runtimes"])
    assert (~np.isnan(runtimes)).sum() == len(reached)
    for run, rows in list(reached.groupby("run"))[::50]:
        rows = rows.sort_values("target", ascending=False)
        np.testing.assert_allclose(runtimes[run][: len(rows)], rows.runtime, rtol=1e-4)


def test_prices_that_tell_nothing_new_are_left_out(make_results, every_price):
    """With every price 1, passes are the cost, and lanes have no wall clock."""
    results = make_results(12, 8, 1, 5, hostile=False)
    assert [view.name for view in Report(results).views] == every_price
    results = make_results(2, 8, 1, 5, hostile=False)
    results.prices = dict.fromkeys(results.prices, 1)
    results.runs = results.runs.assign(lanes=4)
    names = [view.name for view in Report(results).views]
    assert names == ["cost", "differences", "inside", "outside"]


def test_texts_of_a_report_are_held_as_strings_of_python(make_results, tmp_path, monkeypatch):
    """However they were read, and until it is written: those of Arrow take a third longer."""
    storage = []

    def seen(report):
        frames = report.runs, report.views[0].of(best)
        storage.extend(each.optimizer.dtype.storage for each in frames)
        storage.extend(each.columns.dtype.storage for each in frames)
        return page_data(report)

    monkeypatch.setattr("bench.report.page.page_data", seen)
    results = make_results(1, 2, 1, 5)
    before = pd.DataFrame({"text": ["a"]}).text.dtype.storage
    texts = pd.StringDtype(before, na_value=np.nan)
    results.runs = results.runs.astype(dict.fromkeys(("problem", "optimizer", "family"), texts))
    write_report(results, tmp_path, figures=False)
    assert set(storage) == {"python"} and len(storage) == 4
    assert results.runs.optimizer.dtype.storage == pd.DataFrame({"text": ["a"]}).text.dtype.storage == before


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (1, 1000, [10, 100, 1000]), (3, 500, [10, 100, 500]), (1, 20_000, [10, 100, 10_000, 20_000]),
        (1, 1e6, [10, 1000, 1e4, 1e6]), (1, 1, [1]), (1, 9, [9]), (1e-5, 0.1, [1e-4, 1e-3, 1e-2, 0.1]),
        (1, 997, [10, 100, 1000]), (1, 11_100, [10, 100, 1000, 12_000]),
    ],
)  # fmt: skip
def test_budgets_are_decades_and_the_end(low, high, found):
    runs = pd.DataFrame({"run": [0, 1], **RUN, "status": ["target", "returned"]})
    reached = pd.DataFrame({"run": [0, 1], "runtime": [low, np.inf], "spent": [high, high]}).astype(float)
    reached = reached.assign(kind="gap", target=1.0)
    assert budgets(View(Comparison(runs), reached)) == found


def test_the_last_budget_is_the_most_that_counts_on_some_problem():
    """On p runs were ended at 300 and 20,000, on q at 700: beyond 700 nothing counts anywhere."""
    spent = [300.0, 2e4, 700.0]
    facts = {"run": range(3), **RUN, "problem": list("ppq"), "budget": spent, "cost": spent}
    reached = pd.DataFrame({"run": range(3), "runtime": np.inf, "spent": spent, "kind": "gap", "target": 1.0})
    runs = pd.DataFrame(facts)
    assert budgets(View(Comparison(runs), reached)) == [10, 100, 700]
    assert budgets(View(Comparison(runs.iloc[:2]), reached.iloc[:2])) == [10, 100, 300]


def test_without_costs_there_is_no_budget():
    reached = pd.DataFrame({"run": [0], "runtime": [np.nan], "spent": [np.nan], "kind": "gap", "target": 1.0})
    runs = pd.DataFrame({"run": [0], **RUN})
    assert budgets(View(Comparison(runs), reached)) == []
    assert budgets(View(Comparison(runs.iloc[:0]), reached.iloc[:0])) == []
