"""Data of others: what we write is what cocopp and ioh mean, what they write is read, and nothing else happens."""

import gzip
import io
import json
import os
import pickle
import re
import shutil
import warnings
from dataclasses import replace
from itertools import pairwise
from math import inf, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.core import registry
from bench.interchange import coco, ioh
from bench.interchange.export import FORMATS, Exported, Format, export
from bench.interchange.files import Damage
from bench.interchange.imported import as_record, import_runs
from bench.interchange.published import RUNTIMES, cocopp_data, load_numbers, published
from bench.interchange.trajectories import Trajectory, safe_names, shown, trajectories, whole
from bench.measure.comparison import View
from bench.measure.ert import ert
from bench.results.stored import Results
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.store import Store
from bench.runner.suite import make_suite

FUNCTIONS = [f"bbob-f{function:02d}" for function in range(1, 25)]
DIMS, INSTANCES = (2, 5), (1, 2, 3)
OPTIMIZERS = ["scipy-bfgs", "cma-es", "random-search"]
TARGETS = (10, 1, 1e-1, 1e-2, 1e-3, 1e-5, 1e-7)  # the seven of cocopp's tables
KEYS = ["problem", "dim", "optimizer", "target"]
HOSTILE = ["a/b", "..", "../../x", "tab\tnewline\n", "x" * 10_000, "\u202eמחקר", "<b>'\"\\</b>", "A-b", "a-B", "", "."]


def run(folder, problems, optimizers, budget, **options) -> Results:
    suite = make_suite(problems, optimizers, budget=budget, name=folder.name, **options)
    registry.load(("bench.problems", "bench.optimizers"))
    run_suite(suite, folder, Launch(children=False, pictures=False))
    return Results(folder)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Results:
    """Three optimizers, of order 0 and 1, on the 24 functions in two dims and three instances."""
    problems = [f"{name}[dim={','.join(map(str, DIMS))}]" for name in FUNCTIONS]
    folder = tmp_path_factory.mktemp("results") / "bbob"
    return run(folder, problems, OPTIMIZERS, 120, seeds=1, instances=INSTANCES)


def table(results: Results, least: float = 0.0) -> pd.DataFrame:
    """Expected runtimes, with runtimes of at least this."""
    reached = results.runtimes()
    found = ert(View(results.comparison, reached.assign(runtime=reached.runtime.clip(lower=least))))
    return found[found.runs > 0].set_index(KEYS)


@pytest.fixture(scope="module")
def cocopp():
    """cocopp, which warns where there is no network, and of what it finds in data."""
    pytest.importorskip("cocopp")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib

        matplotlib.use("Agg")
        import cocopp

        yield cocopp


