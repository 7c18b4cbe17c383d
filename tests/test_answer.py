"""What `compare` prints at its end."""

from pathlib import Path

import numpy as np
import pytest
import torch

import bench
from bench.answer import library_call
from bench.core import registry
from bench.functions import Function
from bench.report.data import page_data
from bench.report.figures import Source, all_figures
from bench.report.measured import Report
from bench.runner import PACKAGES

pytestmark = pytest.mark.usefixtures("one_process")


def bowl(x):
    return float(((x - 1) ** 2).sum())


def slope(x):
    return 2 * (x - 1)


def lines_after(text, head):
    block = text[text.index(head) :].split("\n\n")[0].splitlines()[1:]
    return "\n".join(line.removeprefix("  ") for line in block)


def test_the_answer_is_a_sentence_a_table_and_code_that_runs(capsys):
    names = ["scipy-powell", "random-search", "scipy-newton-cg"]
    results = bench.compare(bowl, [3.0, -2.0], bounds=[(-5, 5), (-5, 5)], optimizers=names, budget=300, seeds=8)
    printed = capsys.readouterr().out
    assert printed.startswith(
        "Within a cost of 300, scipy-powell is best on bowl, dim 2: it reaches the lowest value of all runs, within "
        "1e-06 of the gain from the start, at an expected cost of "
    )
    assert "significantly better than the other" in printed.splitlines()[0]
    table = results.values_at_budget().set_index("optimizer")["median"]
    rows = lines_after(printed, "Median and quartiles of f at a cost of").splitlines()
    assert rows[0].startswith("scipy-powell") and rows[0].endswith("*")
    assert table["scipy-powell"] < table["random-search"]
    for head in ("To run it:", "Or by its library's own call"):
        found = {"bowl": bowl}
        exec(lines_after(printed, head), found)
        best = found["run"].best if "run" in found else found["result"].fun
        assert best < 1e-6


def test_functions_that_fail_or_give_pairs_are_answered_too(capsys):
    calls = []

    def failing(x):
        calls.append(0)
        if len(calls) % 3 == 0:
            raise RuntimeError("no mesh")
        return bowl(x)

    bench.compare(failing, [3.0, -2.0], optimizers=["scipy-nelder-mead", "random-search"], budget=60, seeds=2)
    assert "To run it:" in capsys.readouterr().out
    bench.compare(lambda x: (bowl(x), slope(x)), [3.0, -2.0], optimizers=["scipy-lbfgsb"], budget=60, seeds=2)
    printed = capsys.readouterr().out
    assert 'bench.minimize(f, "scipy-lbfgsb", start=[3.0, -2.0], budget=60)' in printed
    assert 'scipy.optimize.minimize(f, [3.0, -2.0], method="L-BFGS-B", jac=True)' in printed
    bench.compare(bowl, [3.0, -2.0], optimizers=["scipy-newton-cg"], budget=60, seeds=2)
    assert "no optimizer is best on bowl, dim 2" in capsys.readouterr().out


def test_where_nothing_is_finite_it_is_said(capsys):
    with pytest.warns(UserWarning, match="f is inf at the start"):
        results = bench.compare(lambda x: float("inf"), [3.0, -2.0], optimizers=["random-search"], budget=9, seeds=2)
    printed = capsys.readouterr().out
    assert "Within a cost of 9, no optimizer is best on lambda, dim 2: no finite value found." in printed
    assert "No optimizer has a finite median at the budget." in printed and "To run it" not in printed
    best = results.best()
    assert (best.optimizer, best.x, best.run) == ("", None, None) and np.isnan(best.f)
    assert results.failures.empty and not np.isfinite(results.values_at_budget()["median"]).any()


def test_where_all_crash_the_reason_is_said(capsys):
    calls = []

    def broken(x):
        calls.append(0)
        if len(calls) > 2:
            raise RuntimeError("no mesh")
        return bowl(x)

    names = ["random-search", "scipy-powell"]
    results = bench.compare(broken, [3.0, -2.0], optimizers=names, budget=9, seeds=2, failures="raise")
    assert "RuntimeError: no mesh." in capsys.readouterr().out
    assert results.best().optimizer == "" and set(results.failures.status) == {"crashed"}


