"""How many evaluations a second lanes give on a machine, and how many lanes pay there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter
from typing import Any

from bench.core import registry
from bench.core.failures import out_of_memory
from bench.core.objective import Objective
from bench.core.oracle import Oracle
from bench.core.stretch import is_asynchronous, waited
from bench.runner.devices import free_memory, on_device
from bench.runner.execute import one_thread

WIDTHS = {"cpu": (1, 4, 16, 64, 256), "cuda": (1, 16, 64, 256, 1024, 4096)}
PROBLEMS: Mapping[str, Mapping[str, Any]] = {"mlp": {}, "transformer": {}}  # small steps, and large ones
MOST: Mapping[str, Mapping[str, int]] = {"transformer": {"cpu": 64, "cuda": 256}}  # lanes that are measured of these
BATCH, ROWS = 32, 256  # rows of data of an evaluation, and that the problem keeps: scores are not what is measured
SECONDS, LEAST = 0.5, 3  # of a measurement, and its questions
PAYS = 0.9  # of the highest rate: the smallest width that reaches it pays
BUDGET = 1e12  # that no measurement spends
EDGE = {"cpu": 1024, "cuda": 8192}  # rows and columns of the matrices whose product shows what the device can do


@dataclass(frozen=True)
class Rate:
    """Gradients on mini-batches a second, of all lanes together.

    width: how many lanes went at once; 0 for runs one by one. operations: floating-point ones of an evaluation's
    matrix products, or NaN. peak: those a second that one large product reaches on the same device.
    """

    problem: str
    width: int
    evaluations: float
    operations: float
    peak: float

    @property
    def share(self) -> float:
        """The fraction of the peak that is reached."""
        return self.evaluations * self.operations / self.peak


def light(objective: Objective) -> Objective:
    """The problem with few rows of data and nothing that is measured beside f, judged at its start and end alone."""
    data = {key: rows[:ROWS] for key, rows in objective.data.items()}
    return replace(objective, data=data, test={}, metrics={}, higher=(), of_data=(), checkpoints=0)


def rate(objective: Objective, width: int, device: str, seconds: float = SECONDS) -> float:
    """Evaluations a second of so many lanes at once, or of one run after the other where the width is 0."""
    seeds = list(range(max(width, 1)))
    oracle = Oracle(
        [objective] * width if width else objective, BUDGET, seeds if width else 0, arrays="torch", device=device
    )
    x = oracle.x0
    oracle.recommend(x)
    batches = oracle.minibatches(BATCH)

    def ask(questions: int) -> float:
        began = perf_counter()
        for batch in islice(batches, questions):
            batch.gradient(x)
        if is_asynchronous(device):
            waited(device)
        return perf_counter() - began

    ask(LEAST)  # what a device prepares when it is first asked
    questions = LEAST
    while (took := ask(questions)) < seconds:
        questions = max(questions + 1, int(1.2 * questions * seconds / max(took, 1e-6)))
    return max(width, 1) * questions / took


def operations(objective: Objective) -> float:
    """Floating-point operations of the matrix products in one evaluation."""
    from torch.utils.flop_counter import FlopCounterMode

    oracle = Oracle([objective], BUDGET, [0], arrays="torch")
    x = oracle.x0
    [batch] = islice(oracle.minibatches(BATCH), 1)
    with FlopCounterMode(display=False) as counted:
        batch.gradient(x)
    return float(counted.get_total_flops())


def peak(device: str) -> float:
    """Floating-point operations a second of one large product of float32 matrices."""
    import torch

    edge, times = EDGE[device.partition(":")[0]], 3
    a = torch.ones(edge, edge, device=device)

    def seconds() -> float:
        began = perf_counter()
        for _ in range(times):
            torch.mm(a, a)
        if is_asynchronous(device):
            waited(device)
        return perf_counter() - began

    seconds()
    return 2 * edge**3 * times / min(seconds() for _ in range(2))


def rates(
    device: str,
    widths: Sequence[int] = (),
    problems: Mapping[str, Mapping[str, Any]] = PROBLEMS,
    seconds: float = SECONDS,
    heard: Callable[[Rate], None] = lambda _: None,
) -> list[Rate]:
    """Rates of some problems, one by one and in lanes of several widths, up to the first that does not fit into memory.

    heard: is told of each as it is there.
    """
    kind = device.partition(":")[0]
    measured: list[Rate] = []
    with one_thread(), on_device(device):
        highest = peak(device)
        for name, parameters in problems.items():
            objective = light(registry.find_problem(name).make(**parameters))
            each = operations(objective)
            most = MOST[name][kind] if name in MOST else max(WIDTHS[kind])
            for width in (0, *(width for width in widths or WIDTHS[kind] if width <= most)):
                try:
                    evaluations = rate(objective, width, device, seconds)
                except Exception as error:
                    if not out_of_memory(error):
                        raise
                    free_memory()
                    break
                measured.append(Rate(name, width, evaluations, each, highest))
                heard(measured[-1])
    return measured


def paying(measured: Sequence[Rate]) -> Iterator[tuple[str, int]]:
    """Each problem with the smallest width that nearly reaches its highest rate."""
    for name in dict.fromkeys(each.problem for each in measured):
        lanes = [each for each in measured if each.problem == name and each.width]
        highest = max((each.evaluations for each in lanes), default=0.0)
        yield name, min((each.width for each in lanes if each.evaluations >= PAYS * highest), default=1)
