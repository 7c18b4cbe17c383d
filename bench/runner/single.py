"""One run, or one lockstep batch of runs: the only place where a method meets an oracle."""

import importlib
import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, nan
from time import monotonic
from typing import Any

import numpy as np

from bench.core import registry
from bench.core.books import MEASURED, REFUSALS
from bench.core.failures import out_of_memory
from bench.core.foreign import refuse_suspended, said
from bench.core.ledger import QUESTIONS, Ledger, impossible
from bench.core.objective import Objective
from bench.core.oracle import Oracle, books_of
from bench.core.registry import OptimizerDefinition
from bench.core.status import HALVED, NOT_REPEATABLE, SILENT, UNBOUNDED, Status
from bench.runner.devices import free_memory, nondeterminism, on_device
from bench.runner.given_back import escape, given_back
from bench.runner.memory import Held, peak
from bench.runner.plan import Job, RunSpec
from bench.runner.pulse import felt

TRACEBACK = 10_000  # characters kept
STATUSES = frozenset(map(str, Status))
TINY = 1e-6  # seconds
LACK = 200  # characters of what is said of a lack of memory
LEFT = f"the method went on after its end, and was left when {REFUSALS:,} questions had been refused"
LINGERED = "the method went on after its end, and was left when it had not returned {:g} s later"


@dataclass(frozen=True)
class RunRecord:
    """What one run did.

    trajectory: (events, questions + 3 + metrics), the columns being the counts of each question, seconds inside and
    outside the problem, the value and the metrics; its first row is the start.
    """

    spec: RunSpec
    status: str
    error: str = ""
    family: str = ""
    problem_order: int | None = None
    order: int | None = None
    scored: bool = False
    dim: int | None = None
    rows: int = 1
    f_opt: float | None = None
    counts: tuple[int, ...] = (0,) * len(QUESTIONS)
    inside: float = 0.0
    outside: float = 0.0
    first: float = nan
    best: float = nan
    final: float = nan
    best_x: np.ndarray | None = None
    state_bytes: int | None = None  # that the method held, a lane; None where it was not measured
    peak_memory: int | None = None  # bytes of its process, or of CUDA's allocator, at their most; of single runs
    failed_values: int | None = None  # evaluations that failed; None where failures end the run
    lanes: int = 0  # the width of the lockstep batch; 0 for a run alone
    restarts: tuple[tuple[int, ...], ...] = ()
    metrics: tuple[str, ...] = ()
    higher: tuple[str, ...] = ()  # the metrics of which more is better
    trajectory: np.ndarray = field(default_factory=lambda: np.empty((0, len(QUESTIONS) + 3)))
    points: np.ndarray | None = None  # asked points of a two-dimensional problem


def sound(record: RunRecord) -> bool:
    """Whether all of a record is of its kind: one that comes from a process where a method replaced functions of NumPy,
    say, may hold anything."""
    try:
        numbers = (record.inside, record.outside, record.first, record.best, record.final)
        wholes = (record.problem_order, record.order, record.dim, record.state_bytes, record.peak_memory)
        arrays = [array for array in (record.best_x, record.points) if array is not None]
        tuples = (record.counts, record.restarts, record.metrics, record.higher)
        return (
            all(isinstance(number, float) for number in numbers)
            and all(whole is None or isinstance(whole, int) for whole in (*wholes, record.failed_values))
            and all(isinstance(number, int) for number in (record.rows, record.lanes, record.scored))
            and (record.f_opt is None or isinstance(record.f_opt, (float, int)))
            and all(isinstance(array, np.ndarray) and array.dtype.kind == "f" for array in (*arrays, record.trajectory))
            and all(isinstance(each, tuple) for each in (*tuples, *(record.restarts or ())))
            and all(isinstance(count, int) for counts in (record.counts, *record.restarts) for count in counts)
            and all(isinstance(text, str) for text in (record.error, record.family, *record.metrics, *record.higher))
            and record.status in STATUSES
            and len(record.counts) == len(QUESTIONS)
            and record.trajectory.shape[1:]
            == (len(QUESTIONS) + 3 + len(record.metrics) * bool(len(record.trajectory)),)
        )
    except (TypeError, AttributeError, ValueError):  # what is no tuple, say
        return False


