"""Results of several folders as one, and results that are larger than memory may hold."""

import numpy as np
import pandas as pd
import pytest

import bench
from bench.results import stored as module
from bench.results.combined import Combined
from bench.results.stored import Results


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two small suites that share a problem, an optimizer and nothing else."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        for name, problems, optimizers in (
            ("a", ["rosenbrock", "quadratic[dim=3]"], ["scipy-bfgs", "random-search"]),
            ("b", ["rosenbrock", "onemax[dim=8]"], ["scipy-bfgs", "gradient-descent"]),
        ):
            bench.run(problems=problems, optimizers=optimizers, budget=40, seeds=3, name=name, report=False)
    return home / "results" / "a", home / "results" / "b"


def test_runs_of_both_stand_beside_each_other(folders):
    a, b = map(Results, folders)
    both = Combined([a, b], apart=True)
    assert len(both.runs) == len(a.runs) + len(b.runs)
    assert list(both.runs.run) == list(range(len(both.runs)))
    # the one that met a problem in both is told apart; the others keep their names
    assert set(both.runs.optimizer) == {"scipy-bfgs (a)", "scipy-bfgs (b)", "random-search", "gradient-descent"}
    assert both.sources == [*a.sources, *b.sources]
    assert both.manifest["suite"]["title"] == "a and b"  # those of the suites may be long, and the same
    table, own = both.ert(), a.ert()
    ours = table[(table.optimizer == "random-search") & (table.problem == "quadratic")]
    theirs = own[(own.optimizer == "random-search") & (own.problem == "quadratic")]
    columns = ["target", "ert", "successes", "low", "high"]
    pd.testing.assert_frame_equal(ours[columns].reset_index(drop=True), theirs[columns].reset_index(drop=True))


@pytest.fixture
def reruns(tmp_path, monkeypatch):
    """A suite in one folder, its runs again with two more seeds in another, and with another method in a third."""
    monkeypatch.chdir(tmp_path)
    names = ["scipy-bfgs", "torch-adam[lr=0.1]"]
    for name, seeds, optimizers in (("a", 5, names), ("b", 7, names), ("c", 5, [*names, "random-search"])):
        bench.run(
            problems=["rosenbrock", "himmelblau"], optimizers=optimizers, budget=40, seeds=seeds, name=name,
            report=False,
        )  # fmt: skip
    return [Results(tmp_path / "results" / name) for name in "abc"]


def test_an_unchanged_baseline_in_several_folders_is_one_row(reruns):
    a, b, c = reruns
    both = Combined([a, b, c])
    assert set(both.runs.optimizer) == {"scipy-bfgs", "torch-adam[lr=0.1]", "random-search"}
    assert list(both.runs.groupby("optimizer").size()) == [10, 14, 14]  # each run once
    assert len(both.runs) == len(both._rows)
    alone, joined = b.ert(), both.ert()
    columns = ["target", "ert", "successes", "runs", "low", "high"]
    tables = [
        table[(table.optimizer == "scipy-bfgs") & (table.problem == "rosenbrock")][columns].reset_index(drop=True)
        for table in (alone, joined)
    ]
    pd.testing.assert_frame_equal(*tables)
    pairs = both.pairs()
    assert len(pairs) == 6  # three pairs, each both ways: nothing of Holm's correction is spent on itself
    for run, row in both.runs.iterrows():
        assert both.setting(int(run))[0] == str(row.optimizer).partition("[")[0]
    assert "scipy-bfgs (a)" in set(Combined([a, b], apart=True).runs.optimizer)


def test_what_differs_in_code_or_record_is_told_apart(reruns):
    a, b, c = reruns
    for row in b._rows:
        if row["optimizer"] == "scipy-bfgs":
            row["code"] = "another"
    assert {"scipy-bfgs (a)", "scipy-bfgs (b)", "torch-adam[lr=0.1]"} <= set(Combined([a, b]).runs.optimizer)
    # two of three are the same
    names = set(Combined([a, b, c]).runs.optimizer)
    assert {"scipy-bfgs (a)", "scipy-bfgs (b)", "torch-adam[lr=0.1]"} <= names
    assert "scipy-bfgs (c)" not in names
    changed = c.runs.copy()
    changed.loc[changed.optimizer == "torch-adam[lr=0.1]", "best"] *= 1 + 1e-15
    c.__dict__["runs"] = changed
    assert {"torch-adam[lr=0.1] (a)", "torch-adam[lr=0.1] (c)"} <= set(Combined([a, c]).runs.optimizer)


def test_budgets_and_costs_are_in_the_prices_of_the_first(folders):
    a, b = map(Results, folders)
    a.manifest["suite"]["prices"] = {**a.prices, "gradient": 5}
    both = Combined([a, b]).runs
    own = both[both.optimizer == "gradient-descent"]
    there = b.runs[b.runs.optimizer == "gradient-descent"]
    np.testing.assert_allclose(own.cost, there.value + 5 * there.gradient)
    np.testing.assert_allclose(own.budget / own.cost, there.budget / there.cost)
    assert (both.budget[both.optimizer == "random-search"] == 40).all()


