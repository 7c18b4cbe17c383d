"""Methods and problems that misbehave, for the tests; a child process imports this module by its name."""

import ctypes
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from bench.core import Domain, Objective, Stop, Unavailable, optimizer, problem


@problem(family="odd", source="fogbench's own tests 2026")
def odd_bowl(dim: int = 2, instance: int = 1) -> Objective:
    return Objective(lambda x: (x * x).sum(-1), dim, domain=Domain(-5.0, 5.0), f_opt=0.0)


@problem(family="odd", source="fogbench's own tests 2026")
def odd_black_box(dim: int = 2, instance: int = 1) -> Objective:
    return Objective(lambda x: (x * x).sum(-1), dim, order=0, arrays="numpy")


@problem(family="odd", source="fogbench's own tests 2026", failures="nan")
def odd_fragile(dim: int = 2, instance: int = 1) -> Objective:
    def formula(x):
        if x[0] > 0:
            raise RuntimeError("the solver did not converge")
        return float((x * x).sum())

    return Objective(formula, dim, order=0, domain=Domain(-5.0, 5.0), arrays="numpy", vectorised=False)


@problem(family="odd", source="fogbench's own tests 2026")
def odd_slow(dim: int = 2, instance: int = 1) -> Objective:
    def formula(x):
        time.sleep(0.02)
        return float((x * x).sum())

    return Objective(formula, dim, order=0, domain=Domain(-5.0, 5.0), arrays="numpy", vectorised=False)


@problem(family="odd", source="fogbench's own tests 2026")
def odd_unbuildable(instance: int = 1) -> Objective:
    def formula(x):
        raise RuntimeError("no value here")

    return Objective(formula, 2, order=0, arrays="numpy")


@problem(family="odd", source="fogbench's own tests 2026", needs=("a_module_that_is_not_there",))
def odd_elsewhere(instance: int = 1) -> Objective:
    raise ImportError("never called")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_walk(oracle, *, step: float = 1.0):
    x = oracle.x0
    while True:
        x = x + step * oracle.rng.standard_normal(oracle.dim)
        oracle.value(x)


@optimizer(order=1, source="fogbench's own tests 2026", lanes=True, arrays="torch")
def odd_descent(oracle, *, lr: float = 0.01):
    x = oracle.x0
    while True:
        x -= lr * oracle.gradient(x)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_particular(oracle):
    raise Unavailable("wants another problem")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_chatter(oracle):
    np.random.seed(0)
    print("printed by Python")
    os.write(1, b"written to 1\n")
    os.write(2, b"written to 2\n")
    oracle.value(oracle.x0)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_crash(oracle):
    for _ in range(3):
        oracle.value(oracle.x0 * 0.5)
    raise RuntimeError("lost in the fog")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_letters(oracle):
    raise RuntimeError("\udcff is no character")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_exit(oracle):
    oracle.value(oracle.x0)
    raise SystemExit(3)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_killed(oracle):
    """The seeds tell the runs of a chunk apart: only those that draw below a half take their process down."""
    mortal = oracle.rng.random() < 0.5
    while True:
        oracle.value(oracle.x0)
        if mortal:
            os._exit(9)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_sleeper(oracle):
    oracle.value(oracle.x0)
    time.sleep(60)


def helper(*, forks: int = 0, **options) -> None:
    """Start a process that sleeps, in a session of its own, and write its number down; through others that end."""
    program = "import os, sys, time\nfor _ in range(int(sys.argv[1])):\n    if os.fork(): os._exit(0)\nos.setsid()\n"
    program += "open(sys.argv[2], 'a').write(f'{os.getpid()}\\n')\ntime.sleep(600)\n"
    subprocess.Popen([sys.executable, "-S", "-c", program, str(forks + 1), os.environ["ODD_PIDS"]], **options)


def wait_for_helpers(number: int) -> None:
    while len(Path(os.environ["ODD_PIDS"]).read_text().splitlines()) < number:
        time.sleep(0.01)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_master(oracle, *, end: str = "hang"):
    """Starts helpers, and holds the interpreter in C, returns, or dies."""
    with open(os.environ["ODD_PIDS"], "a") as file:
        file.write(f"{os.getpid()}\n")
    helper()
    helper(forks=1)
    wait_for_helpers(3)
    oracle.value(oracle.x0)
    if end == "hang":
        with open(os.environ["ODD_PIDS"] + ".hangs", "w"):
            ctypes.PyDLL(None).sleep(600)  # which does not let go of the interpreter, as CDLL does
    if end == "die":
        os.kill(os.getpid(), signal.SIGSEGV)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_scribbler(oracle):
    """Writes into all descriptors that are open, in one run of two."""
    oracle.value(oracle.x0)
    if oracle.rng.random() < 0.5:
        for descriptor in range(3, 256):
            with suppress(OSError):
                os.set_blocking(descriptor, False)
                os.write(descriptor, b"\x00\x00\x10\x00 nonsense " * 9)
    while True:
        oracle.value(oracle.x0)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_imports(oracle):
    """Fails with the modules that its process has imported itself."""
    oracle.value(oracle.x0)
    names = list(sys.modules)
    raise RuntimeError(" ".join(names[names.index("bench.runner.guard") + 1 :]))


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_thinker(oracle):
    """Hangs in C, which holds the interpreter, after one question."""
    oracle.value(oracle.x0)
    ctypes.PyDLL(None).sleep(600)


