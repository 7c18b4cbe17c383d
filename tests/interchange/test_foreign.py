"""Folders as others leave them: killed experiments, older formats, other suites, damaged files.

What is sound is imported, what is not is named, and where nothing is sound one sentence says why.
"""

import json
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.interchange import imported
from bench.interchange.files import Damage
from bench.interchange.imported import import_runs
from bench.interchange.trajectories import Trajectory
from bench.measure.comparison import View
from bench.measure.ert import ert
from bench.results.stored import Results
from bench.runner.store import Store

FACTS = "suite = 'bbob', funcId = 1, DIM = 2, Precision = 1.000e-08, algId = 'X'"
HEAD = (
    "% f evaluations | g evaluations | best noise-free fitness - Fopt ({:.12e}) + sum g_i+ | measured | best measured\n"
)
OLDER_HEAD = (
    '"function evaluation" "current f(x)" "best-so-far f(x)" "current af(x)+b" "best af(x)+b"\n'  # IOHprofiler's
)
F_OPT = {1: 79.48, 2: 394.48, 12: -52.28}
A, B, C = [(1, 50.0), (40, 3.0), (100, 0.5)], [(1, 60.0), (9, 8.0), (200, 2.0)], [(1, 9.0), (30, 0.25), (300, 0.25)]


def coco_block(rows: Sequence[tuple[int, float]], instance: int = 1) -> str:
    f_opt = F_OPT[instance]
    return HEAD.format(f_opt) + "".join(f"{n} 0 {v:+.9e} {f_opt + v:+.9e} {f_opt + v:+.9e}\n" for n, v in rows)


def coco_folder(folder: Path, ends: str, dat: str, tdat: str = "", facts: str = FACTS) -> Path:
    (folder / "data_f1").mkdir(parents=True)
    (folder / "data_f1/b.dat").write_text(dat)
    (folder / "b_f1.info").write_text(f"{facts}\n%\ndata_f1/b.dat, {ends}\n")
    if tdat:
        (folder / "data_f1/b.tdat").write_text(tdat)
    return folder


def ioh_block(rows: Sequence[tuple[int, float]]) -> str:
    return "evaluations raw_y\n" + "".join(f"{n} {v if isinstance(v, str) else format(v, '.10f')}\n" for n, v in rows)


def ioh_run(rows: Sequence[tuple[int, float]], instance: int = 1) -> dict:
    n, y = min(rows, key=lambda row: row[1])
    return {"instance": instance, "evals": rows[-1][0], "best": {"evals": n, "y": y, "x": [1, 1]}}


def ioh_folder(folder: Path, runs: list[dict], dat: str, **facts) -> Path:
    (folder / "data_f1").mkdir(parents=True)
    (folder / "data_f1/x.dat").write_text(dat)
    index = {
        "version": "0.3.22", "suite": "unknown_suite", "function_id": 1, "function_name": "bowl", "maximization": False,
        "algorithm": {"name": "X", "info": ""}, "attributes": ["evaluations", "raw_y"],
        "scenarios": [{"dimension": 2, "path": "data_f1/x.dat", "runs": runs}],
    }  # fmt: skip
    (folder / "IOHprofiler_f1_bowl.json").write_text(json.dumps({**index, **facts}, indent=1))
    return folder


def imported_runs(source: Path, folder: Path):
    """What import says that it left out, and the runs: problem, instance, cost, best."""
    done = import_runs(source, folder)
    return done.left_out, Results(folder).runs


# what a run took


def test_a_run_that_did_not_end_took_what_its_tdat_says(tmp_path) -> None:
    """numbbo/coco#1225: without `:evaluations|value`, cocopp takes the last line of .dat or .tdat, the later one."""
    short, shorter = A[:2], B[:2]
    folder = coco_folder(
        tmp_path / "data",
        "1, 2",
        coco_block(short) + coco_block(shorter, 2),
        coco_block([*short, (100, 3.0)]) + coco_block([*shorter, (250, 8.0)], 2),
    )
    left_out, runs = imported_runs(folder, tmp_path / "back")
    assert runs.cost.tolist() == [100, 250]
    assert left_out == []
    (folder / "data_f1/b.tdat").unlink()
    assert imported_runs(folder, tmp_path / "without")[1].cost.tolist() == [40, 9]