def test_fractions_refer_to_the_best_of_all(folders):
    both = Combined([Results(folder) for folder in folders])
    runs = both.runs.assign(f_opt=float("nan"))  # so that targets go by the best found
    from bench.measure.targets import targets

    asked = targets(runs, both.trajectories)
    cell = runs[(runs.problem == "rosenbrock") & (runs.dim == 2)]
    best = cell.groupby("instance").best.min()
    (goal,) = asked[(asked.run == cell.run.iloc[0]) & (asked.target == 1e-1)].f_target
    first = cell["first"].iloc[0]
    assert goal == pytest.approx(best.iloc[0] + 0.1 * (first - best.iloc[0]))


def test_points_and_settings_come_from_their_own_folder(folders):
    a, b = map(Results, folders)
    both = Combined([a, b], apart=True)
    for number in b.runs.run[b.runs.problem == "rosenbrock"]:
        assert (both.points(number + len(a.runs)) == b.points(number)).all()
        assert both.setting(number + len(a.runs)) == b.setting(number)


def test_one_name_for_two_methods_is_told_apart(folders):
    a, b = map(Results, folders)
    b.__dict__["runs"] = b.runs.assign(optimizer=b.runs.optimizer.replace({"gradient-descent": "random-search"}))
    names = set(Combined([a, b]).runs.optimizer)  # of order 0 in one, of order 1 in the other
    assert {"random-search (a)", "random-search (b)"} <= names
    a, b = map(Results, folders)
    b.__dict__["runs"] = a.runs.assign(problem=a.runs.problem + "-2")
    assert "random-search" in set(Combined([a, b]).runs.optimizer)
    b.manifest["environment"]["imported from"] = "elsewhere"
    assert {"random-search (a)", "random-search (b)"} <= set(Combined([a, b]).runs.optimizer)


def test_costs_are_in_the_prices_of_the_first(folders):
    a, b = map(Results, folders)
    b.manifest["suite"]["prices"]["gradient"] = 10.0
    one, other = Combined([a, b], apart=True), Combined([b, a], apart=True)
    bfgs = one.runs[one.runs.optimizer == "scipy-bfgs (b)"]
    assert len(bfgs)
    assert (bfgs.cost == bfgs.value + 3 * bfgs.gradient).all()
    bfgs = other.runs[other.runs.optimizer == "scipy-bfgs (b)"]
    assert (bfgs.cost == bfgs.value + 10 * bfgs.gradient).all()


def test_the_same_folder_twice_is_refused(folders):
    with pytest.raises(ValueError, match="different names, got a, a"):
        Combined([Results(folders[0]), Results(folders[0])])


def test_what_does_not_fit_in_memory_is_read_again(folders, monkeypatch):
    whole = Results(folders[0])
    monkeypatch.setattr(module, "HELD", 0)
    monkeypatch.setattr(module, "PART", 5_000)
    again = Results(folders[0])
    assert len(list(again.parts())) > 1
    cells = [set(zip(runs.problem, runs.dim, strict=True)) for runs, _ in again.parts()]
    assert sum(map(len, cells)) == len(set().union(*cells))  # no problem is in two parts
    pd.testing.assert_frame_equal(again.trajectories, whole.trajectories)
    pd.testing.assert_frame_equal(again.ert(), whole.ert())
    pd.testing.assert_frame_equal(
        again.convergence().sort_values(["problem", "dim", "optimizer", "cost"], ignore_index=True),
        whole.convergence().sort_values(["problem", "dim", "optimizer", "cost"], ignore_index=True),
    )
    (run, *_) = whole.runs.run[whole.runs.dim == 2]
    assert (again.points(run) == whole.points(run)).all()


def test_shards_and_further_seeds_of_a_method_are_one_optimizer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    how = {"problems": ["rosenbrock[dim=2,3]"], "optimizers": ["scipy-bfgs", "torch-adam"], "budget": 30, "seeds": 5}
    how |= {"report": False, "lanes": 2, "workers": 1}
    whole = bench.run(**how, name="s")
    shards = [bench.run(**how, name="s", shard=f"{number}/3") for number in (1, 2, 3)]
    together = Combined(shards)
    assert set(together.runs.optimizer) == {"scipy-bfgs", "torch-adam"}
    assert len(together.runs) == len(whole.runs) == 20
    assert [note for note in together.notes if "apart" in note] == []
    columns = ["problem", "dim", "optimizer", "target", "ert", "successes", "runs"]
    tables = [results.ert()[columns].sort_values(columns, ignore_index=True) for results in (whole, together)]
    pd.testing.assert_frame_equal(*tables)

    # seeds 0 to 4 for a cost of 30, and all for one of 40
    longer = bench.run(**{**how, "budget": 40, "name": "longer", "optimizers": ["scipy-bfgs"]})
    apart = Combined([whole, longer])
    assert {"scipy-bfgs (s)", "scipy-bfgs (longer)", "torch-adam"} == set(apart.runs.optimizer)
    assert apart.notes == [
        "scipy-bfgs is not one method in all folders and stands apart, as scipy-bfgs (s) and scipy-bfgs (longer): they "
        "differ in their budget."
    ]

    def edit(results, **changes):
        results._rows = [{**row, **changes} for row in results._rows]
        return Combined([*shards[:2], results])

    assert "differ in their code" in edit(Results(shards[2].folder), code="another").notes[-1]
    assert "--with" in edit(Results(shards[2].folder), versions='{"with": "scipy==1.0"}').notes[-1]
    assert not any("apart" in note for note in edit(Results(shards[2].folder), versions='{"numpy": "1.0"}').notes)
