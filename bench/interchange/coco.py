"""COCO's data format `bbob-new2`: .info, .dat and .tdat, as its logger writes them and cocopp reads them.

Source: Hansen, Auger, Ros, Mersmann, Tušar & Brockhoff 2021, doi:10.1080/10556788.2020.1808977.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from math import isfinite, isnan, nan
from operator import attrgetter
from pathlib import Path

import numpy as np

from bench.core.files import read_text
from bench.interchange import ioh
from bench.interchange.files import Damage, inside, number
from bench.interchange.trajectories import LARGE, Block, Trajectory, blocks, safe_names, shown, unequal
from bench.measure.targets import GAPS

SUITES = ("bbob", "bbob-noisy", "bbob-mixint")  # whose functions we have; cocopp fails on a number that is not theirs
LONGEST_FACTS = 10_000  # characters of the first line of an entry
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


def read(path: Path) -> Iterator[Trajectory | Damage]:
    """The runs of an .info and the .dat files that it names, written by COCO's loggers or by `write`, and what of them
    cannot be taken: Damage, with file and line.

    That is what is damaged, what an experiment that was killed left unfinished, and suites with two objectives or
    constraints. A value of COCO's is the best noise-free f - f_opt so far; it has those that passed one of five targets
    a decade. As in cocopp, a run took as many evaluations as the last line of its .dat or .tdat says, or the .info.
    IOHprofiler's format until its version 0.3.2, which has an .info too, is read by `ioh.older`.
    """
    content = read_text(path, errors="replace")
    lines = [(place, line) for place, line in enumerate(content.splitlines(), 1) if line.strip()]
    comments = [line.lstrip().startswith("%") for _, line in lines] + [False]
    place = 0
    while place < len(lines):
        at, head = lines[place]
        try:
            _check_suite(path, at, head)
            if place + 2 >= len(lines) or comments[place + 3]:
                raise Damage(path, at, "an entry has three lines: facts, comment, data")
            if not comments[place + 1]:
                raise Damage(path, lines[place + 1][0], "the line below the facts must be a comment that begins with %")
            yield from _data_set(path, at, head, *lines[place + 1], *lines[place + 2])
            place += 3
        except Damage as damage:
            yield damage
            # the next entry is a line above a comment
            place = next((n for n in range(place + 2, len(lines)) if comments[n + 1]), len(lines))


def _facts(head: str) -> dict[str, str]:
    pairs = re.findall(r"(?:^|,)([^,=]+)=\s*('[^']*'|\"[^\"]*\"|[^,]*)", head)
    return {key.strip(): value.strip().strip("'\"") for key, value in pairs}


def _check_suite(path: Path, at: int, head: str) -> None:
    """Raises Damage for suites of problems that we do not have, and for what is no line of facts."""
    if len(head) > LONGEST_FACTS:
        raise Damage(path, at, f"facts have at most {LONGEST_FACTS:,} characters, got {len(head):,}")
    facts = _facts(head)
    suite = shown(facts.get("suite", ""))
    if "indicator" in facts or "biobj" in suite:
        raise Damage(path, at, f"suite {suite!r} has two objectives, and ours have one")
    if "constrained" in suite:
        raise Damage(path, at, f"suite {suite!r} has constraints, and ours have none")


def _data_set(
    path: Path, at: int, head: str, comment_at: int, comment: str, data_at: int, data: str
) -> Iterator[Trajectory | Damage]:
    """The runs of an entry of an .info."""
    facts = _facts(head)
    if ioh.is_older(facts):
        for file, ends in _listed(path, data_at, data):
            yield from ioh.older(path, at, facts, file, [(end.instance, end.evaluations, end.value) for end in ends])
        return
    written = comment.partition("fogbench {")[2]  # by `write`
    try:
        notes = json.loads(f"{{{written}") if written else {}
    except (ValueError, RecursionError) as error:
        raise Damage(path, comment_at, f"what fogbench noted is damaged ({error})") from None
    for key in ("funcId", "DIM"):
        if key not in facts:
            raise Damage(path, at, f"{key} is missing")
    function, dim = (number(path, at, facts[key], int, 1, 10**6) for key in ("funcId", "DIM"))
    suite = shown(facts.get("suite", "")) or ("bbob-noisy" if function > 100 else "bbob")
    suite = "bbob-boxed" if suite == "sbox-cost" else suite
    named = (notes.get("optimizer"), facts.get("algId"), facts.get("algorithm"))
    optimizer = next((name for name in named if isinstance(name, str)), None)
    if optimizer is None:
        raise Damage(path, at, "algId is missing")
    order = notes.get("order")
    gap = number(path, at, facts.get("Precision", PRECISION), float, 0.0, LARGE)
    order = order if order in (0, 1, 2) else None
    run = partial(
        Trajectory,
        optimizer,
        f"{suite}-f{function:02d}",
        suite,
        function,
        dim,
        gap=gap,
        order=order,
        entry=f"{path}, line {at}",
    )
    for file, ends in _listed(path, data_at, data):
        logged, spent = list(blocks(file, lambda line: line.startswith("%"), _column(file))), []
        if not all(end.evaluations for end in ends):
            over_time = file.with_suffix(".tdat")
            if over_time.exists() and not over_time.is_symlink():
                spent = [
                    block.last for block in blocks(over_time, lambda line: line.startswith("%"), _column(over_time))
                ]
        yield from unequal(path, data_at, file, logged, len(ends))
        f_opts: dict[int, float] = {}
        for place, (block, end) in enumerate(zip(logged, ends, strict=False)):
            try:
                noted = _noted(file, block)
                f_opt = noted.get("Fopt", 0.0)
                if f_opts.setdefault(end.instance, f_opt) != f_opt:
                    raise Damage(path, data_at, f"instance {end.instance} has two values of f_opt in {file.name}")
                _check_run(file, block, suite, f_opt, end, len(logged) == len(ends))
            except Damage as damage:
                yield damage
                continue
            yield run(
                end.instance,
                block.evaluations,
                block.values,
                max(end.evaluations, block.last, *spent[place : place + 1]),
                f_opt,
                start=noted.get("start", nan),
                seed=int(min(noted["seed"], 2**31)) if "seed" in noted else None,
            )


@dataclass(frozen=True)
class End:
    """What an .info says of a run: `instance:evaluations|value`, or the instance alone where the run did not end.

    evaluations: 0 where it does not say. value: the last f - f_opt, NaN where it does not say it in two digits.
    """

    instance: int
    evaluations: int = 0
    value: float = nan


def _listed(path: Path, at: int, data: str) -> list[tuple[Path, list[End]]]:
    """The .dat files that the third line of an entry names, each with what it says of the runs in it."""
    listed: list[tuple[Path, list[End]]] = []
    for entry in filter(None, map(str.strip, data.split(","))):
        if entry.endswith("dat"):
            listed.append((inside(path, at, entry.replace("\\", "/"), ".dat"), []))
        elif "=" not in entry:
            if not listed:
                raise Damage(path, at, f"the name of a .dat file must come before {entry!r}")
            instance, _, said = entry.partition(":")
            evaluations, _, value = said.partition(";")[0].partition("|")  # IOHprofiler's attributes are behind ;
            listed[-1][1].append(
                End(
                    number(path, at, instance, int, 0, 2**31),
                    number(path, at, evaluations, int, 0, 2**53) if value else 0,  # a line that is cut has none
                    float(value) if re.fullmatch(r"[-+]?\d\.\d+e[-+]\d{2,3}", value) else nan,
                )
            )
    return listed


def _column(file: Path) -> Callable[[Sequence[tuple[int, str]]], int]:
    """The column of the best f - f_opt so far, which is the third; raises Damage where the head says another one."""

    def column(head: Sequence[tuple[int, str]]) -> int:
        at, line = head[-1]
        columns = line.split("|")
        if len(columns) > 2 and "best" not in columns[2]:
            raise Damage(file, at, f"the third column must be the best f - f_opt so far, got {columns[2].strip()!r}")
        return 2

    return column


def _noted(file: Path, block: Block) -> dict[str, float]:
    """What the head of a run says of f_opt, and, where `write` wrote it, of seed and start."""
    noted = {}
    for at, line in block.head:
        for key, value in re.findall(r"\b(Fopt|seed|start) (?:= )?\(?([-+.eE0-9]+)", line):
            noted[key] = number(file, at, value, float, 0 if key == "seed" else -LARGE, LARGE)
    return noted


def _check_run(file: Path, block: Block, suite: str, f_opt: float, end: End, all_listed: bool) -> None:
    """Raises Damage for a run that is none, that ends too early, or whose values are not those that it ended with.

    all_listed: whether the .info lists as many runs as the .dat has, so that no other can be meant.
    """
    if block.damage is not None:
        raise block.damage
    best, slack = block.values[-1], PRECISION + FRACTION * abs(f_opt)
    if suite.startswith("bbob") and best < -slack:
        raise Damage(file, block.at, f"f - f_opt must not be below 0, got {best:g}: is it the third column?")
    if isnan(end.value) or not end.evaluations:
        return
    slack += 0.06 * max(abs(end.value), abs(best)) + PRECISION  # rounded to two digits; some loggers write f - target
    # of noisy functions, old loggers say the value of the best measurement
    differs = best > end.value + slack or (best < end.value - slack and (suite != "bbob-noisy" or not all_listed))
    if differs or (not all_listed and block.last > end.evaluations):
        raise Damage(
            file,
            block.at,
            f"the run ends at evaluation {block.last} with {best:.1e}, "
            f"and its .info says {end.evaluations} with {end.value:.1e}: it is cut off or another one",
        )
