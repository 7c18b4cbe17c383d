"""Methods and problems of every kind of malice, one a name, for tests/faults: a child process imports this module.

`evil[kind=...]` walks as `evil[kind=none]` does, and in some of its runs does what its kind says, after three
questions. `evil-problem[kind=...]` is a bowl that goes wrong at its sixth value, or is wrong from the beginning.
"""

import _thread
import ctypes
import decimal
import fractions
import gc
import locale
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress

import numpy as np

from bench.core import Domain, Objective, Stop, optimizer, problem

SOURCE = "fogbench's own tests 2026"
ACTS = {}  # by kind, what a method does; it gets its oracle
HANGS = []  # kinds that are ended by patience or a deadline alone
WRONG = {}  # by kind, an objective's keyword arguments
MALICE = 0.3  # of the runs


@problem(family="evil", source=SOURCE)
def evil_bowl(milliseconds: float = 0.0, dim: int = 2, instance: int = 1) -> Objective:
    """A bowl, each of whose values takes some time."""

    def formula(x):
        time.sleep(milliseconds / 1000)
        return float((x * x).sum())

    if not milliseconds:
        return Objective(lambda x: (x * x).sum(-1), dim, domain=Domain(-5.0, 5.0), f_opt=0.0)
    return Objective(formula, dim, order=0, domain=Domain(-5.0, 5.0), f_opt=0.0, arrays="numpy", vectorised=False)


@optimizer(order=0, source=SOURCE)
def evil(oracle, *, kind: str = "none"):
    malign = oracle.rng.random() < MALICE
    x = oracle.x0
    for n in range(10**9):
        if n == 3 and malign and kind != "none":
            ACTS[kind](oracle)
        x = x + oracle.rng.standard_normal(oracle.dim)
        oracle.value(x)


def is_malign(rng: np.random.Generator) -> bool:
    """Whether a run does what its kind says. rng: the method's stream, as it begins."""
    return bool(rng.random() < MALICE)


def act(function, *, hangs=False):
    kind = function.__name__.replace("_", "-")
    ACTS[kind] = function
    if hangs:
        HANGS.append(kind)
    return function


def simple(kind, function):
    ACTS[kind] = function


# the process


@act
def fork(oracle):
    os.fork()


@act
def fork_and_die(oracle):
    if os.fork():
        os._exit(7)
    time.sleep(3)


@act
def fork_and_leave(oracle):
    if os.fork() == 0:
        raise SystemExit(0)


@act
def helper_left(oracle):
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)


@act
def helper_unheeded(oracle):
    subprocess.Popen(["true"])


@act
def new_session(oracle):
    with suppress(OSError):
        os.setsid()


for _name in ("SEGV", "KILL", "TERM", "INT", "HUP", "ABRT", "ALRM", "USR1", "PIPE", "FPE"):
    simple(f"signal-{_name.lower()}", lambda oracle, name=_name: os.kill(os.getpid(), getattr(signal, f"SIG{name}")))
simple("kill-group", lambda oracle: os.killpg(0, signal.SIGKILL))
simple("abort", lambda oracle: os.abort())
simple("exit-0", lambda oracle: os._exit(0))
simple("exit-75", lambda oracle: os._exit(75))  # as one that gives back what it has not begun
simple("system-exit", lambda oracle: sys.exit(3))


@act
def stop_itself(oracle):
    os.kill(os.getpid(), signal.SIGSTOP)


HANGS.append("stop-itself")


@act
def interrupt(oracle):
    raise KeyboardInterrupt


# what hangs


def deadlock(oracle):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def sleep(oracle):
    time.sleep(600)


def hold_the_interpreter(oracle):
    ctypes.PyDLL(None).sleep(600)


def spin(oracle):
    while True:
        pass


def hear_nothing_slowly(oracle):
    while True:
        try:
            oracle.value(oracle.x0)
        except:  # noqa: E722
            time.sleep(0.2)


def never_return(oracle):
    with suppress(Stop):
        while True:
            oracle.value(oracle.x0)
    while True:
        with suppress(BaseException):
            time.sleep(1)