Message = tuple[RunSpec, RunRecord | None]  # a run has begun, or has ended with its record
Leave = Callable[[Sequence[Message]], None]


def play(
    oracle: Oracle,
    method: Callable[..., None],
    hyperparameters: Mapping[str, Any],
    restarts: bool,
    measure: bool = True,
) -> str:
    """Let a method ask until the oracle stops it, or it returns for good; answers with the traceback of a crash, or "".

    With restarts, a method that returns early begins again from a new start, as long as it asks anything at all. A
    `Stop` that leaves the method while the run is open, as of a part of the budget, ends it as a return does. A method
    that swallows every `Stop` is left after many. measure: whether its memory is.
    """
    books, process = books_of(oracle), os.getpid()
    books.abandon = books.abandon or partial(escape, play.__code__)

    def once() -> None:
        refuse_suspended(method(oracle, **hyperparameters))
        if os.getpid() != process:  # a copy that the method forked: begun again it would fork again, and so on
            os._exit(0)

    try:
        # what libraries print while a run goes wrong is in its record: overflow is data, a failed line search a return
        held = Held(books, play.__code__, hyperparameters.values(), measure)
        alive = felt(books, play.__code__)
        with alive, given_back(), held, nondeterminism() as books.nondeterministic, np.errstate(all="ignore"):
            once()
            while restarts and oracle.asked:
                oracle.restart()
                once()
        books.end(Status.RETURNED)  # where the run is still open
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also what would end the program, as SystemExit
        if isinstance(error, registry.Unavailable) and not any(any(ledger.counts) for ledger in books.ledgers):
            raise  # no run: what the method needs is not there
        books.error = books.error or error
        books.end(Status.CRASHED)
        return traceback.format_exc()[-TRACEBACK:]
    return books.failure[-TRACEBACK:]


def run_job(job: Job, leave: Leave | None = None, end: float = inf) -> Iterator[Message]:
    """Do the runs of a job: (spec, None) as each begins, (spec, record) as it ends. A batch of lanes ends as one.

    leave: ends this process with the records of runs whose method never stops. end: `time.monotonic()` when the time of
    all runs is over: what is under way is cut short, and nothing begins any more.
    """
    groups = [job.specs] if job.lanes else [(spec,) for spec in job.specs]
    for specs in groups:
        if monotonic() >= end:
            return
        yield specs[0], None
        try:
            problem = registry.find_problem(specs[0].problem)
            made = {spec.instance: problem.make(spec.instance, **spec.parameters) for spec in specs}
            objectives = [made[spec.instance] for spec in specs]
            records = run_specs(specs, objectives, registry.find_optimizer(specs[0].optimizer), job.lanes, leave, end)
        except registry.Unavailable as error:
            records = [unrun(spec, Status.SKIPPED, str(error)) for spec in specs]
        except KeyboardInterrupt:
            raise
        except BaseException:  # the problem itself cannot be built, or has no value at its start
            error = traceback.format_exc()[-TRACEBACK:]
            records = [unrun(spec, Status.CRASHED, error) for spec in specs]
        yield from zip(specs, records, strict=True)


def open_oracle(
    objective: Objective | list[Objective],
    optimizer: OptimizerDefinition,
    budget: float,
    seed: int | list[int],
    *,
    gap: float,
    target: float = -inf,
    **options: Any,
) -> Oracle:
    """The oracle that an optimizer asks about one objective, or a batch of them.

    A run ends at f_opt + gap or at target, whichever is met first. options: of `Oracle`.
    """
    # what the method will use, so that its seconds are its own; torch.optim imports _dynamo when first used
    for module in (*optimizer.needs, *(("torch", "torch._dynamo") if optimizer.arrays == "torch" else ())):
        importlib.import_module(module)
    objectives = [objective] if isinstance(objective, Objective) else objective
    targets = [target if lane.f_opt is None else max(lane.f_opt + gap, target) for lane in objectives]
    on_torch = objectives[0].arrays == "torch" or options.get("device", "cpu") != "cpu"
    arrays = ("torch" if on_torch else "numpy") if optimizer.arrays == "any" else optimizer.arrays
    options = {"order": optimizer.order, "arrays": arrays, "lockstep": optimizer.lanes, **options}
    return Oracle(objective, budget, seed, target=targets, **options)