TARGETS = (10, 1, 1e-1, 1e-2, 1e-3, 1e-5, 1e-7)


@pytest.mark.filterwarnings("ignore")
def test_unfinished_runs_of_coco_s_logger_have_cocopp_s_expected_runtimes(tmp_path) -> None:
    """Written by COCO's logger; the ends are then taken out of the .info, as where a program ended without them."""
    cocoex, cocopp = pytest.importorskip("cocoex"), pytest.importorskip("cocopp")
    observer = cocoex.Observer("bbob", f"outer_folder: {tmp_path} result_folder: exp algorithm_name: R")
    rng = np.random.default_rng(1)
    for problem in cocoex.Suite("bbob", "instances: 1-4", "dimensions: 2 function_indices: 1,8,20"):
        problem.observe_with(observer)
        for _ in range(3000):
            problem(rng.uniform(-5, 5, problem.dimension))
    del observer
    for index in (tmp_path / "exp").glob("*.info"):
        facts, comment, data = index.read_text().split("\n")
        file, *ends = data.split(", ")
        index.write_text("\n".join([facts, comment, ", ".join([file, *(end.partition(":")[0] for end in ends)])]))
        dat = tmp_path / "exp" / file  # the last line of a run that did not end is an improvement
        blocks = dat.read_text().split("%")
        dat.write_text("%".join(["", *(block[: block.rstrip().rindex("\n") + 1] for block in blocks[1:])]))
    left_out, runs = imported_runs(tmp_path / "exp", tmp_path / "back")
    assert left_out == []
    assert (runs.cost == 3000).all()
    results = Results(tmp_path / "back")
    reached = results.runtimes()
    table = ert(View(results.comparison, reached.assign(runtime=reached.runtime.clip(lower=1))))
    ours = table.set_index(["problem", "target"]).ert
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_sets = cocopp.load(str(tmp_path / "exp"))
    assert len(data_sets) == 3
    for data in data_sets:
        assert data.maxevals.tolist() == [3000] * 4
        own = [ours[f"bbob-f{data.funcId:02d}", target] for target in TARGETS]
        assert data.detERT(TARGETS) == pytest.approx(own)
    cocopp.testbedsettings.reset_current_testbed()
    assert np.isfinite(ours).any()


# experiments that were killed

KILLED_COCO = """
import os, signal, sys, cocoex, numpy as np
observer = cocoex.Observer("bbob", f"outer_folder: {sys.argv[1]} result_folder: exp algorithm_name: R")
rng, asked = np.random.default_rng(1), 0
for problem in cocoex.Suite("bbob", "instances: 1-3", "dimensions: 2 function_indices: 1,8"):
    problem.observe_with(observer)
    for _ in range(500):
        problem(rng.uniform(-5, 5, 2))
        asked += 1
        if asked == 2250:
            os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED_IOH = """
import os, signal, sys, ioh, numpy as np
from ioh.iohcpp.logger import Analyzer
logger = Analyzer(root=sys.argv[1], folder_name="exp", algorithm_name="R", algorithm_info="i")
rng, asked = np.random.default_rng(1), 0
for function in (1, 8, 10):
    for instance in (1, 2):
        problem = ioh.get_problem(function, instance=instance, dimension=2, problem_class=ioh.ProblemClass.BBOB)
        problem.attach_logger(logger)
        for _ in range(500):
            problem(rng.uniform(-5, 5, 2))
            asked += 1
            if asked == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
        problem.detach_logger()
