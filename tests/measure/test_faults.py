"""A value below f_opt is no success: the problem is wrong, and everybody says so."""

import numpy as np
import pytest

import bench
from bench.core import Objective, registry
from bench.core.ledger import impossible
from bench.core.registry import PROBLEMS, missing
from bench.measure.summaries import faults
from bench.report.page import write_report
from bench.runner import PACKAGES
from bench.runner.plan import misfit


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """f_opt is 1 where 0 is found."""
    folder = tmp_path_factory.mktemp("wrong")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.warns(UserWarning, match=r"Impossible values: .*below the minimum f_opt = 1\."):
            results = bench.compare(
                lambda x: float(x @ x), [2.0, 3.0], budget=150, seeds=5, f_opt=1.0, name="wrong", spread=0.1,
                optimizers=["scipy-nelder-mead", "random-search"],
            )  # fmt: skip
        return results, folder


def test_a_value_below_the_minimum_reaches_no_target(wrong):
    results, _ = wrong
    runs = results.runs
    assert set(runs.status[runs.optimizer == "scipy-nelder-mead"]) == {"target"}  # how it ended stays
    assert (runs.best[runs.optimizer == "scipy-nelder-mead"] < 1).all()
    reached = results.ert()
    hardest = reached[(reached.optimizer == "scipy-nelder-mead") & (reached.target == 1e-8)]
    assert hardest.successes.tolist() == [0]
    assert (results.trajectories.f < 1).any()


def test_the_record_the_frame_and_the_page_say_so(wrong):
    results, folder = wrong
    row = next(results.faults().itertuples())
    below = results.runs[results.runs.best < 1]
    assert (row.dim, row.instance, row.f_opt, row.runs) == (2, 1, 1.0, len(below))
    assert row.optimizers.split("; ") == sorted(set(below.optimizer))
    assert row.lowest == results.runs.best.min()
    error = results.runs.error[results.runs.optimizer == "scipy-nelder-mead"].iloc[0]
    assert "is below f_opt = 1: one of the two is wrong" in error
    page = (folder / "reports" / "wrong" / "index.html").read_text()
    assert "Impossible values" in page
    assert f"{len(below)} runs of " in page
    assert "found values down to" in page


def test_the_terminal_says_so(wrong, capsys):
    from bench.cli.terminal import damaged

    assert damaged(wrong[0]) == 0
    assert "Impossible values" in capsys.readouterr().err


def test_what_compare_gives_says_so_when_it_is_printed(wrong):
    _, fault, answer = str(wrong[0]).splitlines()
    assert fault.startswith("Impossible values: ")
    assert "below the minimum f_opt = 1. The problem or its f_opt is wrong" in fault
    assert answer == wrong[0].sentence()


def test_every_answer_begins_with_it(wrong):
    results, folder = wrong
    said = "f_opt is wrong on lambda, dim 2: values below it were found, where runs end early and reach no target"
    assert results.sentence().startswith(said) and results.best().sentence.startswith(said)
    page = (folder / "reports" / "wrong" / "index.html").read_text()
    assert f'"sentence":["{said}' in page


@pytest.mark.parametrize("f_opt", [True, np.True_, float("inf"), float("nan")])
def test_a_minimum_is_a_number(f_opt):
    with pytest.raises(ValueError, match=r"f_opt must be a finite number, or None where it is not known, got"):
        bench.compare(lambda x: float(x @ x), [2.0, 3.0], f_opt=f_opt)


def test_a_minimum_that_the_starts_have_already_is_a_fault(tmp_path, monkeypatch):
    """No run pays for anything: there is no cost to divide by."""
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match=r"Impossible values") as warned:
        results = bench.compare(lambda x: float(x @ x), [0.1, 0.1], f_opt=1.0, budget=50, optimizers=["random-search"])
        results.convergence()
        results.values_at_budget()
    assert {warning.category for warning in warned} == {UserWarning}
    assert set(results.runs.cost) == {0.0}


def minus_infinity(x):
    return -np.inf if x[0] < 0 else float(x @ x)