def run_specs(
    specs: Sequence[RunSpec],
    objectives: Sequence[Objective],
    optimizer: OptimizerDefinition,
    lanes: bool,
    leave: Leave | None = None,
    end: float = inf,
) -> list[RunRecord]:
    """The records of one run, or of a lockstep batch that differs only in instances and seeds. end: as of `run_job`.

    Lanes that do not all fit into memory at once begin anew, the first half of them and then the other, and so on down
    to one: a lane does not depend on those beside it.
    """
    lack, waiting, records = "", [slice(0, len(specs))], list[RunRecord]()
    while waiting:
        batch = waiting.pop(0)
        with on_device(specs[0].device, specs[batch][0].hash()):
            done = _run_specs(specs[batch], objectives[batch], optimizer, lanes, leave, end)
        if isinstance(done, str):
            free_memory()
            middle = (batch.start + batch.stop + 1) // 2
            lack, waiting = done, [slice(batch.start, middle), slice(middle, batch.stop), *waiting]
        elif len(done) < len(specs):
            remark = HALVED.format(len(specs), lack, len(done))
            records += [replace(each, error="\n".join(filter(None, (remark, each.error)))) for each in done]
        else:
            records = done
    return records


def _run_specs(
    specs: Sequence[RunSpec],
    objectives: Sequence[Objective],
    optimizer: OptimizerDefinition,
    lanes: bool,
    leave: Leave | None,
    end: float,
) -> list[RunRecord] | str:
    """Or what is said of the memory that lanes lack."""
    spec = specs[0]
    width = len(specs) if lanes else 0
    rest = max(end - monotonic(), TINY) / max(width, 1)  # the lanes of a batch share its seconds
    try:
        oracle = open_oracle(
            list(objectives) if lanes else objectives[0],
            optimizer,
            spec.budget,
            [lane.seed for lane in specs] if lanes else spec.seed,
            gap=spec.gap,
            prices=spec.prices,
            deadline=min(spec.deadline, rest),
            device=spec.device,
            suite_seed=spec.suite_seed,
        )
    except Exception as error:
        if not (width > 1 and out_of_memory(error)):
            raise
        return _lack(error)
    hyperparameters = registry.settings(optimizer, spec.hyperparameters)
    if lanes and optimizer.lane_rates:
        rates = [float(spec.hyperparameters["lr"]) for spec in specs]  # (R, 1), or one number where lanes share it
        hyperparameters["lr"] = rates[0] if len(set(rates)) == 1 else oracle.array(np.array(rates)[:, None])
    books = books_of(oracle)

    measure = lanes or spec.seed < MEASURED  # that its memory is takes as long as a tiny run
    in_use = peak(spec.device) if measure and not lanes else None

    def records(error: str) -> list[RunRecord]:
        left = LEFT if books.refused[0] >= REFUSALS else LINGERED.format(books.late) if books.late else ""
        memory = (books.state_bytes, in_use() if in_use else None)
        remark = NOT_REPEATABLE.format(", ".join(sorted(books.nondeterministic))) if books.nondeterministic else ""
        return [
            _record(spec, objective, optimizer, ledger, width, error, left, remark, memory)
            for spec, objective, ledger in zip(specs, objectives, books.ledgers, strict=True)
        ]

    if leave is not None:
        books.abandon = lambda: leave(list(zip(specs, records(books.failure[-TRACEBACK:]), strict=True)))
    error = play(oracle, optimizer.function, hyperparameters, spec.restarts, measure)
    if width > 1 and books.error is not None and out_of_memory(books.error):
        return _lack(books.error)
    return records(error)