def theirs(cocopp, folder: Path, measure: str = "detERT") -> dict[tuple[str, int], list]:
    """What cocopp finds for each problem and dim of a folder of one algorithm, for each of TARGETS: the ERT, or, by
    "detEvals", the runtimes of all runs, NaN where the target was not reached."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = cocopp.load(str(folder))
        prefix = {"bbob": "bbob-f", "bbob-noisy": "bbob-noisy-f", "bbob-mixint": "bbob-mixint-f"}
        return {(f"{prefix[ds.suite_name]}{ds.funcId:02d}", ds.dim): getattr(ds, measure)(TARGETS) for ds in data}


# COCO


@pytest.mark.filterwarnings("ignore")
def test_cocopp_finds_the_same_expected_runtimes(results, cocopp, tmp_path) -> None:
    """All functions, dims and seven targets. An evaluation is the least there is in COCO, where the start costs one."""
    done = export(results, "coco", tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in done.paths] == [
        "bbob/cma-es", "bbob/random-search", "bbob/scipy-bfgs",
    ]  # fmt: skip
    free, charged = table(results), table(results, least=1)
    compared = unequal = 0
    for path in done.paths:
        found = theirs(cocopp, path)
        assert set(found) == {(p, d) for p, d, o, _ in free.index if o == path.name}
        for (problem, dim), values in found.items():
            for target, value in zip(TARGETS, values, strict=True):
                key = (problem, dim, path.name, target)
                assert value == pytest.approx(charged.ert[key], rel=1e-12)
                compared += 1
                unequal += free.ert[key] != charged.ert[key]
    finite = np.isfinite(charged.ert[charged.index.get_level_values("target").isin(TARGETS)]).sum()
    print(
        f"\n{compared} expected runtimes equal cocopp's, {finite} of them finite; in {unequal} a start was good enough"
    )
    assert compared == (3 * 24 - 1) * len(DIMS) * 7  # scipy-bfgs is skipped on f23, which has no gradient
    assert unequal < compared / 10


@pytest.mark.filterwarnings("ignore")
def test_cocopp_finds_the_same_distributions_of_runtimes(results, cocopp, tmp_path) -> None:
    """The pairs of a run and one of seven targets that are solved within a cost, without restarts: on each function in
    each dim, and on all. Costs begin at one evaluation, so that it does not matter that in COCO the start costs one."""
    found = {
        (path.name, *key): np.concatenate(evaluations)
        for path in export(results, "coco", tmp_path / "out").paths
        for key, evaluations in theirs(cocopp, path, "detEvals").items()
    }
    for name in OPTIMIZERS:
        found[(name,)] = np.concatenate([runtimes for key, runtimes in found.items() if key[0] == name])
    skipped = {("scipy-bfgs", "bbob-f23", dim) for dim in DIMS}  # it has no gradient, and cocopp hears nothing of it
    compared = 0
    for by in (["optimizer", "problem", "dim"], ["optimizer"]):
        table = results.ecdf(by, gaps=TARGETS)
        assert table.cost.min() >= 1
        for key, curve in table.groupby(by):
            if key in skipped:
                assert (curve.fraction == 0).all()
                continue
            never = len(skipped) * len(INSTANCES) * len(TARGETS) if key == ("scipy-bfgs",) else 0
            solved = (found[key][:, None] <= curve.cost.to_numpy()).sum(axis=0)
            assert (curve.pairs == len(found[key]) + never).all()
            assert curve.fraction.tolist() == (solved / curve.pairs).tolist()
            compared += len(curve)
    print(f"\n{compared} points of {len(found)} distributions equal cocopp's")
    assert len(found) == 3 * 24 * len(DIMS) - len(skipped) + 3


@pytest.mark.parametrize("form", ["coco", "ioh"])
def test_export_then_import_gives_the_same_expected_runtimes(results, form, tmp_path) -> None:
    export(results, form, tmp_path / "out")
    done = import_runs(tmp_path / "out", tmp_path / "back")
    assert done.runs == (results.runs.status != "skipped").sum()
    assert (set(done.optimizers), set(done.problems)) == (set(OPTIMIZERS), set(FUNCTIONS))
    ours, back = table(results), table(Results(done.folder))
    assert list(ours.index) == list(back.index)
    for column in ("ert", "successes", "runs", "order", "low", "kind"):
        assert (ours[column].fillna(-1) == back[column].fillna(-1)).all(), column
    assert back.high[back.successes > 0].isna().all()  # nobody knows what budget imported runs had


@pytest.mark.filterwarnings("ignore")
def test_a_value_just_above_a_target_has_not_reached_it(cocopp, tmp_path) -> None:
    """cocopp takes 1.00005e-8 for 1e-8: it subtracts 1e-12 first. We write such values a little higher."""
    evaluations = np.array([1, 10, 20])
    for values, expected in (([200, 1e-3, 1.00005e-8], inf), ([200, 1e-3, 1e-8], 20.0), ([200, -1e-14, -2e-14], 10.0)):
        trajectory = Trajectory(
            "m", "bbob-f01", "bbob", 1, 2, 1, evaluations, np.array(values, float), 30, f_opt=0.0, order=0
        )
        folder = tmp_path / f"{expected}"
        coco.write([trajectory], folder, "value 1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (data,) = cocopp.load(str(folder))
            assert data.detERT([1e-8]) == [expected]
    assert coco.off_targets(replace(trajectory, values=np.array([1.00005e-8]))) == [1e-8 + 2e-12]
    assert coco.off_targets(replace(trajectory, values=np.array([1.1e-8]))) == [1.1e-8]


def test_fractions_of_evaluations_are_rounded_up() -> None:
    assert whole(np.array([0.0, 0.3, 1.0, 30 * 0.1, 3.1])).tolist() == [1, 1, 1, 3, 4]


def observed(folder: Path, suite: str, options: str) -> None:
    """Random search, written by COCO's own logger."""
    cocoex = pytest.importorskip("cocoex")
    observer = cocoex.Observer(suite, f'outer_folder: {folder} result_folder: exp algorithm_name: "Pure, random"')
    rng = np.random.default_rng(1)
    for problem in cocoex.Suite(suite, "instances: 1-3", options):
        problem.observe_with(observer)
        for _ in range(200):
            problem(rng.uniform(-5, 5, problem.dimension))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("suite", "functions"), [("bbob", "1,5,8,24"), ("bbob-noisy", "1,8"), ("bbob-mixint", "1,8")])
