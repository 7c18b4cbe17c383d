"""COCO's data format `bbob-new2`: .info, .dat and .tdat, as its logger writes them and cocopp reads them.

Source: Hansen, Auger, Ros, Mersmann, Tušar & Brockhoff 2021, doi:10.1080/10556788.2020.1808977.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from math import isfinite, nan
from operator import attrgetter
from pathlib import Path

import numpy as np

from bench.interchange.files import Damage, inside, number
from bench.interchange.trajectories import LARGE, Trajectory, runs_of, safe_names, series, shown
from bench.measure.targets import GAPS

SUITES = ("bbob", "bbob-noisy", "bbob-mixint")  # whose functions we have; cocopp fails on a number that is not theirs
PRECISION = 1e-8  # the hardest target of COCO's figures
# cocopp takes a value for a target reached that is above it by less than 1e-12, or by a fraction of 1e-9
SLACK, FRACTION = 2e-12, 2e-9
COLUMNS = (
    "% f evaluations | g evaluations | best noise-free fitness - Fopt ({f_opt:.12e}) + sum g_i+ | measured fitness | "
    "best measured fitness or single-digit g-values"
)


# writing


def write(trajectories: Sequence[Trajectory], folder: Path, prices: str) -> list[Path]:
    """Write runs on COCO's functions as folder/SUITE/OPTIMIZER/; answers with these folders.

    prices: in words, what an evaluation stands for; it is in the comment of each entry of an .info.
    """
    names = safe_names(run.optimizer for run in trajectories)
    written = []
    runs_in_order = sorted(trajectories, key=attrgetter("suite", "optimizer", "function", "dim"))
    for (suite, optimizer), of_optimizer in groupby(runs_in_order, key=attrgetter("suite", "optimizer")):
        at = folder / suite / names[optimizer]
        written.append(at)
        for function, runs in groupby(of_optimizer, key=attrgetter("function")):
            data = at / f"data_f{function}"
            data.mkdir(parents=True)
            entries = [
                _entry(list(of_dim), data / f"bbobexp_f{function}_DIM{dim}", prices)
                for dim, of_dim in groupby(runs, key=attrgetter("dim"))
            ]
            (at / f"bbobexp_f{function}.info").write_text("\n".join(entries) + "\n", encoding="utf-8")
    return written


def _entry(runs: Sequence[Trajectory], stem: Path, prices: str) -> str:
    """Write the .dat and .tdat of one function and dim; answers with their entry in the .info."""
    first = runs[0]
    clear = [replace(run, values=off_targets(run)) for run in runs]
    stem.with_suffix(".dat").write_text("".join(map(_improvements, clear)), encoding="utf-8")
    stem.with_suffix(".tdat").write_text("".join(map(_over_time, clear)), encoding="utf-8")
    goals = [run.gap for run in runs if run.gap > 0]
    notes = {"optimizer": first.optimizer, "order": first.order, "prices": prices}
    label = re.sub(r"[^\x20-\x7e]|['\"\\]", "?", first.optimizer)[:100]
    facts = {
        "suite": f"'{first.suite}'",
        "funcId": first.function,
        "DIM": first.dim,
        "Precision": f"{min(goals, default=PRECISION):.3e}",
        "algId": f"'{label}'",
        "logger": "'fogbench'",
        "data_format": "'bbob-new2'",
    }
    ends = [f"{run.instance}:{run.spent}|{run.values[-1]:.1e}" for run in clear]
    return "\n".join(
        (
            ", ".join(f"{key} = {value}" for key, value in facts.items()),
            f"% evaluations are costs, rounded up and at least 1: {prices}; fogbench {json.dumps(notes)}",
            ", ".join([f"{stem.parent.name}/{stem.name}.dat", *ends]),
        )
    )


def off_targets(run: Trajectory) -> np.ndarray:
    """The gaps (n,) of a run, none so near to one of our targets that cocopp and we disagree on whether it is reached.

    They move by at most 2e-12, or a fraction of 2e-9. A gap below 0 is rounding error, and 0.
    """
    gaps = np.maximum(run.values, 0.0)
    for target in GAPS:
        slack = max(SLACK, FRACTION * target)
        near = np.abs(run.values - target) <= slack
        reached = run.f_opt + run.values <= run.f_opt + target
        gaps[near] = np.where(reached, np.minimum(gaps, target), target + slack)[near]
    return gaps


def _improvements(run: Trajectory) -> str:
    """The lines of a run for the .dat: every improvement, and the end."""
    if run.evaluations[-1] == run.spent:
        return _lines(run, run.evaluations, run.values)
    return _lines(run, np.append(run.evaluations, run.spent), np.append(run.values, run.values[-1]))


def _over_time(run: Trajectory) -> str:
    """The lines of a run for the .tdat: the best at 20 numbers of evaluations a decade, and the end."""
    evaluations = np.unique(np.append(10 ** np.arange(0, np.log10(run.spent), 0.05), (1, run.spent)).astype(np.int64))
    return _lines(run, evaluations, run.values[np.searchsorted(run.evaluations, evaluations, side="right") - 1])


def _lines(run: Trajectory, evaluations: np.ndarray, gaps: np.ndarray) -> str:
    start = f", start = {run.start!r}" if isfinite(run.start) else ""
    head = f"{COLUMNS.format(f_opt=run.f_opt)}, seed = {run.seed}{start}\n"
    rows = zip(evaluations.tolist(), gaps.tolist(), (run.f_opt + gaps).tolist(), strict=True)
    return head + "".join(f"{n} 0 {gap:+.16e} {f:+.9e} {f:+.9e}\n" for n, gap, f in rows)


# reading


def read(path: Path) -> Iterator[Trajectory]:
    """The runs of an .info and the .dat files that it names, written by COCO's loggers or by `write`.

    Raises Damage, with file and line, for what cannot be read, and for suites with two objectives or constraints. A
    value of COCO's is the best noise-free f - f_opt so far; it has those that passed one of five targets a decade.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    filled = [(place, line) for place, line in enumerate(lines, 1) if line.strip()]
    for place in range(0, len(filled), 3):
        entry = filled[place : place + 3]
        if len(entry) < 3:
            raise Damage(path, entry[0][0], "an entry has three lines: facts, comment, data")
        (at, head), (comment_at, comment), (data_at, data) = entry
        facts = {
            key.strip(): value.strip().strip("'\"")
            for key, value in re.findall(r"([^,=]+)=\s*('[^']*'|\"[^\"]*\"|[^,]*)", head)
        }
        if not comment.lstrip().startswith("%"):
            raise Damage(path, comment_at, "the line below the facts must be a comment that begins with %")
        noted = re.search(r"fogbench (\{.*\})\s*$", comment)  # by `write`
        try:
            notes = json.loads(noted[1]) if noted else {}
        except ValueError as error:
            raise Damage(path, comment_at, f"what fogbench noted is damaged ({error})") from None
        yield from _data_set(path, at, facts, notes, data_at, data)


