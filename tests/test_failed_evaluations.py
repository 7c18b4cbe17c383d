"""A function that sometimes fails, from `compare`, `minimize`, a registered problem and the command line."""

import re

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.core.objective import Objective
from bench.measure import failed, words
from bench.report.page import write_report

pytestmark = pytest.mark.usefixtures("one_process")

SOLVER = "the solver did not converge"
SOME = ["random-search", "scipy-nelder-mead", "cma-es"]  # alone, alone, in lanes


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Fails:
    """The squared distance to 0.3, which fails at every so manyth call after the first."""

    __name__ = "simulation"

    def __init__(self, every, how="raise"):
        self.every, self.how, self.calls, self.failed = every, how, 0, 0

    def __call__(self, x):
        self.calls += 1
        if self.calls % self.every == 0:
            self.failed += 1
            if self.how == "raise":
                raise RuntimeError(SOLVER)
            return np.nan
        return float(((x - 0.3) ** 2).sum())


@pytest.mark.parametrize("how", ["raise", "nan"])
def test_compare_counts_what_failed_and_goes_on(how, capsys):
    f = Fails(33, how)
    results = bench.compare(f, [0.8] * 3, bounds=(0, 1), budget=150, seeds=3, optimizers=SOME, name="mine")
    runs = results.runs
    assert set(runs.status) == {"budget"}
    assert (f.calls, int(runs.value.sum())) == (2 + 9 + 9 * 150, 9 * 150)  # the probe, the starts, and what was paid
    at_starts = f.failed - int(runs.failed_values.sum())
    assert 0 <= at_starts <= 1
    table = results.failed_evaluations()
    assert (table.failed.sum(), table.evaluations.sum()) == (runs.failed_values.sum(), 9 * 150)
    assert set(table.optimizer) == set(SOME)
    text = failed.failed_evaluations_text(runs)
    assert text.startswith(f"{table.failed.sum()} of 1,350 evaluations failed (3 %): ")
    assert "First failure at x = [" in text
    assert text.endswith(f"RuntimeError: {SOLVER}" if how == "raise" else "its value was NaN")
    assert capsys.readouterr().out.startswith(f"{text}\n")  # the answer follows
    if how == "raise":
        assert "Traceback" in table.error.iloc[0]
        assert "in __call__" in table.error.iloc[0]


def test_what_never_failed_is_not_spoken_of(capsys):
    results = bench.compare(Fails(10**9), [0.8], budget=20, seeds=1, optimizers=["random-search"], name="mine")
    assert "failed" not in capsys.readouterr().out
    assert results.runs.failed_values.tolist() == [0.0]
    page = (bench.api.REPORTS / "mine/index.html").read_text()
    assert "Failed evaluations" not in page


def test_failures_raise_ends_the_run_as_before():
    results = bench.compare(
        Fails(33), [0.8], budget=150, seeds=1, optimizers=["random-search"], failures="raise", report=False
    )
    assert results.runs.status.tolist() == ["crashed"]
    assert results.runs.failed_values.isna().all()


@pytest.mark.parametrize(("every", "begins"), [(33, True), (150, False)])
def test_the_page_has_what_failed_below_its_answer_where_it_is_over_one_per_cent(every, begins, tmp_path):
    results = bench.compare(
        Fails(every), [0.8], budget=300, seeds=2, optimizers=["random-search"], name="mine", report=False
    )
    page = write_report(results, tmp_path / "page", figures=False).read_text()
    verdict, _, below = page.partition('<p class="verdict"')
    assert SOLVER not in verdict and "failed-evaluations" not in verdict and 'id="answer"' in verdict
    head, _, rest = below.partition('<div class="body')
    assert ('id="failed-evaluations"' in head) == begins
    assert (SOLVER in head) == begins
    assert "<h3>Failed evaluations</h3>" in rest
    assert words.HEARD in rest
    assert SOLVER in (tmp_path / "page/tables/failed-evaluations.csv").read_text()


def test_a_gradient_of_nan_ends_as_diverged_and_says_what_failed():
    calls = []

    def slope(x):
        calls.append(x)
        if len(calls) == 20:
            raise RuntimeError(SOLVER)
        return 2 * x

    results = bench.compare(
        (lambda x: float((x * x).sum()), slope), [1.0, 2.0], budget=300, seeds=1, report=False,
        optimizers=["gradient-descent[lr=0.01]"],
    )  # fmt: skip
    run = results.runs.iloc[0]
    assert (run.status, run.failed_values) == ("diverged", 1)
    assert SOLVER in run.error
    assert results.failures().reason.tolist() == ["the method asked at a point that is not finite"]