@pytest.mark.parametrize(("arrays", "f_opt"), [("point", None), ("population", 0.0)])
def test_minus_infinity_is_a_fault_whatever_the_minimum(tmp_path, monkeypatch, f_opt, arrays):
    monkeypatch.chdir(tmp_path)
    optimizer = {"point": "random-search", "population": "cma-es"}[arrays]
    with pytest.warns(UserWarning, match=r"values of -∞, which is no real number"):
        results = bench.compare(
            minus_infinity, [0.1, 0.1], f_opt=f_opt, spread=1.0, budget=50, seeds=5, optimizers=[optimizer], name="t"
        )
    row = next(results.faults().itertuples())
    assert row.lowest == -np.inf
    assert np.isfinite(results.runs.best).all()  # no improvement
    assert "a value of -inf is no real number" in results.runs.error.iloc[0]
    assert "values of -∞, which is no real number" in str(results)
    assert "values of -∞, which is no real number" in (tmp_path / "reports" / "t" / "index.html").read_text()


def test_minus_infinity_outside_hard_bounds_is_no_fault():
    options = {"bounds": [(0.0, 1.0)] * 2, "spread": 1.0, "budget": 50, "optimizers": ["odd-outside"]}
    with pytest.MonkeyPatch.context() as patch:
        definition = registry.OptimizerDefinition(
            "odd-outside", lambda door: door.value(door.x0 - 5.0), 0, "nobody", False, "numpy", True, 1, (), {}
        )
        patch.setitem(registry.OPTIMIZERS, "odd-outside", definition)
        assert len(bench.compare(minus_infinity, [0.5, 0.5], **options).faults()) == 0


def test_minimize_says_so():
    objective = Objective(lambda x: (x * x).sum(-1), 2, f_opt=1.0, start=lambda rng: np.full(2, 1.3))
    run = bench.minimize(objective, "scipy-nelder-mead", budget=50)
    assert "is below f_opt = 1: one of the two is wrong" in run.error


def test_without_a_fault_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = bench.run(
        problems=["rosenbrock"], optimizers=["scipy-lbfgsb"], budget=300, seeds=2, name="t", report=False
    )
    assert len(results.faults()) == 0
    assert set(results.runs.error) == {""}
    page = write_report(results, tmp_path / "r").read_text()
    assert "Impossible values" not in page


def test_runs_that_do_not_know_are_no_fault(wrong):
    runs = wrong[0].runs
    assert len(faults(runs.assign(f_opt=np.nan))) == 0
    assert len(faults(runs.assign(best=np.nan))) == 0


@pytest.mark.parametrize(
    ("f", "f_opt", "flagged"),
    [(-1e-10, 0.0, False), (-2e-9, 0.0, True), (1e6 - 1e-4, 1e6, False), (1e6 - 2e-3, 1e6, True), (np.nan, 0.0, False)],
)
def test_rounding_is_no_fault(f, f_opt, flagged):
    assert impossible(f, f_opt) == flagged


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["scipy-lbfgsb", "scipy-nelder-mead", "cma-es"])
def test_no_registered_problem_is_flagged(optimizer):
    """Every problem whose minimum is known and which is judged by what was asked, as far down as it goes."""
    registry.load(PACKAGES)
    definition = registry.find_optimizer(optimizer)
    flagged = {}
    for name, problem in PROBLEMS.items():
        if missing(problem):
            continue
        objective = problem.make()
        if objective.f_opt is None or objective.scored or misfit(objective, definition):
            continue
        run = bench.minimize(objective, optimizer, budget=1000, gap=0.0)
        if impossible(run.best, objective.f_opt):
            flagged[name] = run.best - objective.f_opt
    assert flagged == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spread": "a"}, "spread must be a number >= 0, got 'a'"),
        ({"spread": True}, "spread must be a number >= 0, got True"),
        ({"optimizers": [1]}, "1 must read name or name"),
        ({"name": 3}, "name must be 1 to 100 letters, digits, dots, hyphens and underscores, got 3"),
    ],
)
def test_arguments_of_another_type_are_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        bench.compare(lambda x: float(x @ x), [2.0, 3.0], budget=6, report=False, **options)