"""


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_an_experiment_of_coco_that_was_killed(tmp_path, monkeypatch) -> None:
    """numbbo/coco#1411. Four runs ended; the fifth is in the .dat, and no .info lists it."""
    pytest.importorskip("cocoex")
    killed = subprocess.run([sys.executable, "-c", KILLED_COCO, str(tmp_path)], capture_output=True)
    assert killed.returncode == -9
    monkeypatch.chdir(tmp_path)
    done = call("import", "exp", "--name", "theirs")
    assert done.exit_code == 0, done.output
    assert "4 runs of R on 2 problems" in done.output
    assert "Left out: exp/data_f8/bbobexp_f8_DIM2.dat, line" in done.output
    assert "bbobexp_f8.info does not list this run, as one that did not finish" in done.output
    results = bench.load("theirs")
    assert results.runs.groupby("problem").size().to_dict() == {"bbob-f01": 3, "bbob-f08": 1}
    assert (results.runs.cost == 500).all()
    assert len(results.manifest["environment"]["left out"]) == 1


@pytest.mark.parametrize(
    ("asked", "ended", "message"),
    [
        (1750, 3, "IOHprofiler_f8_Rosenbrock.json does not list this run, as one that did not finish"),
        (1250, 2, "IOHprofiler_f8_DIM2.dat: no index file names it, as of runs that did not finish"),
    ],
)
def test_an_experiment_of_ioh_that_was_killed(tmp_path, monkeypatch, asked, ended, message) -> None:
    pytest.importorskip("ioh")
    killed = subprocess.run([sys.executable, "-c", KILLED_IOH, str(tmp_path), str(asked)], capture_output=True)
    assert killed.returncode == -9
    monkeypatch.chdir(tmp_path)
    done = call("import", "exp", "--name", "theirs")
    assert done.exit_code == 0, done.output
    assert f"{ended} runs of R" in done.output
    assert message in done.output
    assert len(bench.load("theirs").runs) == ended