def test_what_coco_s_logger_writes_is_read(cocopp, tmp_path, suite, functions) -> None:
    dims = "5" if suite == "bbob-mixint" else "2,3"
    observed(tmp_path / "theirs", suite, f"dimensions: {dims} function_indices: {functions}")
    import_runs(tmp_path / "theirs", tmp_path / "back", order=0)
    results = Results(tmp_path / "back")
    assert set(results.runs.optimizer) == {"Pure, random"}
    assert {name.rpartition("-")[0] for name in results.runs.problem} == {suite}
    assert set(results.runs.family) == {registry.find_problem(results.runs.problem[0]).family}
    assert (results.runs.cost == 200).all()
    assert not results.runs.f_opt.isna().any()
    ours = table(results)
    cocopp.testbedsettings.reset_current_testbed()
    original = theirs(cocopp, tmp_path / "theirs/exp")
    (exported,) = export(results, "coco", tmp_path / "again").paths
    again = theirs(cocopp, exported)
    cocopp.testbedsettings.reset_current_testbed()
    assert original.keys() == again.keys() == {(problem, dim) for problem, dim, *_ in ours.index}
    assert any(value < inf for values in original.values() for value in values)
    for (problem, dim), values in original.items():
        own = [ours.ert[problem, dim, "Pure, random", target] for target in TARGETS]
        assert values == pytest.approx(own)
        assert values == pytest.approx(again[problem, dim])


def test_an_old_info_without_suite_is_read(tmp_path) -> None:
    """The format of 2009: no suite, backslashes, several files an entry, a run that was not finished."""
    (tmp_path / "data").mkdir()
    lines = (
        "% function evaluation | noise-free fitness - Fopt (7.948e+01) | best noise-free fitness - Fopt | measured\n"
    )
    (tmp_path / "data/a.dat").write_text(f"{lines}1 5.0e+00 5.0e+00 8.4e+01\n9 7.0e+00 2.0e-01 8.6e+01\n")
    (tmp_path / "data/b.dat").write_text(f"{lines}1 3.0e+00 3.0e+00 8.2e+01\n{lines}1 4e+0 4e+0 8e+1\n4 nan nan nan\n")
    (tmp_path / "old.info").write_text(
        "funcId = 1, DIM = 2, Precision = 1.000e-08, algId = 'OLD'\n% comment\n"
        "data\\a.dat, 1:12|2.0e-01, data\\b.dat, 2:1|3.0e+00, 2\n"
    )
    import_runs(tmp_path / "old.info", tmp_path / "back")
    runs = Results(tmp_path / "back").runs
    assert runs.problem.tolist() == ["bbob-f01"] * 3
    assert runs.instance.tolist() == [1, 2, 2]
    assert runs.seed.tolist() == [0, 0, 1]
    assert runs.cost.tolist() == [12, 1, 4]
    assert runs.best.tolist() == pytest.approx([79.48 + 0.2, 394.48 + 3, 394.48 + 4])  # our f_opt of these instances


# IOHprofiler


@pytest.fixture
def logged(tmp_path) -> Path:
    """Random search on two functions of BBOB and a function of its own, written by ioh's own logger."""
    pytest.importorskip("ioh")
    from ioh import ProblemClass, get_problem, wrap_problem
    from ioh.iohcpp.logger import Analyzer

    logger = Analyzer(root=str(tmp_path), folder_name="theirs", algorithm_name="Pure random", algorithm_info="of us")
    rng = np.random.default_rng(2)
    settings = [(8, 2, 1), (8, 2, 1), (8, 2, 2), (8, 3, 1), (1, 2, 4)]
    problems = [get_problem(f, instance=i, dimension=d, problem_class=ProblemClass.BBOB) for f, d, i in settings]
    problems.append(
        wrap_problem(lambda x: float(np.sum(x**2)) - 7, "bowl", ProblemClass.REAL, dimension=2, instance=0, lb=-5, ub=5)
    )
    for problem in problems:
        problem.attach_logger(logger)
        for _ in range(40):
            problem(rng.uniform(-5, 5, problem.meta_data.n_variables))
        problem.detach_logger()
    logger.close()
    return tmp_path / "theirs"