for _function in (deadlock, sleep, hold_the_interpreter, spin, hear_nothing_slowly, never_return):
    act(_function, hangs=True)


# descriptors


@act
def close_all(oracle):
    os.closerange(0, 256)


@act
def close_standard(oracle):
    os.closerange(0, 3)


@act
def redirect_all(oracle):
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3, 64):
        with suppress(OSError):
            os.dup2(nowhere, descriptor)


@act
def write_all(oracle):
    for descriptor in range(3, 256):
        with suppress(OSError):
            os.set_blocking(descriptor, False)
            os.write(descriptor, b"\x00\x00\x10\x00 nonsense " * 9)


@act
def forge_all(oracle):
    """What looks like messages of a process to its coordinator, and is none."""
    import pickle
    import zlib

    from bench.runner.channel import BEGIN, HEADER

    for forged in (("x",), (1,), (None,), ((1, 2, 3),), ((None, None),), (np.zeros(3),), 5, {1: 2}):
        packed = pickle.dumps(forged)
        for descriptor in range(3, 64):
            with suppress(OSError):
                os.write(descriptor, HEADER.pack(BEGIN, len(packed), zlib.crc32(packed)) + packed)


@act
def read_all(oracle):
    for descriptor in range(3, 256):
        with suppress(OSError):
            os.set_blocking(descriptor, False)
            os.read(descriptor, 1 << 16)


@act
def leak_descriptors(oracle):
    evil.leaked = [os.open(os.devnull, os.O_RDONLY) for _ in range(200)]


@act
def flood(oracle):
    for _ in range(200):
        os.write(1, b"x" * 10_000)
        print("y" * 10_000)


# memory and depth


@act
def hog(oracle):
    held = []
    while True:
        held.append(np.ones(2_000_000))
        oracle.value(oracle.x0 + len(held))
        time.sleep(0.01)


@act
def recursion(oracle):
    recursion(oracle)


simple("memory-error", lambda oracle: np.empty(1 << 60))
simple("huge-list", lambda oracle: [0] * (1 << 60))


# what the next run would see


simple("chdir", lambda oracle: os.chdir("/"))
simple("environ", lambda oracle: os.environ.clear())
simple("path", lambda oracle: sys.path.clear())
simple("finders", lambda oracle: sys.meta_path.clear())
simple("locale", lambda oracle: locale.setlocale(locale.LC_ALL, "C"))
simple("errstate", lambda oracle: np.seterr(all="raise"))
simple("warnings", lambda oracle: warnings.simplefilter("error"))
simple("print-options", lambda oracle: np.set_printoptions(precision=1))
simple("collector", lambda oracle: gc.disable())
simple("collector-always", lambda oracle: gc.set_threshold(1, 1, 1))
simple("switch-interval", lambda oracle: sys.setswitchinterval(100))
simple("shallow", lambda oracle: sys.setrecursionlimit(100))
simple("umask", lambda oracle: os.umask(0o777))
simple("alarm", lambda oracle: signal.setitimer(signal.ITIMER_REAL, 0.05))
simple("alarm-often", lambda oracle: signal.setitimer(signal.ITIMER_REAL, 10, 0.001))
simple("ignores", lambda oracle: [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGTERM, signal.SIGCHLD)])
simple("blocks", lambda oracle: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()))
simple("nice", lambda oracle: os.nice(5))
simple("affinity", lambda oracle: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]))
simple("few-files", lambda oracle: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16)))
simple("little-memory", lambda oracle: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))
simple("seeds", lambda oracle: (np.random.seed(0), random.seed(0)))
simple("streams", lambda oracle: [setattr(sys, name, None) for name in ("stdin", "stdout", "stderr")])
simple("modules", lambda oracle: [sys.modules.pop(name) for name in list(sys.modules) if name.startswith("numpy")])
simple("tracer", lambda oracle: sys.settrace(lambda *_: 1 / 0))
simple("quiet-profiler", lambda oracle: sys.setprofile(lambda *_: None))
simple("profiler", lambda oracle: sys.setprofile(lambda *_: 1 / 0))


@act
def decimals(oracle):
    decimal.getcontext().prec = 1