def test_where_no_run_ended_there_is_one_sentence(tmp_path) -> None:
    folder = coco_folder(tmp_path / "data", "", coco_block(A))
    with pytest.raises(Damage, match=r"b\.dat, line 2: b_f1\.info does not list this run"):
        import_runs(folder, tmp_path / "back")
    (folder / "b_f1.info").unlink()
    with pytest.raises(ValueError, match=r"must hold an \.info of COCO or .*, and holds 1 \.dat file alone"):
        import_runs(folder, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_runs_that_are_listed_and_not_there(tmp_path) -> None:
    folder = coco_folder(tmp_path / "data", "1:100|5.0e-01, 2:200|2.0e+00", coco_block(A))
    left_out, runs = imported_runs(folder, tmp_path / "back")
    assert runs.cost.tolist() == [100]
    assert left_out == [f"{folder}/b_f1.info, line 3: 2 runs are listed, and b.dat holds 1"]


def test_a_run_that_lacks_its_end_is_not_taken_for_a_whole_one(tmp_path) -> None:
    """The .info says 100 evaluations and 0.5; the .dat breaks off at 40 and 3."""
    folder = coco_folder(tmp_path / "data", "1:100|5.0e-01, 2:200|2.0e+00", coco_block(A[:2]) + coco_block(B, 2))
    left_out, runs = imported_runs(folder, tmp_path / "back")
    assert runs.instance.tolist() == [2]
    assert "line 2: the run ends at evaluation 40 with 3.0e+00, and its .info says 100 with 5.0e-01" in left_out[0]


def test_a_last_line_without_its_end_may_lack_digits(tmp_path) -> None:
    dat = coco_block(A[:1]) + "40 0 +3.00"  # of +3.000000000e-02
    folder = coco_folder(tmp_path / "data", "1", dat)
    assert imported_runs(folder, tmp_path / "back")[1].cost.tolist() == [1]


def test_an_instance_that_is_cut_is_not_another_one(tmp_path) -> None:
    """`12:300|2.5e-01` cut to `1` would be a second run on instance 1, which has another f_opt."""
    folder = coco_folder(tmp_path / "data", "1:100|5.0e-01, 12:300|2.5e-01", coco_block(A) + coco_block(C, 12))
    path = folder / "b_f1.info"
    path.write_text(path.read_text()[: -len("2:300|2.5e-01\n")])
    left_out, runs = imported_runs(folder, tmp_path / "back")
    assert runs.cost.tolist() == [100]
    assert left_out == [f"{path}, line 3: instance 1 has two values of f_opt in b.dat"]


# other formats


def test_none_stands_for_an_infinite_value(tmp_path) -> None:
    """ioh 0.3.22 writes `None` for inf in a .dat, and a bare inf in its JSON."""
    for sign, name in ((1, "min"), (-1, "max")):
        dat = f"evaluations raw_y\n1 None\n7 {sign * 2.5}\n9 nan\n50 None\n"
        best = {"evals": 7, "y": sign * 2.5, "x": [1, 1]}
        folder = ioh_folder(tmp_path / name, [{"instance": 1, "evals": 50, "best": best}], dat, maximization=sign < 0)
        left_out, runs = imported_runs(folder, tmp_path / f"back-{name}")
        assert runs[["best", "cost"]].to_numpy().tolist() == [[2.5, 50]]
        assert left_out == []
    index = folder / "IOHprofiler_f1_bowl.json"
    for text in ("inf", "-inf", "nan", "-nan"):
        index.write_text(json.dumps(json.loads(index.read_text())).replace('"y": -2.5', f'"y": {text}'))
        assert len(imported._read(folder)[0]) == 1
        index.write_text(index.read_text().replace(f'"y": {text}', '"y": -2.5'))


OLDER = "suite = 'PBO', funcId = 1, DIM = 16, algId = 'EA', algInfo = 'EA'"  # IOHanalyzer's extdata, of 2018


@pytest.mark.parametrize(
    ("facts", "problem", "best"),
    [
        (OLDER, "PBO-f1-OneMax", [-14, -12]),
        (OLDER.replace("'", '"') + ', maximization = "T", funcName = "OneMax"', "PBO-f1-OneMax", [-14, -12]),
        (OLDER.replace("PBO", "mine") + ", maximization = 'F'", "mine-f1", [7, 9]),
        (OLDER.replace("PBO", "BBOB").replace("= 1,", "= 8,"), "BBOB-f8", [7, 9]),
    ],
)
def test_iohprofiler_s_older_format(tmp_path, facts, problem, best) -> None:
    """Until version 0.3.2 it had an .info, and five columns with names in quotes."""
    rising = [(1, 7), (6, 12), (90, 14)], [(1, 8), (3, 12)]
    rows = rising if min(best) < 0 else [[(n, -y + 21) for n, y in run] for run in rising]
    dat = "".join(OLDER_HEAD + "".join(f"{n} 3.0 {y} 0.0 0.0\n" for n, y in run) for run in rows)
    ends = "1:90|{:.5e}, 2:500|{:.5e};0.5|2".format(*(run[-1][1] for run in rows))
    folder = coco_folder(tmp_path / "data", ends, dat, facts=facts)
    left_out, runs = imported_runs(folder, tmp_path / "back")
    assert left_out == []
    assert set(runs.problem) == {problem}
    assert runs.optimizer.tolist() == ["EA", "EA"]
    assert runs.cost.tolist() == [90, 500]
    assert runs.best.tolist() == best
    assert runs.f_opt.isna().all()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (OLDER.replace("PBO", "mine"), r"line 1: maximization must be T or F, got ''"),
        (OLDER.replace("algId = 'EA', ", ""), r"line 1: algId is missing"),
    ],
)
def test_what_iohprofiler_s_older_format_must_say(tmp_path, facts, message) -> None:
    dat = OLDER_HEAD + "1 3.0 3.0 0.0 0.0\n"
    with pytest.raises(Damage, match=message):
        import_runs(coco_folder(tmp_path / "data", "1:90|1.4e+01", dat, facts=facts), tmp_path / "back")
    swapped = dat.replace("best-so-far f(x)", "parameter")
    with pytest.raises(Damage, match=r"b\.dat, line 1: there must be a column best-so-far f\(x\)"):
        import_runs(coco_folder(tmp_path / "swapped", "1:90|1.4e+01", swapped, facts=OLDER), tmp_path / "back")