def test_best_is_a_row_of_the_frame_with_its_point():
    results = bench.compare(bowl, [3.0, -2.0], optimizers=["scipy-powell", "random-search"], budget=200, seeds=3)
    best = results.best()
    assert best.optimizer == "scipy-powell" and str(best) == best.sentence
    runs = results.runs[results.runs.optimizer == "scipy-powell"]
    assert best.f == runs.best.min() == bowl(best.x) and best.run in set(runs.run)
    assert results.best("bowl", 2, among="0").optimizer == "scipy-powell"
    with pytest.raises(ValueError, match="one problem and dim, of bowl, dim 2"):
        results.best("other")


def test_minimize_takes_a_function_with_a_start():
    run = bench.minimize(
        bowl, "scipy-powell", start=[3.0, 2.0, -1.0], bounds=[(-5, 5), (2, 2), (None, None)], budget=400
    )
    np.testing.assert_allclose(run.best_x, [1, 2, 1], atol=1e-4)
    assert run.best == bowl(run.best_x)
    run = bench.minimize((bowl, slope), "scipy-lbfgsb", start=[3.0, 2.0], budget=100)
    assert run.counts["gradient"] and run.best < 1e-8
    with pytest.raises(ValueError, match="a function with start="):
        bench.minimize(bowl, "scipy-powell", budget=9)
    with pytest.raises(ValueError, match="an Objective has its own"):
        bench.minimize(bench.make("rosenbrock"), "scipy-powell", bounds=(0, 1), budget=9)


registry.load(PACKAGES)
CALLED = [
    name for name, definition in registry.OPTIMIZERS.items() if definition.call and not name.startswith("nevergrad")
]
CALLED += [f"nevergrad-{name}" for name in ("CMA", "NGOpt", "OnePlusOne", "PSO", "TwoPointsDE")]
SLOPES = {"scipy-bfgs", "scipy-cg", "scipy-lbfgsb", "scipy-slsqp", "scipy-tnc"}
RULES = {name for name in CALLED if registry.OPTIMIZERS[name].arrays == "torch"}
FREE = {"scipy-bfgs", "scipy-cg", *RULES}  # take no bounds
BOXED = {
    "scipy-differential-evolution",
    "scipy-dual-annealing",
    "scipy-shgo",
    "scipy-direct",
    "nlopt-crs",
    "nlopt-isres",
}
BOXED |= {"optuna-tpe", "optuna-gp"}  # take nothing else
BOUNDS = {"none": None, "two numbers": (-5, 5), "pairs": [(-5, 5), (-4.0, 9)], "half open": [(-5, 5), (None, 9)]}


def both(x):
    return bowl(x), slope(x)


def tensors(x):
    return ((x - 1) ** 2).sum()