def test_where_all_fails_the_report_is_written_and_says_so(capsys):
    f = Fails(10**9)

    def dead(x):
        if f.calls:
            raise RuntimeError(SOLVER)
        return f(x)

    results = bench.compare(dead, [0.8, 0.2], budget=40, seeds=2, optimizers=SOME, name="mine")
    assert results.runs.failed_values.tolist() == [40] * 6
    assert results.runs[["first", "best"]].isna().all(axis=None)
    assert "240 of 240 evaluations failed (100 %)" in capsys.readouterr().out
    assert "240 of 240 evaluations failed" in (bench.api.REPORTS / "mine/index.html").read_text()


def test_a_start_that_fails_by_chance_is_no_end(capsys):
    f = Fails(1)
    with pytest.raises(ValueError, match=f"f fails at the start: RuntimeError: {SOLVER}"):
        bench.compare(f, [0.8], budget=20, seeds=1, optimizers=["random-search"], report=False)
    assert f.calls == 5
    failing = iter([True])

    def unlucky(x):
        if next(failing, False):
            raise RuntimeError(SOLVER)
        return float((x * x).sum())

    with pytest.warns(UserWarning, match=f"f fails at the start: RuntimeError: {SOLVER}. It counts as a failed"):
        results = bench.compare(unlucky, [0.8], budget=20, seeds=1, optimizers=["random-search"], report=False)
    assert results.runs.status.tolist() == ["budget"]


def test_torch_functions_fail_alike():
    calls = []

    def f(x):
        calls.append(x)
        if len(calls) % 20 == 0:
            raise RuntimeError(SOLVER)
        return (x * x).sum()

    results = bench.compare(
        f, torch.tensor([1.0, 2.0]), budget=90, seeds=2, report=False,
        optimizers=["torch-adam[lr=0.1]", "random-search", "scipy-newton-cg"],
    )  # fmt: skip
    assert "crashed" not in set(results.runs.status)
    assert results.runs.failed_values.sum() > 0


def test_an_objective_made_by_hand_in_minimize():
    f = Fails(20)
    objective = Objective(f, 2, order=0, arrays="numpy", failures="nan", start=lambda rng: np.ones(2), vectorised=False)
    run = bench.minimize(objective, "scipy-nelder-mead", budget=100)
    assert (run.status, run.failed_values, run.counts["value"]) == ("budget", 5, 100)
    assert SOLVER in run.error
    assert bench.minimize(bench.make("rosenbrock"), "random-search", budget=10).failed_values == 0


def test_a_registered_problem_declares_it_and_the_command_says_what_failed(odd):
    command = ["run", "-p", "odd-fragile", "-p", "rosenbrock", "-o", "random-search", "--seeds", "2", "--budget", "50"]
    done = CliRunner().invoke(app, [*command, "--name", "mine", "--import", odd, "--workers", "1"])
    assert done.exit_code == 0, done.output
    runs = bench.load("mine").runs.set_index("problem").failed_values
    n = int(runs["odd-fragile"].sum())
    assert 20 < n < 80
    assert runs["rosenbrock"].isna().all()
    assert re.search(
        rf"{n} of 100 evaluations failed \(\d+ %\): random-search {n}\. First failure at x = ", done.output
    )


# what compare takes


def test_a_fixed_coordinate_is_put_back_in_what_f_sees():
    seen = []

    def f(x):
        seen.append(np.array(x))
        return float(((x - 1) ** 2).sum())

    bounds = [(0, 5), (2.0, 2.0), (-1, 4)]
    results = bench.compare(
        (f, lambda x: 2 * (x - 1)), [3.0, 2.0, 3.0], bounds=bounds, budget=100, seeds=2, report=False,
        optimizers=["random-search", "scipy-lbfgsb", "scipy-nelder-mead"],
    )  # fmt: skip
    seen = np.array(seen)
    assert seen.shape[1] == 3
    assert set(seen[:, 1]) == {2.0}
    assert set(results.runs.dim) == {2}
    best = results.runs[results.runs.optimizer == "scipy-lbfgsb"].best
    np.testing.assert_allclose(best, 1.0)  # of the coordinate that is fixed
    assert "crashed" not in set(results.runs.status)


def test_a_fixed_coordinate_of_torch():
    def f(x):
        assert x.shape == (3,)
        return ((x - 1) ** 2).sum()

    start = torch.tensor([3.0, 2.0, 3.0])
    results = bench.compare(
        f, start, bounds=[(0, 5), (2, 2), (-1, 4)], budget=200, seeds=1, report=False, optimizers=["scipy-lbfgsb"]
    )
    np.testing.assert_allclose(results.runs.best, 1.0, rtol=1e-5)