def test_the_end_that_iohprofiler_s_older_info_says_is_a_step(tmp_path) -> None:
    folder = coco_folder(tmp_path / "data", "1:5000|1.00000e+02", OLDER_HEAD + "1 38 38 38 38\n", facts=OLDER)
    runs = imported_runs(folder, tmp_path / "back")[1]
    assert runs[["first", "best", "cost"]].to_numpy().tolist() == [[-38, -100, 5000]]


BIOBJECTIVE = "suite = 'bbob-biobj', algorithm = 'X', indicator = 'hyp', folder = 'one_two', coco_version = '2.4.1'"
SUITES = {
    "bbob-biobj": (BIOBJECTIVE, "function =  1, dim =  2, ", "two objectives"),
    "bbob-biobj-ext": (BIOBJECTIVE.replace("biobj", "biobj-ext"), "function =  1, dim =  2, ", "two objectives"),
    "bbob-biobj-mixint": (BIOBJECTIVE.replace("biobj", "biobj-mixint"), "function =  1, dim =  5, ", "two objectives"),
    "bbob-constrained": (FACTS.replace("bbob", "bbob-constrained"), "", "constraints"),
}


@pytest.mark.parametrize("suite", SUITES)
def test_other_kinds_of_problems_are_refused_by_what_they_are(tmp_path, suite) -> None:
    facts, before, what = SUITES[suite]
    folder = coco_folder(tmp_path / "data", "1:40|5.5e-02", coco_block(A), facts=facts)
    index = folder / "b_f1.info"
    data = index.read_text().replace("data_f1/", f"{before}data_f1/")
    index.write_text(data + (f"{before}data_f1/b.dat, 1:40|5.5e-02\n" if before else ""))  # two sets under one head
    with pytest.raises(Damage, match=rf"b_f1\.info, line 1: suite '{suite}' has {what}"):
        import_runs(folder, tmp_path / "back")
    # beside data of one objective, these are imported
    (folder / "b_f2.info").write_text(f"{FACTS}\n%\ndata_f1/b.dat, 1:100|5.0e-01\n")
    left_out, runs = imported_runs(folder, tmp_path / "back")
    assert len(runs) == len(left_out) == 1
    assert what in left_out[0]


@pytest.mark.parametrize(
    ("facts", "problem", "family"),
    [
        ({"function_name": "OneMax"}, "PBO-f1-OneMax", "PBO"),
        ({"function_name": "OneMax", "suite": "PBO"}, "PBO-f1-OneMax", "PBO"),
        ({"function_name": "Sphere", "suite": "SBOX"}, "SBOX-f1-Sphere", "SBOX"),
        ({"function_name": "CEC2022Zakharov", "function_id": 1001}, "CEC2022-f1001-CEC2022Zakharov", "CEC2022"),
        ({"function_name": "CEC2013FivePeaks", "function_id": 1101, "suite": "Real"},
         "CEC2013-f1101-CEC2013FivePeaks", "CEC2013"),
        ({"function_name": "MaxCut2000", "function_id": 2000, "suite": "Submodular"},
         "Submodular-f2000-MaxCut2000", "Submodular"),
        ({"function_name": "bowl"}, "ioh-f1-bowl", "ioh"),
        ({"function_name": "Sphere"}, "ioh-f1-Sphere", "ioh"),  # its value is not BBOB's at its point
        ({"function_name": "Sphere", "suite": "BBOB"}, "bbob-f01", "bbob"),
    ],
)  # fmt: skip
def test_suites_of_ioh_keep_their_names(tmp_path, facts, problem, family) -> None:
    folder = ioh_folder(tmp_path / "data", [ioh_run(A)], ioh_block(A), **facts)
    runs = imported_runs(folder, tmp_path / "back")[1]
    assert (runs.problem.item(), runs.family.item()) == (problem, family)