def ran(text, capsys, **names):
    """The value that a call prints."""
    capsys.readouterr()
    exec(text, {"bowl": bowl, "slope": slope, **names})
    return float(capsys.readouterr().out.splitlines()[-1].split()[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("optimizer", CALLED)
def test_the_calls_of_libraries_run(optimizer, capsys):
    """With each kind of bounds, where the library takes it; from 13 they get better in 60 values."""
    for need in registry.OPTIMIZERS[optimizer].needs:
        pytest.importorskip(need)
    functions = {"value": bowl} if optimizer not in RULES else {"slope": (bowl, slope), "tensors": tensors}
    functions |= {"slope": (bowl, slope), "both": both} if optimizer in SLOPES else {}
    for kind, bounds in BOUNDS.items():
        takes = {"none": optimizer not in BOXED, "half open": optimizer not in BOXED | FREE}.get(
            kind, optimizer not in FREE
        )
        takes = takes and not (kind == "half open" and optimizer.startswith("nevergrad"))
        for f in functions.values():
            start = torch.tensor([3.0, -2.0]) if f is tensors else [3.0, -2.0]
            text = library_call(
                optimizer, Function(f, start, bounds), 12 if optimizer == "optuna-gp" else 60, pair=f is both
            )
            assert bool(text) == takes, (kind, f)
            if takes:
                assert ran(text, capsys, both=both, tensors=tensors, start=start) < 13
                assert kind == "none" or "5" in text


def test_calls_of_many_coordinates_have_names_or_short_lists(capsys):
    start, bounds = [3.0] * 20, [(-5.0, 4.0 + i) for i in range(20)]
    for optimizer in ("scipy-powell", "scipy-dual-annealing", "pycma", "nlopt-bobyqa", "nevergrad-CMA"):
        text = library_call(optimizer, Function(bowl, start, (-5, 5)), 200)
        assert "* 20" in text and "start" in text and ran(text, capsys, start=start) < 80
        text = library_call(optimizer, Function(bowl, start, bounds), 200)
        assert not text or ran(text, capsys, start=start, bounds=bounds) < 80


def test_settings_that_a_call_is_told_stand_in_it():
    of = Function(tensors, torch.tensor([3.0, -2.0]))
    text = library_call("torch-adam[lr=0.1]", of, 300)
    assert "torch.optim.Adam([x], lr=0.1, betas=(0.9, 0.999), eps=1e-08)" in text and "range(100)" in text
    assert library_call("torch-adam[schedule=cosine]", of, 300) == ""


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        ("scipy-powell", {"bounds": [(0, 5), (2, 2)]}),
        ("scipy-powell", {"integers": [1], "bounds": (0, 5)}),
        ("scipy-powell", {"names": ["one", "two"]}),
        ("scipy-powell", {"log": [1]}),
        ("scipy-powell", {"maximize": True}),
        ("scipy-powell", {"noise": True}),
        ("scipy-powell[xtol=1e-3]", {}),
        ("cma-es", {}),
    ],
)
def test_no_call_of_a_library_where_it_would_be_another_problem(optimizer, said):
    assert library_call(optimizer, Function(bowl, [3.0, 2.0], **said), 9) == ""


def test_the_lines_for_a_tensor_run_as_printed(capsys):
    torch = pytest.importorskip("torch")
    for dtype in (torch.float32, torch.float64):
        start = torch.tensor([0.5, 1.5], dtype=dtype)
        bench.compare(lambda x: ((x - 1) ** 2).sum(), start, optimizers=["scipy-bfgs"], budget=60, seeds=2)
        text = lines_after(capsys.readouterr().out, "To run it:").replace(
            "minimize(f,", "minimize(lambda x: (x**2).sum(),"
        )
        assert str(dtype) in text or dtype == torch.float32
        exec(text, {})
        assert float(capsys.readouterr().out.split()[0]) < 1e-6