@pytest.mark.parametrize("start", [[1.0, 2.0], torch.tensor([1.0, 2.0], dtype=torch.float64)])
@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.usefixtures("unanswered")
def test_one_function_may_give_value_and_gradient_and_is_asked_once(start, fixed):
    calls = []

    def f(x):
        calls.append(x)
        return ((x - 1) ** 2).sum(), 2 * (x - 1)

    bounds = [(-9, 9), (2, 2)] if fixed else None
    names = ["scipy-lbfgsb", "random-search", "torch-adam", "scipy-newton-cg"]
    results = bench.compare(f, start, bounds=bounds, budget=90, seeds=2, optimizers=names, report=False)
    runs = results.runs
    assert dict(runs.groupby("optimizer").status.first()) == {
        "random-search": "budget", "scipy-lbfgsb": "budget", "scipy-newton-cg": "skipped", "torch-adam": "budget",
    }  # fmt: skip
    # the probe twice, its gradient and four differences, the starts, and what was paid
    assert len(calls) == 7 + 6 + runs.value.sum() + runs.gradient.sum()
    np.testing.assert_allclose(runs.best[runs.optimizer == "scipy-lbfgsb"], 1.0 if fixed else 0.0, atol=1e-9)


def test_two_numbers_are_no_value_and_gradient():
    with pytest.raises(ValueError, match="f must give one real number, got tuple"):
        bench.compare(lambda x: (float(x[0]), 0.1), [1.0], budget=9, optimizers=["random-search"], report=False)


def test_a_torch_function_that_differentiates_something_itself():
    def f(x):
        z = x.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad((z**2).sum(), z)
        return (slope**2).sum(), 8 * x

    results = bench.compare(f, torch.tensor([1.0, 2.0]), budget=60, seeds=1, optimizers=["scipy-lbfgsb"], report=False)
    assert results.runs.failed_values.tolist() == [0]


@pytest.mark.parametrize("options", [
    {"seeds": np.int64(2)}, {"budget": np.int64(30)}, {"budget": np.float32(30)}, {"spread": np.float32(0.1)},
])  # fmt: skip
@pytest.mark.usefixtures("unanswered")
def test_numbers_of_numpy(options):
    arguments = {"budget": 30, "seeds": 2, "optimizers": ["random-search"], "report": False, **options}
    runs = bench.compare(lambda x: float((x * x).sum()), [1.0, 2.0], **arguments).runs
    assert (len(runs), set(runs.budget)) == (2, {30.0})


def test_numbers_of_numpy_in_run_and_make():
    results = bench.run(
        problems=["rosenbrock"], optimizers=["random-search"], budget=np.float32(30), seeds=np.int64(2),
        instances=np.array([1, 2]), workers=np.int64(1), name="mine", report=False,
    )  # fmt: skip
    assert sorted(results.runs.instance) == [1, 1, 2, 2]
    assert bench.make("rosenbrock", dim=np.int64(3), instance=np.int64(2)).dim == 3
    prices = {"gradient": np.int64(2)}
    run = bench.minimize(bench.make("rosenbrock"), "random-search", budget=np.int64(9), seed=np.int64(1), prices=prices)
    assert run.counts["value"] == 9
    with pytest.raises(ValueError, match="seeds must be a whole number"):
        bench.run(problems=["rosenbrock"], optimizers=["random-search"], seeds=np.float64(2.0))


@pytest.mark.parametrize(
    ("written", "named"),
    [("my suite.toml", "my-suite"), ("_first.toml", "first"), ("größe (2).toml", "gr-e-2"), ("+.toml", "suite")],
)
def test_a_file_whose_name_cannot_be_that_of_results(tmp_path, written, named):
    text = 'optimizers = ["random-search"]\nbudget = 20\nseeds = 1\n[[group]]\nproblems = ["rosenbrock"]\n'
    (tmp_path / written).write_text(text)
    with pytest.warns(UserWarning, match=f"cannot be the name of results: they are named {named}"):
        results = bench.run(tmp_path / written, report=False)
    assert results.folder.name == named
    assert bench.run(tmp_path / written, name="other", report=False).name == "other"


@pytest.mark.parametrize("name", ["mine_", "a.b-c", "-" * 0 + "x" * 100])
def test_a_name_that_may_be_that_of_results_stays(tmp_path, name):
    text = 'optimizers = ["random-search"]\nbudget = 20\nseeds = 1\n[[group]]\nproblems = ["rosenbrock"]\n'
    (tmp_path / f"{name}.toml").write_text(text)
    assert bench.run(tmp_path / f"{name}.toml", report=False).name == name