def test_functions_of_sbox_are_not_taken_for_those_of_bbob(tmp_path) -> None:
    """ioh.get_problem writes for both the same names and numbers, and no suite; the values differ, but for f5."""
    ioh = pytest.importorskip("ioh")
    from ioh.iohcpp.logger import Analyzer

    rng = np.random.default_rng(0)
    for name in ("BBOB", "SBOX"):
        logger = Analyzer(root=str(tmp_path), folder_name=name, algorithm_name="R", algorithm_info="i")
        for function in (1, 2, 5, 10, 15, 23):
            problem = ioh.get_problem(function, 1, 3, getattr(ioh.ProblemClass, name))
            problem.attach_logger(logger)
            for _ in range(60):
                problem(rng.uniform(-5, 5, 3))
            problem.detach_logger()
        logger.close()
        runs = imported_runs(tmp_path / name, tmp_path / f"back-{name}")[1]
        families = {"BBOB": ["bbob"] * 6, "SBOX": ["bbob"] + ["ioh"] * 5}
        assert sorted(runs.family) == families[name]
        assert "bbob-f05" in set(runs.problem)


# the same runs twice, and links


def test_a_copy_of_the_data_is_counted_once(tmp_path) -> None:
    """As cocopp has it: a data set whose runs are all those of another one is left out."""
    ends, dat = "1:100|5.0e-01, 2:200|2.0e+00", coco_block(A) + coco_block(B, 2)
    coco_folder(tmp_path / "data/a", ends, dat)
    shutil.copytree(tmp_path / "data/a", tmp_path / "data/b")
    left_out, runs = imported_runs(tmp_path / "data", tmp_path / "back")
    assert len(runs) == 2
    assert left_out == [f"{tmp_path}/data/b/b_f1.info, line 1: the same 2 runs as {tmp_path}/data/a/b_f1.info, line 1"]
    (tmp_path / "data/b/data_f1/b.dat").write_text(coco_block(A) + coco_block([*B[:1], (10, 8.0), (200, 2.0)], 2))
    assert len(imported_runs(tmp_path / "data", tmp_path / "both")[1]) == 4


def test_links_among_data_are_named_and_not_followed(tmp_path) -> None:
    folder = coco_folder(tmp_path / "data", "1:100|5.0e-01", coco_block(A))
    (folder / "loop.info").symlink_to(folder / "loop.info")
    (folder / "loop").symlink_to(folder)
    left_out, runs = imported_runs(folder, tmp_path / "back")
    assert len(runs) == 1
    assert left_out == [f"{folder}/loop.info is a symbolic link, and is not followed"]
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(ValueError, match="round is a symbolic link"):
        import_runs(tmp_path / "round", tmp_path / "other")


@pytest.mark.parametrize("name", ["data_f1/b.dat", "data_f1/b.tdat", "b_f2.info"])
def test_a_pipe_among_data_is_named(tmp_path, name) -> None:
    import os

    folder = coco_folder(tmp_path / "data", "1", coco_block(A), coco_block(A))
    shutil.copytree(folder, folder / "sound")
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    left_out, runs = imported_runs(folder, tmp_path / "back")
    assert len(runs) == 1
    assert any(reason.endswith(f"{name} is a pipe, and no file") for reason in left_out)


def test_an_error_in_the_middle_leaves_nothing(tmp_path, monkeypatch) -> None:
    folder = coco_folder(tmp_path / "data", "1:100|5.0e-01, 2:200|2.0e+00", coco_block(A) + coco_block(B, 2))
    add, written = Store.add, []

    def fails(store, record, versions):
        if written:
            raise OSError("No space left on device")
        written.append(record)
        return add(store, record, versions)

    monkeypatch.setattr(Store, "add", fails)
    with pytest.raises(OSError, match="No space left"):
        import_runs(folder, tmp_path / "results/back")
    assert list((tmp_path / "results").iterdir()) == []