def _data_set(
    path: Path, at: int, facts: dict[str, str], notes: dict[str, object], data_at: int, data: str
) -> Iterator[Trajectory]:
    for key in ("funcId", "DIM"):
        if key not in facts:
            raise Damage(path, at, f"{key} is missing")
    function, dim = (number(path, at, facts[key], int, 1, 10**6) for key in ("funcId", "DIM"))
    suite = shown(facts.get("suite", "")) or ("bbob-noisy" if function > 100 else "bbob")
    suite = "bbob-boxed" if suite == "sbox-cost" else suite
    if "indicator" in facts or "biobj" in suite:
        raise Damage(path, at, f"suite {suite!r} has two objectives, and ours have one")
    if "constrained" in suite:
        raise Damage(path, at, f"suite {suite!r} has constraints, and ours have none")
    named = (notes.get("optimizer"), facts.get("algId"), facts.get("algorithm"))
    optimizer = next((name for name in named if isinstance(name, str)), None)
    if optimizer is None:
        raise Damage(path, at, "algId is missing")
    order = notes.get("order")
    gap = number(path, at, facts.get("Precision", PRECISION), float, 0.0, LARGE)
    order = order if order in (0, 1, 2) else None
    run = partial(Trajectory, optimizer, f"{suite}-f{function:02d}", suite, function, dim, gap=gap, order=order)
    listed: list[tuple[Path, list[tuple[int, int]]]] = []
    for entry in filter(None, map(str.strip, data.split(","))):
        if entry.endswith("dat"):
            listed.append((inside(path, data_at, entry.replace("\\", "/"), ".dat"), []))
        elif "=" not in entry:
            if not listed:
                raise Damage(path, data_at, f"the name of a .dat file must come before {entry!r}")
            instance, _, end = entry.partition(":")
            evaluations = number(path, data_at, end.partition("|")[0], int, 0, 2**53) if end else 0
            listed[-1][1].append((number(path, data_at, instance, int, 0, 2**31), evaluations))
    for file, ends in listed:
        runs = list(runs_of(file, lambda line: line.startswith("%")))
        if len(runs) != len(ends):
            raise Damage(path, data_at, f"{len(ends)} runs are listed, and {file.name} holds {len(runs)}")
        for (head, rows), (instance, spent) in zip(runs, ends, strict=True):
            noted: dict[str, float] = {}  # f_opt, and what `write` says of seed and start
            for line_at, line in head:
                for key, value in re.findall(r"\b(Fopt|seed|start) (?:= )?\(?([-+.eE0-9]+)", line):
                    noted[key] = number(file, line_at, value, float, 0 if key == "seed" else -LARGE, LARGE)
            evaluations, values = series(file, rows, 2, -LARGE)
            yield run(
                instance,
                evaluations,
                values,
                max(spent, int(evaluations[-1])),
                noted.get("Fopt", 0.0),
                start=noted.get("start", nan),
                seed=int(min(noted["seed"], 2**31)) if "seed" in noted else None,
            )