def test_what_ioh_s_logger_writes_is_read(logged, tmp_path) -> None:
    import_runs(logged, tmp_path / "back", optimizer="their search", order=0)
    runs = Results(tmp_path / "back").runs
    assert set(runs.optimizer) == {"their search"}
    assert (runs.cost == 40).all()
    known = runs[runs.family == "bbob"]
    assert sorted(zip(known.problem, known.dim, known.instance, known.seed, strict=True)) == [
        ("bbob-f01", 2, 4, 0),
        ("bbob-f08", 2, 1, 0),
        ("bbob-f08", 2, 1, 1),
        ("bbob-f08", 2, 2, 0),
        ("bbob-f08", 3, 1, 0),
    ]
    (index,) = logged.glob("*Rosenbrock.json")
    best = [run["best"]["y"] for scenario in json.loads(index.read_text())["scenarios"] for run in scenario["runs"]]
    gaps = (known.best - known.f_opt)[known.problem == "bbob-f08"]
    assert sorted(gaps) == pytest.approx(sorted(best))
    own = runs[runs.family != "bbob"]
    assert own.problem.item().endswith("-bowl")
    assert own.f_opt.isna().all()
    assert -7 <= own.best.item() < own["first"].item()


def test_what_we_write_reads_as_ioh_s_own_file_of_the_same_evaluations(logged, tmp_path) -> None:
    """Field by field; what we write beside it are attributes of the experiment and of runs, which the format has."""
    import_runs(logged, tmp_path / "back")
    (folder,) = export(Results(tmp_path / "back"), "ioh", tmp_path / "again").paths
    for name in ("IOHprofiler_f8_Rosenbrock", "IOHprofiler_f1_Sphere"):
        original = json.loads((logged / f"{name}.json").read_text())
        again = json.loads((folder / f"{name}.json").read_text())
        assert [key for key in again if key in original] == list(original)
        assert set(again) - set(original) == {"experiment_attributes", "run_attributes"}
        for key in ("version", "function_id", "function_name", "maximization", "attributes"):
            assert again[key] == original[key], key
        assert again["algorithm"]["name"] == original["algorithm"]["name"] == "Pure random"
        for ours, theirs in zip(again["scenarios"], original["scenarios"], strict=True):
            assert (ours["dimension"], ours["path"]) == (theirs["dimension"], theirs["path"])
            for own, run in zip(ours["runs"], theirs["runs"], strict=True):
                assert list(own)[:3] == list(run) == ["instance", "evals", "best"]
                assert list(own["best"]) == list(run["best"])
                assert set(own) - set(run) == set(again["run_attributes"])
                assert (own["instance"], own["evals"]) == (run["instance"], run["evals"])
                assert own["best"]["evals"] == run["best"]["evals"]
                assert own["best"]["y"] == pytest.approx(run["best"]["y"])
            for line, known in zip(*(lines(at / ours["path"]) for at in (folder, logged)), strict=True):
                assert line[0] == known[0]
                if line[0] not in ("evaluations", "40"):  # ioh's last line has the last value, ours the best
                    assert float(line[1]) == pytest.approx(float(known[1]), abs=1e-6)


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def test_every_run_of_an_ioh_file_begins_with_evaluation_1(results, tmp_path) -> None:
    """IOHinspector, IOHprofiler's own reader in Python, tells runs apart by it; evaluations rise by 1 or more."""
    export(results, "ioh", tmp_path / "out")
    for path in (tmp_path / "out/cma-es").rglob("*.dat"):
        header, *rows = lines(path)
        assert header == ["evaluations", "raw_y"]
        number = [0 if row[0] == "evaluations" else int(row[0]) for row in rows]
        assert sum(n == 1 for n in number) == len(INSTANCES)
        assert all(b == 0 or b > a for a, b in pairwise(number))
        assert all(b == 1 for a, b in pairwise(number) if a == 0)


def test_maximization_is_turned_round(tmp_path) -> None:
    index = {
        "version": "0.3.22", "suite": "PBO", "function_id": 1, "function_name": "OneMax", "maximization": True,
        "algorithm": {"name": "ea", "info": ""}, "attributes": ["evaluations", "raw_y"],
        "scenarios": [{"dimension": 16, "path": "a.dat", "runs": [
            {"instance": 1, "evals": 3, "best": {"evals": 3, "y": 9, "x": []}}]}],
    }  # fmt: skip
    (tmp_path / "IOHprofiler_f1.json").write_text(json.dumps(index))
    (tmp_path / "a.dat").write_text("evaluations raw_y\n1 5.0\n3 9.0\n")
    import_runs(tmp_path, tmp_path / "back")
    runs = Results(tmp_path / "back").runs
    assert (runs.problem.item(), runs["first"].item(), runs.best.item()) == ("PBO-f1-OneMax", -5.0, -9.0)


# what is left out, and odd results


