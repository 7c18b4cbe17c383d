"""What `compare` prints at its end."""

import numpy as np
import pytest

import bench
from bench.answer import METHODS, SLOPES, UNBOUNDED, library_call
from bench.functions import Function


def bowl(x):
    return float(((x - 1) ** 2).sum())


def slope(x):
    return 2 * (x - 1)


def lines_after(text, head):
    block = text[text.index(head) :].split("\n\n")[0].splitlines()[1:]
    return "\n".join(line[2:] for line in block)


def test_the_answer_is_a_sentence_a_table_and_code_that_runs(capsys):
    names = ["scipy-powell", "random-search", "scipy-newton-cg"]
    results = bench.compare(bowl, [3.0, -2.0], bounds=[(-5, 5), (-5, 5)], optimizers=names, budget=300, seeds=8)
    printed = capsys.readouterr().out
    assert printed.startswith("scipy-powell is best on bowl, dim 2: it reaches ")
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
    assert "own call" not in printed
    bench.compare(bowl, [3.0, -2.0], optimizers=["scipy-newton-cg"], budget=60, seeds=2)
    assert "No optimizer is best on bowl, dim 2" in capsys.readouterr().out


def test_where_nothing_is_finite_it_is_said(capsys):
    results = bench.compare(lambda x: float("inf"), [3.0, -2.0], optimizers=["random-search"], budget=9, seeds=2)
    printed = capsys.readouterr().out
    assert "No optimizer is best on lambda, dim 2: no finite value found." in printed
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


@pytest.mark.parametrize("optimizer", [*METHODS, "nevergrad-OnePlusOne"])
@pytest.mark.parametrize("bounds", [None, (-5, 5), [(-5, 5), (None, 9)]])
def test_the_calls_of_libraries_run(optimizer, bounds):
    f = (bowl, slope) if optimizer in METHODS else bowl
    text = library_call(optimizer, Function(f, [3.0, -2.0], bounds), 300)
    if optimizer not in METHODS and bounds is not None:
        assert text == ""
        return
    found = {"bowl": bowl, "slope": slope}
    exec("\n".join(line[2:] for line in text.splitlines()), found)
    result = found["result"]
    assert (result.fun if optimizer in METHODS else bowl(result.value)) < 1e-2
    assert ("bounds=" in text) == (bounds is not None and optimizer not in UNBOUNDED)
    assert ("jac=slope" in text) == (optimizer in SLOPES)


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        ("scipy-powell", {"bounds": [(0, 5), (2, 2)]}),
        ("scipy-powell", {"integers": [1], "bounds": (0, 5)}),
        ("scipy-powell", {"names": ["one", "two"]}),
        ("scipy-powell", {"log": [1]}),
        ("scipy-powell", {"maximize": True}),
        ("scipy-powell[xtol=1e-3]", {}),
        ("cma-es", {}),
    ],
)
def test_no_call_of_a_library_where_it_would_be_another_problem(optimizer, said):
    assert library_call(optimizer, Function(bowl, [3.0, 2.0], **said), 9) == ""