# damage of every kind


def older_folder(folder: Path) -> Path:
    dat = "".join(OLDER_HEAD + "".join(f"{n} {v} {v} 0.0 0.0\n" for n, v in rows) for rows in ([(1, 7), (90, 12)],) * 2)
    return coco_folder(folder, "1:90|1.20000e+01, 2:90|1.20000e+01", dat, facts=OLDER)


KINDS: dict[str, Callable[[Path], Path]] = {
    "coco": lambda folder: coco_folder(
        folder, "1:100|5.0e-01, 2:200|2.0e+00, 12:300|2.5e-01", coco_block(A) + coco_block(B, 2) + coco_block(C, 12)
    ),
    "ioh": lambda folder: ioh_folder(folder, [ioh_run(A), ioh_run(B, 2)], ioh_block(A) + ioh_block(B)),
    "older": older_folder,
}


def content(run: Trajectory) -> tuple:
    facts = (run.optimizer, run.problem, run.dim, run.instance, run.spent)
    return (*facts, run.evaluations.tolist(), run.values.tolist())


def outcome(folder: Path) -> tuple[list, list[str]]:
    """Runs and what is left out, or one sentence."""
    try:
        runs, left_out = imported._read(folder)
    except ValueError as error:
        runs, left_out = [], [str(error)]
    assert all("\n" not in reason and 0 < len(reason) < 1000 for reason in left_out), left_out
    return list(map(content, runs)), left_out


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_cut_anywhere_give_whole_runs_or_a_sentence(tmp_path, kind) -> None:
    """Of every file at every tenth byte: a run is as in the whole file, or is named."""
    folder = KINDS[kind](tmp_path / "data")
    runs, left_out = outcome(folder)
    assert (len(runs), left_out) == ({"coco": 3}.get(kind, 2), [])
    unsure = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for end in range(0, len(data), 10):
            path.write_bytes(data[:end])
            sound, left_out = outcome(folder)
            assert len(sound) == len(runs) or left_out, (path, end)
            # an .info that is cut in what a run took, which its .dat or .tdat says then
            changed = [run for run in sound if run not in runs]
            if kind == "older" and data[:end].endswith(b"\n"):  # the end that the .info says is taken in place of rows
                assert all(run[-1][-1] == -12 for run in sound)
                continue
            assert all(path.suffix == ".info" and run[:4] in [each[:4] for each in runs] for run in changed), (
                path,
                end,
            )
            unsure += bool(changed)
        path.write_bytes(data)
    assert unsure <= 1


DAMAGE = (
    b"-5",
    b"1e400",
    b"-1e300",
    b"9" * 30,
    b"nan",
    b"None",
    b"\xff\xfe",
    b"1_0",
    b"0x10",
    b"",
    b"\0",
    b"%",
    b'"',
    b",",
)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_of_every_kind_is_an_import_or_a_sentence(tmp_path, kind) -> None:
    """Each word of each file in turn is another one, each two words are swapped, each line is lost or there twice."""
    folder = KINDS[kind](tmp_path / "data")
    whole = len(outcome(folder)[0])
    tried = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        lines = data.split(b"\n")
        damage = DAMAGE[:: 4 if path.suffix == ".json" else 1]  # most of it is no JSON
        texts = [data * 2, data.replace(b"\n", b"\r\n"), data[::-1], bytes(len(data)), data.replace(b" ", b"  ")]
        texts += [data + b"x" * 2**21, b"x" * 2**21 + data]
        for n, line in enumerate(lines):
            others = [[], [line, line], [line[::-1]]]
            words = line.split(b" ")
            others += [
                [b" ".join([*words[:k], word, *words[k + 1 :]])] for k in range(min(len(words), 6)) for word in damage
            ]
            others += [
                [b" ".join([*words[:k], words[k + 1], words[k], *words[k + 2 :]])] for k in range(len(words) - 1)
            ]
            texts += [b"\n".join([*lines[:n], *other, *lines[n + 1 :]]) for other in others]
        for text in texts:
            path.write_bytes(text)
            runs, left_out = outcome(folder)
            assert len(runs) >= whole or left_out or path.suffix != ".dat"
            assert all(np.isfinite(run[4]) and run[4] >= 1 and run[5][0] >= 1 for run in runs)
            tried += 1
        path.write_bytes(data)
    assert tried > 500