def test_other_problems_and_failures(tmp_path) -> None:
    """cocopp knows its own functions only, and is told in words; ioh takes all. Skipped runs are named."""
    problems = ["bbob-f01[dim=2]", "rosenbrock[dim=2]", "cartpole", "softmax", "golf-course"]
    results = run(tmp_path / "mixed", problems, ["scipy-bfgs", "random-search"], 60, seeds=2)
    done = export(results, "coco", tmp_path / "coco")
    assert [path.name for path in done.paths] == ["random-search", "scipy-bfgs"]
    assert any("cartpole" in text and "skipped" in text for text in done.left_out)
    assert any(text.startswith("cartpole, golf-course, rosenbrock, softmax: cocopp knows") for text in done.left_out)
    export(results, "ioh", tmp_path / "ioh")
    import_runs(tmp_path / "ioh", tmp_path / "back")
    back = Results(tmp_path / "back")
    ran = results.runs[results.runs.status != "skipped"]
    assert set(back.runs.problem) == set(ran.problem)
    assert set(back.runs.family) <= set(ran.family)
    known = ran[ran.problem == "rosenbrock"]
    assert sorted(back.runs.best[back.runs.problem == "rosenbrock"]) == pytest.approx(sorted(known.best))
    ours, again = table(results), table(back)
    gaps = ours[ours.kind == "gap"].index
    assert len(gaps)
    assert (ours.ert[gaps] == again.ert[gaps]).all()


def test_a_new_format_is_a_line_of_the_table(tmp_path, monkeypatch) -> None:
    def write(results: Results, folder) -> Exported:
        (folder / "names.txt").write_text("\n".join(results.runs.optimizer.unique()))
        return Exported([folder / "names.txt"], ["all but names"])

    monkeypatch.setitem(FORMATS, "names", Format("the names of optimizers", write))
    results = run(tmp_path / "mine", ["rosenbrock[dim=2]"], ["random-search"], 20, seeds=1)
    written = export(results, "names", tmp_path / "out")
    assert written.paths[0] == tmp_path / "out" / "names.txt"
    assert written.paths[0].read_text() == "random-search"
    with pytest.raises(ValueError, match="format must be one of csv, parquet, coco, ioh, names, got 'xlsx'"):
        export(results, "xlsx", tmp_path / "other")


def test_results_with_nothing_for_coco_are_refused_and_leave_nothing(tmp_path) -> None:
    results = run(tmp_path / "mine", ["rosenbrock[dim=2]"], ["random-search"], 20, seeds=1)
    with pytest.raises(ValueError, match="nothing that can be written as coco; left out: rosenbrock"):
        export(results, "coco", tmp_path / "out")
    assert os.listdir(tmp_path) == ["mine"]


def stored(folder: Path, found: list[Trajectory]) -> Results:
    """Results that hold these runs."""
    registry.load(("bench.problems", "bench.optimizers"))
    store = Store(folder, create=True)
    records = [as_record(trajectory, 100.0, None) for trajectory in found]
    store.begin([item.spec for item in records], {"suite": {"name": folder.name}})
    for item in records:
        store.add(item, {})
    store.close()
    return Results(folder)


def example(**facts) -> Trajectory:
    evaluations, values = np.array([1, 5, 9]), np.array([30.0, 2.0, 0.5])
    return Trajectory(
        **{"optimizer": "m", "problem": "bbob-f01", "suite": "bbob", "function": 1, "dim": 2, "instance": 1}
        | {"evaluations": evaluations, "values": values, "spent": 20, "f_opt": 0.0, "seed": 0}
        | facts
    )


@pytest.mark.parametrize("form", ["coco", "ioh"])
def test_hostile_names_stay_inside_the_folder_and_come_back(tmp_path, form) -> None:
    found = [example(optimizer=name) for name in HOSTILE]
    if form == "ioh":  # names of problems are in paths there
        found += [example(problem=name, suite="x", function=0, f_opt=nan) for name in HOSTILE if name]
    results = stored(tmp_path / "in", found)
    (tmp_path / "deep").mkdir()
    done = export(results, form, tmp_path / "deep/out")
    assert len(done.paths) == len(set(done.paths)) == len({*HOSTILE, *(["m"] if form == "ioh" else [])})
    assert {path.name for path in tmp_path.iterdir()} == {"in", "deep"}
    assert os.listdir(tmp_path / "deep") == ["out"]
    for path in (tmp_path / "deep/out").rglob("*"):
        assert re.fullmatch(r"[A-Za-z0-9._=+-]{1,140}", path.name)
        assert path.resolve().is_relative_to((tmp_path / "deep/out").resolve())
    back = import_runs(tmp_path / "deep/out", tmp_path / "back")
    assert back.runs == len(results.runs)
    assert set(back.optimizers) >= {shown(name) or "unnamed" for name in HOSTILE}


