"""What users call from Python."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.optimize
import torch

import bench
from bench.core.objective import Objective

pytestmark = pytest.mark.usefixtures("one_process")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def bowl(x):
    return float(((x - 1) ** 2).sum())


def slope(x):
    return 2 * (x - 1)


def test_dir_names_what_bench_offers():
    code = (
        "import bench, sys; print([n for n in dir(bench) if not n.startswith('_')]); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(sorted(bench.__all__))


def test_make_takes_parameters_and_both_array_kinds():
    objective = bench.make("bbob-f08", dim=3, instance=2)
    at_least = objective.f(objective.x_opt)
    assert at_least == pytest.approx(objective.f_opt)
    assert objective.f(torch.tensor(objective.x_opt)).item() == pytest.approx(objective.f_opt)
    assert objective.f([[0.0, 0, 0], [1, 1, 1]]).shape == (2,)


def test_minimize_gives_one_run():
    run = bench.minimize(bench.make("rosenbrock", dim=5), "scipy-lbfgsb", budget=5000, start=[1.3, 0.7, 0.8, 1.9, 1.2])
    assert run.status == "target"
    assert 0 < run.counts["gradient"] < 60
    assert run.best <= 1e-8
    np.testing.assert_allclose(run.best_x, 1, atol=1e-3)
    assert list(run.trajectory.columns) == [
        "value",
        "gradient",
        "hessian_vector",
        "jacobian",
        "vjp",
        "inside",
        "outside",
        "f",
    ]
    assert run.trajectory.f.iloc[-1] == run.best
    assert run.first == pytest.approx(848.22)


@pytest.mark.parametrize(
    ("gap", "target", "met"),
    [(1.0, None, 3.0), (0.0, 4.5, 4.5), (1.0, 4.5, 4.5), (1.0, 2.5, 3.0), (1e-8, -7.0, 2.0 + 1e-8)],
)
def test_minimize_ends_at_the_gap_or_at_the_target(gap, target, met):
    objective = Objective(lambda x: (x**2).sum(-1) + 2, 1, f_opt=2.0)
    run = bench.minimize(objective, "random-search", budget=50, gap=gap, target=target)
    values = run.trajectory.f
    assert (run.status == "target") == (run.best <= met)
    assert not (values[:-1] <= met).any()


def test_minimize_takes_a_target_where_the_minimum_is_not_known():
    objective = Objective(lambda x: (x**2).sum(-1) + 2, 1)
    run = bench.minimize(objective, "scipy-lbfgsb", budget=50, start=[3.0], target=2.5)
    assert run.status == "target"
    assert run.trajectory.f.iloc[-2] > 2.5 >= run.best


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gap": -1e-8}, "gap must be a number >= 0, got -1e-08"),
        ({"gap": np.nan}, "gap must be a number >= 0, got nan"),
        ({"gap": np.inf}, "gap must be a number >= 0, got inf"),
        ({"target": np.nan}, "target must be a finite value of f, got nan"),
        ({"target": -np.inf}, "target must be a finite value of f, got -inf"),
    ],
)
def test_minimize_refuses_what_is_no_gap_or_target(arguments, message):
    with pytest.raises(ValueError, match=message):
        bench.minimize(bench.make("rosenbrock"), "random-search", budget=5, **arguments)


def test_minimize_twice_is_the_same_run():
    runs = [bench.minimize(bench.make("rastrigin"), "nevergrad-DE", budget=200, seed=3) for _ in range(2)]
    columns = ["value", "f"]
    assert runs[0].trajectory[columns].equals(runs[1].trajectory[columns])


def test_minimize_keeps_a_crash():
    def broken(x):
        if (x > 100).any():
            raise RuntimeError("too far")
        return (x * x).sum(-1)

    objective = bench.Objective(broken, 2, order=0, arrays="numpy", start=lambda rng: np.array([99.0, 99.0]))
    run = bench.minimize(objective, "random-search", budget=100)
    assert run.status == "crashed"
    assert "too far" in run.error


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("scipy-lbfgbs", "did you mean scipy-lbfgsb"),
        ("torch-adam[rate=1]", "has no parameter 'rate'"),
        ("torch-adam[lr=0.1,0.2]", "a grid of 2 settings"),
        ("scipy-newton-cg", "function answers up to values"),
    ],
)
def test_minimize_refuses(optimizer, message):
    with pytest.raises(ValueError, match=message):
        bench.minimize(bench.Objective(bowl, 2, order=0), optimizer, budget=10)


def test_run_and_load():
    results = bench.run(
        problems=["rosenbrock[dim=2]", "cartpole"], optimizers=["random-search", "torch-adam"], budget=30, seeds=2,
        name="mine", report=False,
    )  # fmt: skip
    assert len(results.runs) == 8
    assert set(results.runs[results.runs.problem == "cartpole"].status) <= {"budget", "target", "skipped"}
    again = bench.load("mine")
    assert again.runs.equals(results.runs)
    assert bench.load("results/mine").trajectories.equals(results.trajectories)
    ert = results.ert()
    assert {"problem", "dim", "optimizer", "target", "ert", "successes", "runs", "low", "high"} <= set(ert.columns)


def test_run_needs_something_to_run():
    with pytest.raises(ValueError, match="give a suite, or at least one problem and one optimizer"):
        bench.run(problems=["rosenbrock"])
    with pytest.raises(ValueError, match="not both"):
        bench.run("quick", problems=["rosenbrock"], optimizers=["random-search"])


def test_compare_a_function_of_a_numpy_vector():
    results = bench.compare(bowl, start=[3.0, -2.0], budget=200, seeds=2)
    assert set(results.runs.problem) == {"bowl"}
    assert set(results.runs.order) == {0.0}
    assert set(results.runs.status) <= {"budget", "returned", "skipped"}
    assert results.runs.best.min() < 1e-6
    firsts = results.runs.groupby("seed")["first"].nunique()
    assert firsts.tolist() == [1, 1]  # every optimizer meets the same starts
    assert results.runs["first"].nunique() == 2


def test_compare_a_function_and_its_gradient():
    names = ["scipy-bfgs", "torch-adam[lr=0.1]", "scipy-newton-cg"]
    results = bench.compare((bowl, slope), start=np.zeros(3), budget=300, seeds=2, f_opt=0.0, optimizers=names)
    by_status = results.runs.groupby("optimizer").status.first()
    assert by_status["scipy-bfgs"] == "target"
    assert by_status["scipy-newton-cg"] == "skipped"
    assert results.runs[results.runs.optimizer == "torch-adam[lr=0.1]"].gradient.eq(100).all()


def test_compare_a_function_of_a_torch_vector():
    results = bench.compare(
        lambda x: ((x - 1) ** 2).sum(), start=torch.zeros(2, dtype=torch.float64), budget=300, seeds=2, f_opt=0.0,
        optimizers=["scipy-newton-cg", "gradient-descent[lr=0.3]", "random-search"],
    )  # fmt: skip
    by_status = results.runs.groupby("optimizer").status.first()
    assert by_status.to_dict() == {
        "gradient-descent[lr=0.3]": "target",
        "random-search": "budget",
        "scipy-newton-cg": "target",
    }


@pytest.mark.usefixtures("unanswered")
def test_compare_asks_the_users_function_as_often_as_it_says():
    """Beside what is counted: once when the function is tried, and at the start of each run, off the ledger."""
    calls = []

    def counted(x):
        calls.append(1)
        return float((x * x).sum())

    results = bench.compare(
        counted, start=[1.0, 1.0], budget=50, seeds=3, optimizers=["random-search", "nevergrad-CMA"]
    )
    assert len(calls) == 2 + results.runs.value.sum() + len(results.runs)


def test_compare_under_a_name_keeps_results_and_report(tmp_path):
    bench.compare(
        bowl, start=[3.0, -2.0], budget=60, seeds=5, name="bowl", optimizers=["random-search", "scipy-nelder-mead"]
    )
    assert (tmp_path / "results/bowl/runs.db").is_file()
    assert "random-search" in (tmp_path / "reports/bowl/index.html").read_text()


def test_compare_within_bounds():
    results = bench.compare(bowl, start=[0.5], bounds=(0.0, 0.9), budget=100, seeds=2, optimizers=["scipy-nelder-mead"])
    assert results.best_x(0)[0] == pytest.approx(0.9)
    assert results.runs.best.min() == pytest.approx(0.01)


PAIRS = [(0, 1), (2, 3)]


@pytest.mark.parametrize(
    ("bounds", "low", "high"),
    [
        (PAIRS, [0, 2], [1, 3]),
        (np.array(PAIRS), [0, 2], [1, 3]),
        (scipy.optimize.Bounds([0, 2], [1, 3]), [0, 2], [1, 3]),
        (scipy.optimize.Bounds(0, 3), [0, 0], [3, 3]),
        ((-3, 5), [-3, -3], [5, 5]),
        ([(None, 1), (2, None)], [-np.inf, 2], [1, np.inf]),
        ((None, 5), [-np.inf, -np.inf], [5, 5]),
    ],
)
@pytest.mark.usefixtures("unanswered")
def test_compare_takes_bounds_as_pairs(bounds, low, high):
    asked = []

    def f(x):
        asked.append(x.copy())
        return float(x.sum())

    bench.compare(f, start=[0.5, 2.5], bounds=bounds, budget=200, seeds=1, optimizers=["random-search"])
    lowest, highest = np.min(asked, axis=0), np.max(asked, axis=0)
    assert (lowest >= low).all()
    assert (highest <= high).all()
    known = np.isfinite(low) & np.isfinite(high)
    assert np.all(highest - lowest > np.where(known, 0.9 * np.subtract(high, low), 0)), "all of the box is searched"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"f": 3, "start": [1.0]}, "f must be a function"),
        ({"f": bowl, "start": [[1.0]]}, "start must be a finite vector"),
        ({"f": bowl, "start": [np.nan]}, "start must be finite, got nan for coordinate 0"),
        (
            {"f": bowl, "start": {"x": np.nan, "y": 1.0, "z": -np.inf}},
            "start must be finite, got nan for 'x', -inf for 'z'",
        ),
        (
            {"f": bowl, "start": ["gini", 1.0]},
            r"a number for coordinate 0, got 'gini': .* needs all that it takes, categories=\{0: \('gini',",
        ),
        ({"f": bowl, "start": {"x": 1.0, "rule": "gini"}}, r"for 'rule', got 'gini': .*categories=\{'rule': \('gini',"),
        (
            {"f": bowl, "start": ["a", "b"], "categories": {0: ("a", "c")}},
            r"for coordinate 1, got 'b': .*categories=\{1: \('b',",
        ),
        ({"f": bowl, "start": [None, 1.0]}, r"a number for coordinate 0, got None: "),
        ({"f": bowl, "start": [5.0], "bounds": (0, 1)}, "start must lie within the bounds"),
        ({"f": bowl, "start": [5.0], "spread": -1}, "spread must be a number >= 0"),
        ({"f": bowl, "start": [5.0], "optimizers": ["random"]}, "unknown optimizer 'random'"),
        ({"f": bowl, "start": [5.0], "seeds": 0}, "seeds must be a number above 0"),
        ({"f": (bowl, slope, slope), "start": [5.0]}, "f must be a function"),
        ({"f": lambda x: x, "start": [5.0, 1.0]}, "f must give one real number"),
        ({"f": lambda x: "3", "start": [5.0]}, "f must give one real number"),
        ({"f": lambda x: None, "start": [5.0]}, "f must give one real number"),
        ({"f": lambda x: 1j, "start": [5.0]}, "f must give one real number"),
        (
            {"f": (bowl, lambda x: 1.0), "start": [5.0, 1.0]},
            r"the gradient must give real numbers of shape \(2,\), got float",
        ),
        ({"f": lambda x: x.detach().sum(), "start": torch.zeros(2)}, "that torch can differentiate"),
        ({"f": bowl, "start": [5.0], "bounds": 3}, "bounds must be pairs .* or two numbers for all, got 3"),
        ({"f": bowl, "start": [5.0], "bounds": ([0, 0], [9, 9, 9])}, "bounds must be pairs"),
        ({"f": bowl, "start": [5.0], "bounds": [(0, 9), (0, 9)]}, "one for each of the 1 coordinates.*, got 2 pairs"),
        ({"f": bowl, "start": [5.0], "bounds": [("low", "high")]}, "bounds must be pairs"),
        ({"f": bowl, "start": [5.0] * 2, "bounds": [(0, 9), (9, 0)]}, r"low must be below high.*, got \(9.0, 0.0\)"),
        ({"f": bowl, "start": [5.0] * 2, "bounds": [(0, 9), (np.inf, np.inf)]}, "for coordinate 1"),
        ({"f": bowl, "start": [5.0] * 2, "bounds": [(5, 5), (5, 5)]}, "must leave one coordinate free"),
        ({"f": bowl, "start": [5.0] * 2, "bounds": [(0, 9), (4, 4)]}, "start must lie within the bounds"),
        ({"f": bowl, "start": [5.0], "failures": "ignore"}, "failures must be one of raise, nan, got 'ignore'"),
        ({"f": bowl, "start": [5.0], "bounds": [(0, np.nan)]}, "low must be below high"),
    ],
)
def test_compare_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        bench.compare(**arguments)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("_f", "f"), ("<lambda>", "lambda"), ("my_cost", "my-cost"), ("größe", "größe"), ("", "function"),
     ("</script>\n=a[b=1], c/d", "script-a-b-1-c-d")],
)  # fmt: skip
def test_compare_names_the_problem_after_the_function(name, shown):
    def cost(x):
        return float((x**2).sum())

    cost.__name__ = name
    results = bench.compare(cost, [1.0], optimizers=["random-search"], budget=5, seeds=1)
    assert results.runs.problem.tolist() == [shown]


def test_compare_in_a_small_box_lets_estimates_step_in_its_scale():
    names = ["es-adam", "spsa-adam"]
    results = bench.compare(
        lambda x: float(((1e4 * x - 3) ** 2).sum()), start=[5e-4, 5e-4], bounds=(0.0, 1e-3), budget=1000, seeds=2,
        optimizers=names,
    )  # fmt: skip
    assert (results.runs.best < 0.1 * results.runs["first"]).all()


def test_compare_ends_no_caller_whose_function_exits():
    def leaves(x):
        if abs(x[0]) > 3:
            raise SystemExit(3)
        return float(x @ x)

    for failures, status in (("raise", "crashed"), ("nan", "budget")):
        results = bench.compare(
            leaves,
            start=[0.0],
            bounds=(-9.0, 9.0),
            budget=200,
            seeds=1,
            optimizers=["random-search"],
            failures=failures,
        )
        assert results.runs.status.tolist() == [status]
        assert "SystemExit: 3" in results.runs.error[0]


def test_oracle_for_code_of_ones_own():
    with bench.Oracle(bench.make("rastrigin", dim=3), budget=50, seed=1) as oracle:
        while True:
            oracle.value(oracle.x0 + oracle.rng.standard_normal(3))
    assert oracle.counts == {"value": 50, "gradient": 0, "hessian_vector": 0, "jacobian": 0, "vjp": 0}


def test_what_a_module_of_the_script_registers_runs_in_children(tmp_path, monkeypatch):
    """The script imports a module; the children must find what it registers, without --import."""
    (tmp_path / "my_walk.py").write_text(
        "from bench import optimizer\n\n"
        "@optimizer(order=0, source='Nobody 1900')\n"
        "def my_walk(oracle):\n"
        "    while True:\n"
        "        oracle.value(oracle.x0 + oracle.rng.standard_normal(oracle.dim))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import my_walk  # noqa: F401

    results = bench.run(problems=["rastrigin"], optimizers=["my-walk"], budget=20, seeds=2, report=False)
    assert results.runs.status.tolist() == ["budget", "budget"]
    assert results.name == "rastrigin-my-walk"


def test_the_readme_s_problem_runs_with_every_kind_of_method(tmp_path, monkeypatch):
    """A formula defined inside its function is made anew for every run: lanes must take it too."""
    from pathlib import Path

    readme = (Path(__file__).parents[1] / "README.md").read_text()
    blocks = [block.split("```")[0] for block in readme.split("```python\n")[1:]]
    code = "\n".join(block for block in blocks if "@problem" in block or "@optimizer" in block)
    (tmp_path / "from_readme.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    names = ["one-plus-one", "torch-adam", "spsa-adam", "scipy-newton-cg"]
    results = bench.run(
        problems=["sum-squares"], optimizers=names, budget=60, seeds=2, imports=["from_readme"], report=False, name="r"
    )
    assert set(results.runs.status) <= {"budget", "target"}
    assert (results.runs.best < results.runs["first"]).all()


def test_wrapped_and_discrete_problems_run_like_any_other():
    results = bench.run(
        problems=["rosenbrock+shifted+noise[dim=2,level=0.2]", "onemax[dim=8]"],
        optimizers=["random-search", "scipy-bfgs"],
        budget=40,
        seeds=2,
        name="whole",
        report=False,
    )
    runs = results.runs.set_index(["problem", "optimizer"]).sort_index()
    wrapped = runs.loc[("rosenbrock+shifted+noise[level=0.2]", "random-search")]
    assert set(wrapped.status) == {"budget"}
    assert wrapped.scored.all() and set(wrapped.family) == {"toys"}
    assert runs.loc[("onemax", "random-search")].best.min() <= 4
    assert set(runs.loc[("onemax", "scipy-bfgs")].error) == {
        "onemax has coordinates of kind integer, scipy-bfgs takes real"
    }


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"gap": "1e-3"}, "gap must be a number, got '1e-3'"),
        ({"target": "low"}, "target must be a number, got 'low'"),
        ({"budget": "many"}, "budget must be a number, got 'many'"),
        ({"restarts": "maybe"}, "restarts must be True, False or None, got 'maybe'"),
        ({"deadline": float("nan")}, "deadline must be > 0 seconds, got nan"),
        ({"device": "gpuu"}, "device must be .* got 'gpuu'"),
    ],
)
def test_minimize_names_what_is_not_allowed(wrong, message):
    with pytest.raises(ValueError, match=message):
        bench.minimize(bench.make("rosenbrock"), "scipy-bfgs", **{"budget": 50, **wrong})


def test_minimize_takes_an_objective():
    with pytest.raises(ValueError, match=r"minimize takes an Objective of bench\.make, or a function with start="):
        bench.minimize("rosenbrock", "scipy-bfgs", budget=50)


@pytest.mark.parametrize("switch", [torch.no_grad, torch.inference_mode])
@pytest.mark.usefixtures("unanswered")
def test_compare_differentiates_whatever_torch_s_switches_say(switch):
    with switch():
        function = {"f": lambda x: ((x - 1) ** 2).sum(), "start": torch.zeros(3, dtype=torch.float64)}
        results = bench.compare(**function, budget=60, seeds=2, optimizers=["scipy-lbfgsb"], report=False)
    assert (results.runs.best < 1e-8).all()


def test_make_takes_parameters_as_the_command_line_has_them():
    assert bench.make("rosenbrock[dim=3]").parameters == bench.make("rosenbrock", dim=3).parameters == {"dim": 3}
    assert bench.make("quadratic[condition=1e3]", dim=4, instance=2).parameters["dim"] == 4
    for text, more, sentence in (
        ("rosenbrock[dim=2]", {"dim": 2}, r"dim must be given once, got 'rosenbrock\[dim=2\]' and dim=2"),
        ("rosenbrock[dim=2,3]", {}, r"rosenbrock\[dim=2,3\] is a grid of 2 settings, where one is needed"),
        ("rosenbrock[instance=2]", {}, r"instance must be an argument, as in make\('rosenbrock', instance=2\)"),
        ("rosenbrock[dims=2]", {}, "rosenbrock has no parameter 'dims'; it takes: dim=2"),
        ("rosenbrock[2]", {}, r"'rosenbrock\[2\]': '2' must read key=value"),
    ):
        with pytest.raises(ValueError, match=sentence):
            bench.make(text, **more)