@act
def umask(oracle):
    os.umask(0o777)


@act
def switches(oracle):
    import torch

    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float16)
    torch.set_flush_denormal(True)
    torch.set_default_device("meta")
    torch.inference_mode().__enter__()
    torch.manual_seed(0)


@act
def threads(oracle):
    def busy():
        while True:
            np.random.seed(0)
            random.seed(0)
            os.environ["EVIL"] = "yes"

    threading.Thread(target=busy, daemon=True).start()


@act
def hidden_thread(oracle):
    """One that the module threading does not list."""

    def busy():
        while True:
            np.random.seed(0)
            random.seed(0)
            time.sleep(0)

    _thread.start_new_thread(busy, ())
    time.sleep(0.01)  # it has begun


@act
def hooks(oracle):
    import torch

    torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor * 2, lambda tensor: tensor).__enter__()


@act
def modes(oracle):
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Doubling(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
            return function(*arguments, **(keywords or {})) * 2

    Doubling().__enter__()
    torch.autocast("cpu").__enter__()


@act
def thread_that_asks(oracle):
    def ask():
        while True:
            with suppress(BaseException):
                oracle.value(np.zeros(2))

    threading.Thread(target=ask, daemon=True).start()


@act
def replaced_numpy(oracle):
    np.sum = np.mean = np.array = np.asarray = lambda *_, **__: 0.0


@act
def replaced_clock(oracle):
    time.perf_counter = time.monotonic = time.time = lambda: 0.0


@act
def replaced_oracle(oracle):
    type(oracle).value = lambda self, x: 0.0


@act
def replaced_ledger(oracle):
    from bench.core.ledger import Ledger

    Ledger.record = lambda *_: None
    Ledger.charge = lambda *_: None


@act
def replaced_builtins(oracle):
    import builtins

    builtins.float = builtins.len = lambda *_: 0


# ends and questions


@act
def raise_stop(oracle):
    raise Stop


@act
def raise_with_no_text(oracle):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    raise Mute


@act
def raise_what_cannot_be_packed(oracle):
    class Local(BaseException):
        def __reduce__(self):
            raise TypeError("no")

    raise Local(threading.Lock())


simple("raise-long", lambda oracle: (_ for _ in ()).throw(RuntimeError("x" * 10**7)))
simple("raise-odd", lambda oracle: (_ for _ in ()).throw(RuntimeError("\x1b[2J\udcff\0\u202e")))


@act
def hear_nothing(oracle):
    while True:
        try:
            oracle.value(oracle.x0)
        except:  # noqa: E722
            continue


@act
def change_the_question(oracle):
    x = oracle.x0
    oracle.value(x)
    x[:] = np.nan


simple("ask-nan", lambda oracle: oracle.value(np.full(oracle.dim, np.nan)))
simple("ask-text", lambda oracle: oracle.value(np.array(["a", "b"])))
simple("ask-much", lambda oracle: oracle.value(np.zeros((100_000, oracle.dim))))
simple("ask-nothing", lambda oracle: [oracle.value(np.empty((0, oracle.dim))) for _ in range(9)])
simple("restart-often", lambda oracle: [oracle.restart() for _ in range(999)])
simple("recommend-nan", lambda oracle: oracle.recommend(np.full(oracle.dim, np.nan)))
simple("set-budget", lambda oracle: setattr(oracle, "_limit", 10**9))
simple("set-books", lambda oracle: oracle.__dict__.update(_limit=10**9))


# problems


def goes_wrong(answer):
    """A formula whose sixth value, and those after it, are what `answer` makes of the point."""
    asked = []

    def formula(x):
        asked.append(1)
        return answer(x) if len(asked) > 5 else float((x * x).sum())

    return {"formula": formula}


def raises(error):
    def answer(x):
        raise error

    return goes_wrong(answer)


class Odd:
    def __float__(self):
        raise ZeroDivisionError("no number")


VALUES = {
    "nan": np.nan, "inf": np.inf, "minus-inf": -np.inf, "none": None, "text": "3.5", "bytes": b"1", "list": [1.0, 2.0],
    "empty": np.empty(0), "dict": {"f": 1.0}, "complex": 1j, "boolean": True, "huge": 10**400, "object": object(),
    "odd": Odd(), "decimal": decimal.Decimal("1.5"), "fraction": fractions.Fraction(1, 3), "matrix": np.ones((2, 2)),
    "half": np.float16(1.5), "masked": np.ma.masked, "type": float, "generator": (n for n in ()), "below": -1.0,
    "largest": sys.float_info.max, "negative-zero": -0.0, "denormal": 5e-324,
}  # fmt: skip
WRONG |= {f"gives-{kind}": lambda value=value: goes_wrong(lambda x: value) for kind, value in VALUES.items()}
WRONG |= {
    f"raises-{error.__name__.lower()}": lambda error=error: raises(error("evil"))
    for error in (ValueError, SystemExit, StopIteration, GeneratorExit, MemoryError, RecursionError, Stop, Warning)
}


def spoil(x):
    with suppress(ValueError):
        x[:] = 1e9
    return 0.5


def keep(x, kept=[]):  # noqa: B006
    kept.append(x)
    for each in kept:
        with suppress(ValueError):
            each += 1
    return 0.5


def noisy(x):
    np.random.seed(0)
    random.seed(0)
    warnings.warn("evil", stacklevel=1)
    print("evil")
    return float(np.random.rand())


WRONG |= {
    "writes-its-point": lambda: goes_wrong(spoil),
    "keeps-its-points": lambda: goes_wrong(keep),
    "seeds-and-prints": lambda: goes_wrong(noisy),
    "moves": lambda: goes_wrong(lambda x: (os.chdir("/"), 0.5)[1]),
    "metric-f": lambda: {"metrics": {"f": lambda x: 0.0}},
    "metric-raises": lambda: {"metrics": {"m": lambda x: 1 / 0}, "score": lambda x: (x * x).sum(-1)},
    "no-start": lambda: {"start": lambda rng: 1 / 0},
    "start-nan": lambda: {"start": lambda rng: np.full(2, np.nan)},
    "start-outside": lambda: {"start": lambda rng: np.full(2, 99.0)},
    "start-short": lambda: {"start": lambda rng: np.zeros(1)},
    "no-minimum": lambda: {"f_opt": 1.0},
    "minimum-nan": lambda: {"f_opt": np.nan},
    "bounds-swapped": lambda: {"domain": Domain(5.0, -5.0)},
    "dim-0": lambda: {"dim": 0},
    "name": lambda: {"name": "</script><b>\x1b[2J../../x\n"},
    "gradient-none": lambda: {"gradient": lambda x: None},
    "gradient-text": lambda: {"gradient": lambda x: "up"},
    "gradient-short": lambda: {"gradient": lambda x: np.zeros(1)},
    "noise-raises": lambda: {"noise": lambda rng, shape: 1 / 0},
    "noise-short": lambda: {"noise": lambda rng, shape: np.zeros(7)},
}


@problem(family="evil", source=SOURCE)
def evil_problem(kind: str = "gives-nan", instance: int = 1) -> Objective:
    facts = {"dim": 2, "domain": Domain(-5.0, 5.0), "f_opt": 0.0, "arrays": "numpy", "vectorised": False}
    facts |= {"formula": lambda x: float((x * x).sum()), **WRONG[kind]()}
    return Objective(facts.pop("formula"), facts.pop("dim"), **facts)


@optimizer(order=0, lanes=True, source=SOURCE)
def evil_lanes(oracle):
    x = oracle.x0
    while True:
        x = x + oracle.rng.standard_normal(oracle.dim)
        oracle.value(x)


@problem(family="evil", source=SOURCE)
def evil_trap(dim: int = 2, instance: int = 1) -> Objective:
    """A bowl for lanes whose fifth answer to all of them never comes."""
    asked = []

    def formula(x):
        asked.append(x.ndim > 1 and len(x) > 1)
        if sum(asked) > 5:
            time.sleep(600)
        return (x * x).sum(-1)

    return Objective(formula, dim, order=0, domain=Domain(-5.0, 5.0), f_opt=0.0, arrays="numpy", vectorised=True)