def test_names_of_files() -> None:
    names = safe_names(HOSTILE)
    assert len({name.lower() for name in names.values()}) == len(HOSTILE)
    assert all(re.fullmatch(r"[A-Za-z0-9_=+][A-Za-z0-9._=+-]{0,70}", name) for name in names.values())
    assert safe_names(["torch-adam[lr=0.1,beta=2]"]) == {"torch-adam[lr=0.1,beta=2]": "torch-adam-lr=0.1-beta=2"}
    assert names["a/b"] != names["A-b"] != names["a-B"]


def test_runs_that_found_nothing_are_written_too(tmp_path) -> None:
    """All values infinite; killed, of which nothing is known but that its budget is gone."""
    results = stored(tmp_path / "in", [example(), example(values=np.array([inf, inf, inf]), seed=1)])
    killed = results.runs.status.where(results.runs.seed == 0, "killed")
    results.runs = results.runs.assign(status=killed, budget=100.0)
    found, left_out = trajectories(results)
    assert [(trajectory.spent, trajectory.evaluations.tolist()) for trajectory in found] == [
        (20, [1, 5, 9]),
        (100, [1]),
    ]
    assert found[1].values == [1e300]
    assert not left_out
    for form in ("coco", "ioh"):
        export(results, form, tmp_path / form)
        back = Results(import_runs(tmp_path / form, tmp_path / f"back-{form}").folder)
        assert back.runs.status.tolist() == ["budget", "budget"]
        assert (table(back).ert == table(results).ert).all()


# bad input


@pytest.fixture
def written(tmp_path) -> Path:
    """One run in each format."""
    coco.write([example()], tmp_path / "data/coco", "value 1")
    ioh.write([example()], tmp_path / "data/ioh", "value 1")
    return tmp_path / "data"


INFO, DAT = "coco/bbob/m/bbobexp_f1.info", "coco/bbob/m/data_f1/bbobexp_f1_DIM2.dat"
JSON, ROWS = "ioh/m/IOHprofiler_f1_Sphere.json", "ioh/m/data_f1_Sphere/IOHprofiler_f1_DIM2.dat"
BAD = [
    (INFO, "DIM = 2", "DIM = two", r"\.info, line 1: 'two' is not a whole number"),
    (INFO, "DIM = 2", "DIM = 0", r"\.info, line 1: a number from 1 to 1000000 was expected, got 0"),
    (INFO, "funcId = 1, ", "", r"\.info, line 1: funcId is missing"),
    (INFO, "suite = 'bbob'", "suite = 'bbob-biobj'", r"\.info, line 1: .*two objectives"),
    (INFO, "suite = 'bbob'", "suite = 'bbob-constrained'", r"\.info, line 1: .*constraints"),
    (INFO, "% evaluations", "evaluations", r"\.info, line 2: the line below the facts"),
    (INFO, '{"optimizer"', '{"optimizer', r"\.info, line 2: what fogbench noted is damaged"),
    (INFO, "data_f1/", "../data_f1/", r"\.info, line 3: '\.\./data_f1/bbobexp_f1_DIM2\.dat' leaves the folder"),
    (INFO, "data_f1/", "..\\data_f1\\", r"\.info, line 3: .*leaves the folder"),
    (INFO, "data_f1/", "/etc/", r"\.info, line 3: .*leaves the folder"),
    (INFO, "data_f1/", "data_f2/", r"\.info, line 3: .*is missing"),
    (INFO, "1:20|5.0e-01", "", r"DIM2\.dat, line 2: bbobexp_f1\.info does not list this run"),
    (INFO, "1:20|", "1:many|", r"\.info, line 3: 'many' is not a whole number"),
    (INFO, "\ndata", "\n\nno", r"\.info, line 4: .*is missing"),
    (INFO, "\ndata_f1/bbobexp_f1_DIM2.dat", "", r"\.info, line 1: an entry has three lines"),
    (INFO, "data_f1/bbobexp_f1_DIM2.dat, ", "", r"\.info, line 3: the name of a \.dat file must come before '1:20"),
    (INFO, "data_f1/", f"{'x' * 5000}/", r"\.info, line 3: .*is missing"),
    (DAT, "\n5 0 ", "\nfive 0 ", r"DIM2\.dat, line 3: 'five' is not a whole number"),
    (DAT, "+2.0000000000000000e+00", "x", r"DIM2\.dat, line 3: 'x' is not a number"),
    (DAT, "\n9 0 ", "\n3 0 ", r"DIM2\.dat, line 4: evaluations must not fall, got 3 after 5"),
    (DAT, "\n9 0 ", "\n99999999999999999999 0 ", r"DIM2\.dat, line 4: a number from 1 to"),
    (DAT, "\n9 0 ", "\n9\n", r"DIM2\.dat, line 4: a value is missing: 3 columns or more were expected"),
    (JSON, '"scenarios"', 'scenarios"', r"\.json, line \d+: it is no valid JSON"),
    (JSON, '"dimension": 2', '"dimension": "2"', r"\.json, line 1: dimension must be a whole number"),
    (JSON, '"path": "data', '"path": "../data', r"\.json, line 1: '\.\./data.*' leaves the folder"),
    (JSON, '"path": "data', '"path": "/data', r"\.json, line 1: .*leaves the folder"),
    (JSON, '"path": "data', '"path": "no', r"\.json, line 1: .*is missing"),
    (JSON, '"function_id": 1', f'"function_id": {"9" * 5000}', r"\.json, line 1: "),
    (JSON, '"version"', f'"a": {"[" * 100_000}, "version"', r"\.json, line 1: "),
    (ROWS, "evaluations raw_y", "evaluations y", r"DIM2\.dat, line 1: there must be a column raw_y"),
    (ROWS, "evaluations raw_y\n", "", r"DIM2\.dat, line 1: a run begins with the names of its columns"),
    (ROWS, "\n5 ", "\n5,5 ", r"DIM2\.dat, line 3: '5,5' is not a whole number"),
    (ROWS, "\n5 2.0", "\n5", r"DIM2\.dat, line 3: a value is missing"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), BAD, ids=range(len(BAD)))