def test_where_the_page_is_is_said(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench.compare(bowl, [3.0, -2.0], optimizers=["random-search"], budget=20, seeds=2, name="where")
    assert capsys.readouterr().out.rstrip().endswith("Report: reports/where/index.html")


def test_an_optimizer_that_is_skipped_is_not_drawn_and_its_reason_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("bench.report.data.encoded", np.asarray)
    names = ["random-search", "scipy-newton-cg"]
    results = bench.compare(bowl, [3.0, -2.0], optimizers=names, budget=60, seeds=2)
    sentence = "scipy-newton-cg was skipped: bowl answers up to values (order 0), it needs Hessian-vector products"
    assert sentence in results.sentence() and "at a known cost" not in results.sentence()
    assert set(results.ecdf(["optimizer"]).optimizer) == {"random-search"}
    assert set(results.ecdf(["order"]).order) == {0}
    figures = all_figures(Source(results))
    assert {each.name for each in figures if "scipy-newton-cg" in set(each.frame.get("optimizer", ()))} == {"ert"}
    assert {"ecdf-by-optimizer", "performance-profile", "area"} <= {each.name for each in figures}
    report = Report(results)
    planned = page_data(report)["planned"]
    assert planned[:, 0, report.place("random-search")].all()
    assert not planned[:, 0, report.place("scipy-newton-cg")].any()


def test_where_one_of_several_problems_is_skipped_it_counts_as_unsolved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = {"problems": ["rosenbrock", "onemax"], "optimizers": ["random-search", "scipy-powell"], "seeds": 2}
    results = bench.run(**arguments, budget=60, report=False, name="t", workers=1)
    table = results.ecdf(["optimizer"])
    assert table.groupby("optimizer").problems.first().to_dict() == {"random-search": 2, "scipy-powell": 2}
    assert "was skipped" not in results.sentence()


def test_the_call_that_repeats_a_comparison_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    how = {"bounds": [(-5, 5), (2, 2)], "optimizers": ["random-search"], "budget": 20, "seeds": 2, "name": "again"}
    first = bench.compare(bowl, [3.0, 2.0], **how)
    assert "set aside" not in capsys.readouterr().out
    call = first.manifest["command"]
    assert call in (tmp_path / "reports" / "again" / "index.html").read_text().replace("&#34;", '"').replace(
        "&#39;", "'"
    )
    second = eval(call, {"bench": bench, "bowl": bowl})
    assert second.runs.best.tolist() == first.runs.best.tolist()
    assert "Of the same function 2 of 2 runs were there under this name: they are kept." in capsys.readouterr().out
    assert second.runs.outside.tolist() == first.runs.outside.tolist() and not kept_of("again")


def kept_of(name):
    """The files of earlier comparisons that were set aside."""
    return sorted(Path("results", name).glob("runs-*.db"))


def scaled(factor):
    return lambda x: factor * bowl(x)


@pytest.mark.usefixtures("unanswered")
def test_the_same_function_goes_on_under_its_name_and_another_begins_anew(tmp_path, monkeypatch, capsys):
    """More seeds or optimizers, and another budget, beside what is there; other code, other enclosed values, another
    start or bounds, or what cannot be told from it, not."""
    monkeypatch.chdir(tmp_path)
    how = {"optimizers": ["random-search"], "budget": 20, "seeds": 2, "name": "n", "report": False}

    def compared(f=bowl, start=(3.0, 2.0), **more):
        before, results = len(kept_of("n")), bench.compare(f, list(start), **{**how, **more})
        printed = capsys.readouterr().out
        assert ("a comparison begins anew" in printed) == (len(kept_of("n")) > before)
        return results, len(kept_of("n")) > before

    first, _ = compared()
    more, anew = compared(seeds=4, optimizers=["random-search", "scipy-powell"])
    assert not anew and len(more.runs) == 8
    old = more.runs[(more.runs.optimizer == "random-search") & (more.runs.seed < 2)]
    assert old.outside.tolist() == first.runs.outside.tolist()
    longer, anew = compared(budget=40)
    assert not anew and len(longer.runs) == 2 and set(longer.runs.budget) == {40.0}
    back, anew = compared()  # the runs of that budget are still there
    assert not anew and back.runs.outside.tolist() == first.runs.outside.tolist()
    changes = [
        {"start": (3.0, 2.5)}, {"f": scaled(2.0)}, {"f": scaled(2.0)}, {"f": scaled(3.0)}, {"bounds": (-9, 9)},
        {"f": Bowl()}, {"f": Bowl()}, {},
    ]  # fmt: skip
    assert [compared(**change)[1] for change in changes] == [True, True, False, True, True, True, True, True]


class Bowl:
    """An object that is called: it may have changed."""

    __name__ = "bowl"

    def __call__(self, x):
        return bowl(x)


@pytest.mark.usefixtures("unanswered")
def test_a_registered_problem_goes_on_under_a_name_and_another_does_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    how = {"optimizers": ["random-search"], "budget": 20, "name": "n", "report": False}
    bench.compare(bench.make("rosenbrock"), seeds=2, **how)
    results = bench.compare(bench.make("rosenbrock"), seeds=3, **how)
    assert "Of the same function 2 of 3 runs were there" in capsys.readouterr().out and len(results.runs) == 3
    bench.compare(bench.make("sphere"), seeds=2, **how)
    assert "a comparison begins anew" in capsys.readouterr().out and len(kept_of("n")) == 1