def _lack(error: BaseException) -> str:
    """What a lack of memory is said to be, in a line."""
    return said(error.__cause__ or error).partition("\n")[0][:LACK]


def _record(
    spec: RunSpec,
    objective: Objective,
    optimizer: OptimizerDefinition,
    ledger: Ledger,
    lanes: int,
    error: str,
    left: str,
    remark: str,
    memory: tuple[int | None, int | None],
) -> RunRecord:
    status = ledger.status or Status.RETURNED
    if status == Status.DEADLINE and ledger.deadline < spec.deadline:
        status = Status.CUT
    reasons = {
        Status.CRASHED: error,
        Status.DIVERGED: "the method asked at a point that is not finite",
        Status.DEADLINE: f"the deadline was {spec.deadline:g} s",
        Status.CUT: f"the time of all runs was over {ledger.deadline * max(lanes, 1):.3g} s after it began",
        Status.RETURNED: "" if any(ledger.counts) else SILENT,
    }
    reason = reasons.get(status) or left
    return RunRecord(
        spec,
        str(status),
        "\n".join(filter(None, (first_failure(ledger, objective), fault(ledger, objective), remark, reason))),
        family=registry.find_problem(spec.problem).family,
        problem_order=objective.order,
        order=optimizer.order,
        **{name: getattr(objective, name) for name in ("scored", "dim", "rows", "f_opt")},
        **{name: getattr(ledger, name) for name in ("inside", "outside", "first", "best")},
        best_x=None if ledger.best_x is None else objective.domain.from_search(ledger.best_x),
        failed_values=ledger.failed if objective.failures == "nan" else None,
        counts=tuple(ledger.counts),
        final=ledger.events[-1][len(QUESTIONS) + 2],
        state_bytes=memory[0],
        peak_memory=memory[1],
        lanes=lanes,
        restarts=tuple(counts for counts in ledger.restarts if counts != tuple(ledger.counts)),
        metrics=tuple(objective.metrics),
        higher=tuple(objective.higher),
        trajectory=np.array(ledger.events, dtype=np.float64),
        points=None if not ledger.points else objective.domain.from_search(np.array(ledger.points)),
    )


def first_failure(ledger: Ledger, objective: Objective) -> str:
    """What failed first of a run on a problem whose failures are tolerated, or ""."""
    if ledger.failed_at is None:
        return ""
    x = objective.shown(ledger.failed_at)
    if isinstance(x, np.ndarray):
        x = np.array2string(x, 10**6, threshold=20, separator=", ")
    elif isinstance(x, dict):  # as many digits as of an array
        x = {name: float(f"{value:.9g}") if isinstance(value, float) else value for name, value in x.items()}
    trace = ledger.failure.strip()[-TRACEBACK:]
    last = trace.rpartition("\n")[2]
    return f"First failure at x = {x}: {last}" + (f"\n{trace}" if last != trace else "")


def fault(ledger: Ledger, objective: Objective) -> str:
    """What is wrong with a problem on which a run found a value of -inf, or below f_opt, or ""."""
    faults = [UNBOUNDED] * ledger.unbounded
    if objective.f_opt is not None and impossible(ledger.best, objective.f_opt):
        faults.append(f"a value of {ledger.best:.10g} is below f_opt = {objective.f_opt:.10g}: one of the two is wrong")
    return "; ".join(faults)


def unrun(spec: RunSpec, status: str, error: str) -> RunRecord:
    """The record of a run that was skipped, could not begin, or whose process died."""
    family = registry.find_problem(spec.problem).family if spec.problem.partition("+")[0] in registry.PROBLEMS else ""
    order = registry.OPTIMIZERS[spec.optimizer].order if spec.optimizer in registry.OPTIMIZERS else None
    return RunRecord(spec, str(status), error, family=family, order=order, dim=spec.dim)