def test_damaged_files_are_named_with_their_line_and_leave_nothing(written, file, old, new, message) -> None:
    path = written / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(Damage, match=message):
        import_runs(written / file.split("/")[0], written.parent / "results/new")
    assert not (written.parent / "results").exists()


def test_links_and_what_is_there_are_refused(written, tmp_path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "file").touch()
    with pytest.raises(ValueError, match="nothing is written over"):
        import_runs(written / "coco", there)
    assert os.listdir(there) == ["file"]
    (tmp_path / "link").symlink_to(written / "coco")
    for source in (tmp_path / "link", tmp_path / "nowhere", tmp_path / "there"):
        with pytest.raises(
            ValueError, match=r"symbolic link|cannot be opened: No such file|must hold an .info of COCO or a .json"
        ):
            import_runs(source, tmp_path / "new")
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="nothing is written over"):
        import_runs(written / "coco", tmp_path / "dangling")
    secret = tmp_path / "secret.dat"
    shutil.move(written / DAT, secret)
    (written / DAT).symlink_to(secret)
    with pytest.raises(Damage, match="symbolic link"):
        import_runs(written / "coco", tmp_path / "new")
    shutil.move(written / INFO, tmp_path / "moved.info")
    (written / INFO).symlink_to(tmp_path / "moved.info")
    with pytest.raises(ValueError, match="symbolic link"):
        import_runs(written / "coco", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".*"))


def test_several_algorithms_and_runs_that_are_there_twice(written, tmp_path) -> None:
    shutil.copytree(written / "coco/bbob/m", tmp_path / "twice/a")
    shutil.copytree(written / "coco/bbob/m", tmp_path / "twice/b")
    assert import_runs(tmp_path / "twice", tmp_path / "once").runs == 1
    copy = next((tmp_path / "twice/b").rglob("*.dat"))
    copy.write_text(copy.read_text().replace("\n5 ", "\n6 "))
    with pytest.raises(ValueError, match="two runs of m with seed 0"):
        import_runs(tmp_path / "twice", tmp_path / "new")
    coco.write([example(), example(optimizer="other")], tmp_path / "two", "value 1")
    with pytest.raises(ValueError, match="holds 2 algorithms, m, other"):
        import_runs(tmp_path / "two", tmp_path / "new", optimizer="one")
    with pytest.raises(ValueError, match="order must be 0, 1 or 2"):
        import_runs(written / "coco", tmp_path / "new", order=3)
    with pytest.raises(ValueError, match="name must be 1 to 100 letters"):
        import_runs(written / "coco", tmp_path / "bad name")
    assert import_runs(tmp_path / "two", tmp_path / "new", order=2).optimizers == ["m", "other"]
    assert set(Results(tmp_path / "new").runs.order) == {2}