@pytest.mark.parametrize("text", ["x", "'", "a=", ",a='", "%", "1:", ",", "x.dat,", "fogbench {", '"', ":", "[", "-"])
def test_long_lines_are_read_or_refused_in_time(tmp_path, text) -> None:
    """No pattern goes over a line of 2 MB again from each of its characters."""
    for name in ("b_f1.info", "data_f1/b.dat", "IOHprofiler_f1_bowl.json"):
        for line in range(3):
            shutil.rmtree(tmp_path / "data", ignore_errors=True)
            folder = KINDS["ioh" if name.endswith("json") else "coco"](tmp_path / "data")
            path = folder / name
            lines = path.read_text().split("\n")
            lines[line] += text * (2**21 // len(text))
            path.write_text("\n".join(lines))
            began = time.perf_counter()
            outcome(folder)
            assert time.perf_counter() - began < 5


@pytest.mark.parametrize(("first", "second"), [(0, 1), (0, 2), (1, 2), (2, 3)])
def test_swapped_columns_of_coco_are_told(tmp_path, first, second) -> None:
    """Evaluations of 0, values of 0 or values of f cannot be those that the .info ends with."""
    folder = KINDS["coco"](tmp_path / "data")
    path = folder / "data_f1/b.dat"
    lines = path.read_text().splitlines(keepends=True)
    for n, line in enumerate(lines):
        words = line.split(" ")
        if not line.startswith("%"):
            words[first], words[second] = words[second], words[first]
        lines[n] = " ".join(words)
    path.write_text("".join(lines))
    runs, left_out = outcome(folder)
    assert runs == []
    assert len(left_out) == 1


def test_a_value_below_the_minimum_is_no_result(tmp_path) -> None:
    below = [(1, 50.0), (40, -3.0)]
    for folder in (
        coco_folder(tmp_path / "coco", "1", coco_block(below)),
        ioh_folder(tmp_path / "ioh", [ioh_run(below)], ioh_block(below), suite="BBOB", function_name="Sphere"),
    ):
        with pytest.raises(Damage, match="f - f_opt must not be below 0, got -3"):
            import_runs(folder, tmp_path / "back")
    noise = [(1, 50.0), (40, -1e-12)]
    assert len(imported_runs(coco_folder(tmp_path / "rounding", "1", coco_block(noise)), tmp_path / "back")[1]) == 1


def test_values_that_are_infinite_or_no_number_reach_nothing(tmp_path) -> None:
    dat = coco_block([(1, 50.0)]) + "2 0 nan 1 1\n3 0 -nan(ind) 1 1\n4 0 1.#INF 1 1\n5 0 inf 1 1\n9 0 +2.0e+00 1 1\n"
    runs = imported._read(coco_folder(tmp_path / "data", "1", dat))[0]
    assert (runs[0].evaluations.tolist(), runs[0].values.tolist()) == ([1, 9], [50.0, 2.0])
    nothing = HEAD.format(79.48) + "1 0 nan 1 1\n2 0 inf 1 1\n"
    runs = imported._read(coco_folder(tmp_path / "nothing", "1", nothing))[0]
    assert (runs[0].evaluations.tolist(), runs[0].values.tolist(), runs[0].spent) == ([1], [inf], 2)