@optimizer(order=1, source="fogbench's own tests 2026", lanes=True, arrays="torch")
def odd_dreamer(oracle):
    """Hangs in lockstep."""
    oracle.gradient(oracle.x0)
    time.sleep(600)


@problem(family="odd", source="fogbench's own tests 2026")
def odd_ponderous(dim: int = 2, instance: int = 1) -> Objective:
    """Takes seconds for a value away from its start."""
    first = []

    def formula(x):
        if first:
            time.sleep(2.5)
        first.append(x)
        return float((x * x).sum())

    return Objective(formula, dim, order=0, domain=Domain(-5.0, 5.0), arrays="numpy", vectorised=False)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_glutton(oracle):
    held = []
    while True:
        oracle.value(oracle.x0)
        held.append(np.ones(2_000_000))
        time.sleep(0.01)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_silent(oracle):
    """Returns without a question."""


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_vacant(oracle):
    """Asks about nothing, and returns."""
    oracle.value(np.empty((0, oracle.dim)))


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_quitter(oracle):
    """Returns after ten questions: it is restarted."""
    for _ in range(10):
        oracle.value(oracle.x0)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_deaf(oracle):
    """Never hears that the run has ended."""
    while True:
        try:
            oracle.value(oracle.x0 * 0.5)
        except:  # noqa: E722
            continue


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_lost(oracle):
    """Asks at what is no point, and never hears of it."""
    oracle.value(oracle.x0 * 0.5)
    while True:
        try:
            oracle.value(oracle.x0 * 1j)
        except:  # noqa: E722
            continue


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_empty(oracle):
    """Asks about nothing, and then about something, until it is left."""
    while True:
        oracle.value(np.empty((0, oracle.dim)))
        oracle.value(oracle.x0)


@optimizer(order=1, source="fogbench's own tests 2026", lanes=True, arrays="torch")
def odd_stopper(oracle):
    oracle.gradient(oracle.x0)
    raise Stop


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_forker(oracle):
    """A copy of the process goes on with this run, and, if nothing stops it, with those that follow."""
    if oracle.rng.random() < 0.5:
        os.fork()
    for _ in range(5):
        oracle.value(oracle.x0)
        time.sleep(0.01)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_daemon(oracle):
    """Leaves a copy of the process behind, which holds the pipe, and dies."""
    oracle.value(oracle.x0)
    if os.fork():
        os._exit(9)
    time.sleep(20)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_switcher(oracle):
    """Sets everything that is the whole process's."""
    import random

    import torch

    oracle.value(oracle.x0)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    torch.set_float32_matmul_precision("medium")
    torch.set_flush_denormal(True)
    torch.set_default_device("meta")
    torch.autograd.set_detect_anomaly(True)
    torch.backends.cudnn.benchmark = True
    odd_switcher.guard = torch.inference_mode()
    odd_switcher.guard.__enter__()
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    oracle.value(oracle.x0)


def _square(x, limits, rows=None):
    width, kind = limits.split()
    if x.shape[0] > int(width):
        import torch

        if kind == "gpu":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        if kind == "python":
            raise MemoryError("Unable to allocate 8.00 EiB")
        torch.empty(10**18)
    return (x * x).sum(-1)


def _square_and_hungry_at_last(x, limits, rows=None):
    return _square(x, limits if x.requires_grad else "1000 none")


@problem(family="odd", source="fogbench's own tests 2026")
def odd_hungry(
    width: int = 2, kind: str = "gpu", late: bool = False, data: bool = False, instance: int = 1
) -> Objective:
    """More lanes than the width do not fit into memory: at the start, or with gradients alone."""
    return Objective(
        _square_and_hungry_at_last if late else _square, 2, domain=Domain(-5.0, 5.0), f_opt=0.0,
        constants={"limits": f"{width} {kind}"}, arrays="torch",
        data={"rows": np.zeros(4)} if data else {},
    )  # fmt: skip


@optimizer(order=1, lanes=True, arrays="torch", source="fogbench's own tests 2026")
def odd_stubborn_descent(oracle):
    x = oracle.x0
    for _ in range(5):
        try:
            x = x - 0.1 * oracle.gradient(x)
        except Exception:
            return


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_pid(oracle):
    """Says in which process it was."""
    oracle.value(oracle.x0)
    raise RuntimeError(f"process {os.getpid()}")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_pid_too(oracle):
    odd_pid(oracle)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_pid_patched(oracle):
    """And replaces a function that others use."""
    math.cos = lambda x: 1.0
    odd_pid(oracle)