def test_import_and_export_from_the_shell(written, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    def call(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    done = call("import", "data/coco", "--name", "theirs", "--optimizer", "[red]x", "--order", 1)
    assert done.exit_code == 0, done.output
    assert "1 run of [red]x on 1 problem" in done.output
    assert bench.load("theirs").runs[["optimizer", "order"]].to_numpy().tolist() == [["[red]x", 1.0]]
    for words in (("data/coco", "--name", "theirs"), ("data/coco", "--name", "../x"), ("nowhere", "--name", "y")):
        assert call("import", *words).exit_code == 2
    assert os.listdir("results") == ["theirs"]
    for form, file in (("coco", "bbob/red-x"), ("ioh", "red-x"), ("parquet", "runs.parquet")):
        done = call("export", "theirs", "--to", form)
        assert done.exit_code == 0, done.output
        assert f"results/theirs/{form}/{file}" in done.output
        assert (tmp_path / "results/theirs" / form / file).exists()
    assert len(pd.read_parquet("results/theirs/parquet/trajectories.parquet")) == 3
    refused = call("export", "theirs", "--to", "coco")
    assert refused.exit_code == 2
    assert "nothing is written over" in refused.output
    Path("link").symlink_to(tmp_path / "elsewhere")
    assert call("export", "theirs", "--to", "ioh", "--out", "link").exit_code == 2
    assert not (tmp_path / "elsewhere").exists()


# published data


@pytest.fixture(scope="module")
def bbob_2009():
    try:
        return published("bbob-2009")
    except registry.Unavailable as error:
        pytest.skip(str(error))


def test_published_runtimes(bbob_2009) -> None:
    """31 algorithms; the numbers of BIPOP-CMA-ES on the sphere in 5-D."""
    table = bbob_2009.runtimes
    assert table.algorithm.nunique() == 31
    assert set(table.dim) == {2, 3, 5, 10, 20, 40}
    own = table[(table.algorithm == "BIPOP-CMA-ES") & (table.function == 1) & (table.dim == 5)]
    assert own.evaluations.tolist() == [698, 690, 712, 760, 810, 670, 722, 700, 743, 740, 818, 648, 719, 811, 651]
    reached = np.isfinite(table.evaluations)
    assert (table.evaluations[reached] >= 1).all()


def test_the_best_of_2009_is_the_best_of_the_runtimes(bbob_2009) -> None:
    """At 1e-8, in all functions and dims but where IPOP-SEP-CMA-ES is best, which the runtimes do not have."""
    best = bbob_2009.best
    best = best[np.isclose(best.target, 1e-8, rtol=1e-6, atol=0) & (best.algorithm != "IPOP-SEP-CMA-ES")]
    best = best.set_index(["function", "dim"]).ert
    table = bbob_2009.runtimes
    reached = np.isfinite(table.evaluations)
    sums = table.assign(cost=table.evaluations.where(reached, table.spent), reached=reached)
    sums = sums.groupby(["function", "dim", "algorithm"])[["cost", "reached"]].sum()
    least = (sums.cost / sums.reached).groupby(["function", "dim"]).min()
    assert len(best) == 264
    assert best.to_numpy() == pytest.approx(least[best.index].to_numpy(), rel=1e-12)


def test_other_published_data_are_refused() -> None:
    with pytest.raises(ValueError, match="bbob-2009, got 'bbob-2010'"):
        published("bbob-2010")


def test_without_cocopp_there_is_a_word_on_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(registry.Unavailable, match="coco"):
        cocopp_data(RUNTIMES)


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_pickle_runs_nothing(tmp_path, protocol) -> None:
    sprung = tmp_path / "sprung"
    data = pickle.dumps({"a": [1, Trap(sprung)]}, protocol)
    with pytest.raises(pickle.UnpicklingError, match=r"not \w+\.system"):
        load_numbers(io.BytesIO(data))
    assert not sprung.exists()
    pickle.loads(data)  # the trap is one
    assert sprung.exists()


@pytest.mark.parametrize(
    "value", [eval, getattr, np.load, Path("x"), pd.DataFrame()], ids=lambda value: str(type(value))
)
def test_other_globals_are_refused(value) -> None:
    with pytest.raises(pickle.UnpicklingError, match="only numbers"):
        load_numbers(io.BytesIO(pickle.dumps(value, 2)))


def test_numbers_are_read() -> None:
    plain = {"a": [1, 2.5, "text", None, (True, b"")], 3: {"x": []}}
    assert load_numbers(io.BytesIO(pickle.dumps(plain))) == plain
    with gzip.open(io.BytesIO(gzip.compress(pickle.dumps(plain)))) as file:
        assert load_numbers(file) == plain
