"""What a method may change for the whole process, and the next run must not see: generators, torch's switches, the
folder, the environment, handlers of signals, copies of the process itself.

What can be given back is, after every run. What cannot (a function of a library that was replaced, a thread or a
process that goes on, a closed descriptor) is found by `Untouched`, and the process does no further run.
"""

import _signal  # pyright: ignore[reportMissingImports]  # signal makes an enumeration of each answer
import decimal
import gc
import hashlib
import locale
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import CodeType, FrameType
from typing import Any

import numpy as np

from bench.core.answers import Answers
from bench.core.books import Books
from bench.core.ledger import Ledger
from bench.core.oracle import Oracle, Stop

UNSEEDED = 67280421310721  # the seed of torch's generators in a new process
SMALLEST = 5e-324  # times one it is zero where the processor flushes such numbers
UNCHANGEABLE = {getattr(signal, name, None) for name in ("SIGKILL", "SIGSTOP")}
NUMBERS = [  # but for events of Windows' terminals, which have no handlers
    int(number)
    for number in signal.Signals
    if number.name.startswith("SIG") and number < 32 and number not in UNCHANGEABLE
]
TIMERS = [getattr(signal, name) for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF") if hasattr(signal, name)]
LIMITS = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_STACK")
DESCRIPTORS = 64  # that a method may leave open
OF_DYNAMO = "manual_seed"  # torch._dynamo wraps it when it is imported
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096  # bytes
HELD = 1 << 30  # bytes that a process may have kept of its runs
# whose functions a method may replace: what problems and other methods are computed with
WATCHED = (
    *("builtins", "math", "random", "time", "os", "sys", "numpy", "numpy.linalg", "numpy.random", "scipy.optimize"),
    *("scipy.linalg", "torch", "torch.nn.functional", "torch.linalg", "torch.optim", "torch.autograd"),
    *("bench.core.oracle", "bench.core.books", "bench.core.ledger", "bench.core.answers", "bench.core.gate"),
)
GENERATORS: Any = np.random  # of which the stubs lack something
Switch = tuple[Callable[[], Any], Callable[[Any], Any]]  # what reads it, and what sets it


@contextmanager
def given_back(name: str = "") -> Iterator[None]:
    """Give the generators of NumPy, random and torch, torch's switches and what else is the whole process's back as
    they were. A copy of this process that was forked meanwhile ends here: it is nobody's run. name: by which the
    generators are seeded meanwhile, where one is named, see `seed_generators`.

    One within another gives back what the outer one has found, and leaves it no more to do: nothing that runs between
    their ends changes any of it.
    """
    global _outer
    process, tracer, profiler, outer = os.getpid(), sys.gettrace(), sys.getprofile(), _outer
    before = _outer = outer or _Before(bool(name))
    before.take_torch()
    before.given_back = False
    torch = before.torch
    if name:
        seed_generators(name)
    with ExitStack() as stack:
        if torch:  # an inference mode that the method enters and never leaves ends with this one
            kept = torch.is_grad_enabled()
            stack.enter_context(torch.inference_mode(torch.is_inference_mode_enabled()))
            torch.set_grad_enabled(kept)
        try:
            yield
        finally:
            try:
                sys.setprofile(profiler)
            except BaseException:  # of a profiler, at this call: it is gone then
                sys.setprofile(profiler)
            if os.getpid() != process:
                os._exit(0)
            if sys.gettrace() is not tracer:
                sys.settrace(tracer)  # see `escape`
            _outer = outer
            before.give_back()


class _Before:
    """What is the whole process's, as it was."""

    def __init__(self, seeded: bool) -> None:
        """seeded: whether generators are seeded before anything draws from them."""
        self.given_back = False
        self.facts = [(read, set_, read()) for read, set_ in _facts()]
        self.python = random.getstate()
        self.aside = GENERATORS.get_bit_generator() if seeded and _spare else None
        if self.aside:
            GENERATORS.set_bit_generator(_spare)
        else:
            self.numpy = np.random.get_state()
        self.torch: Any = None

    def take_torch(self) -> None:
        """Torch's part, as soon as it is imported."""
        if self.torch is None and (torch := sys.modules.get("torch")):
            self.torch = torch
            self.switches = [(read, set_, read()) for read, set_ in _switches(torch)]
            self.on_cpu = torch.get_rng_state()
            self.on_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None

    def give_back(self) -> None:
        """Set it again, once."""
        if self.given_back:
            return
        self.given_back, torch = True, self.torch
        for read, set_, before in [*self.facts, *(self.switches if torch else ())]:
            if read() != before:
                set_(before)
        if self.aside:
            GENERATORS.set_bit_generator(self.aside)
        else:
            np.random.set_state(self.numpy)
        random.setstate(self.python)
        if torch:
            torch.set_rng_state(self.on_cpu)
        if torch and self.on_gpus is not None:
            torch.cuda.set_rng_state_all(self.on_gpus)
        elif torch and torch.cuda.is_initialized():  # by what was done meanwhile
            torch.cuda.manual_seed_all(UNSEEDED)


_outer: _Before | None = None  # of the outermost `given_back` that is open
_spare: Any = None  # a generator of NumPy for runs


def lend_generator() -> None:
    """Let runs draw from a generator of NumPy that takes the place of the process's meanwhile: to read the state of
    that and set it again takes a hundred times as long. For processes that are there for runs alone, as a normal number
    that NumPy keeps for the next call is not given back."""
    global _spare
    _spare = np.random.MT19937(0)


def seed_generators(name: str) -> None:
    """Seed the generators of NumPy, random and torch by a name: what a problem draws from them is then the same in
    every process, and another in every run."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    np.random.seed(seed)
    random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)


def _facts() -> list[Switch]:
    """What Python and NumPy have of the process. Handlers and masks of signals are the main thread's alone."""
    facts: list[Switch] = [
        (_folder, _enter),
        (_environment, _set_environment),
        (_umask, os.umask),
        (lambda: sys.path[:], lambda path: sys.path.__setitem__(slice(None), path)),
        (lambda: sys.meta_path[:], lambda finders: sys.meta_path.__setitem__(slice(None), finders)),
        (lambda: warnings.filters[:], _set_filters),
        (lambda: locale.setlocale(locale.LC_ALL), lambda name: locale.setlocale(locale.LC_ALL, name)),
        (lambda: (decimal.getcontext().prec, decimal.getcontext().rounding), _set_decimal),
        (np.get_printoptions, lambda options: np.set_printoptions(**options)),
        (sys.getrecursionlimit, sys.setrecursionlimit),
        (sys.getswitchinterval, sys.setswitchinterval),
        (lambda: (sys.stdin, sys.stdout, sys.stderr), _set_streams),
        (gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
        (gc.get_threshold, lambda threshold: gc.set_threshold(*threshold)),
    ]
    if threading.current_thread() is not threading.main_thread():
        return facts
    facts.append((lambda: [_signal.getsignal(number) for number in NUMBERS], _set_handlers))
    if TIMERS:  # not on Windows
        facts.append((lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()), _set_mask))
        facts.append((lambda: [signal.getitimer(each) != (0.0, 0.0) for each in TIMERS], _stop_timers))
    return facts


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it is no more
        return ""


def _enter(folder: str) -> None:
    with suppress(OSError):  # it is no more
        os.chdir(folder)


def _umask() -> int:
    """What the system tells to those alone who set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _environment() -> dict[Any, Any]:
    """As the system has it: to decode all of it takes ten times as long."""
    encoded: Any = os.environ
    return encoded._data.copy()


def _set_environment(variables: dict[Any, Any]) -> None:
    before: Any = os.environ
    texts = {before.decodekey(key): before.decodevalue(value) for key, value in variables.items()}
    for name in os.environ.keys() - texts.keys():
        del os.environ[name]
    os.environ.update(texts)


def _set_decimal(settings: tuple[int, str]) -> None:
    decimal.getcontext().prec, decimal.getcontext().rounding = settings


def _set_filters(filters: list[Any]) -> None:
    warnings.simplefilter("default", append=True)  # which lets Python notice the change
    held: Any = warnings.filters
    held[:] = filters


def _set_streams(streams: tuple[Any, ...]) -> None:
    sys.stdin, sys.stdout, sys.stderr = streams


def _set_handlers(handlers: list[Any]) -> None:
    for number, handler in zip(NUMBERS, handlers, strict=True):
        if handler is not None and _signal.getsignal(number) is not handler:  # None: it is not Python's
            signal.signal(number, handler)


def _set_mask(blocked: set[signal.Signals]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _stop_timers(running: list[bool]) -> None:
    """Stop those that did not run before."""
    for timer, ran in zip(TIMERS, running, strict=True):
        if not ran:
            signal.setitimer(timer, 0.0)


class Untouched:
    """What a method may change for the whole process and nobody can give back: whether a process is as it was when this
    was made, and may do another run."""

    def __init__(self) -> None:
        self._threads = set(sys._current_frames())  # those of _thread, too, which threading does not list
        self._children, self._modes = _has_children(), _modes()
        self._standard, self._open = _standard(), _descriptors()
        self._scheduling, self._held = _scheduling(), _held()
        modules = [sys.modules[name] for name in WATCHED if name in sys.modules]
        self._definitions = [_Definitions(each) for each in (*modules, Oracle, Books, Ledger, Answers)]

    def __bool__(self) -> bool:
        return (
            self._threads.issuperset(sys._current_frames())
            and _has_children() <= self._children
            and _modes() == self._modes
            and _standard() == self._standard
            and _descriptors() < self._open + DESCRIPTORS
            and _scheduling() == self._scheduling
            and _held() < self._held + HELD
            and all(self._definitions)
        )


class _Definitions:
    """Whether a module or a class has the functions and classes that it had."""

    def __init__(self, holder: Any):
        self._now = vars(holder)
        self._before, self._values = dict(self._now), [*self._now.values()]

    def __bool__(self) -> bool:
        # mostly, and quick: each is the same object, in its old place
        if _equal([*self._now.values()], self._values) and next(reversed(self._now)) == next(reversed(self._before)):
            return True
        kept = ((name, value) for name, value in self._before.items() if callable(value) and name != OF_DYNAMO)
        return all(self._now.get(name) is value for name, value in kept)


def _equal(values: list[Any], others: list[Any]) -> bool:
    try:
        return values == others
    except Exception:  # of arrays, which are not equal in one word
        return False


def _has_children() -> bool:
    """Whether a process is left that a method has started; False where the system does not tell."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except (ChildProcessError, AttributeError):  # macOS has it as of late, and Windows not at all
        return False
    return True


def _modes() -> tuple[Any, ...]:
    """What torch applies to each operation, or to what it keeps for a gradient, until somebody leaves it."""
    if not (torch := sys.modules.get("torch")):
        return 0, 0, None, False
    internal = torch._C
    hooks = internal._autograd._top_saved_tensors_default_hooks(True)
    stacks = internal._len_torch_function_stack(), internal._len_torch_dispatch_stack()
    return *stacks, hooks, torch.is_autocast_enabled("cpu")


def _standard() -> list[tuple[int, int] | None]:
    """What the descriptors of input, output and errors lead to."""
    return [_leads_to(descriptor) for descriptor in (0, 1, 2)]


def _leads_to(descriptor: int) -> tuple[int, int] | None:
    try:
        facts = os.fstat(descriptor)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _descriptors() -> int:
    """How many are open; 0 where the system does not tell."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _scheduling() -> tuple[Any, ...]:
    """Cores, priority and limits of the process."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    limits: list[Any] = []
    with suppress(ImportError):  # there is none on Windows
        import resource

        limits = [resource.getrlimit(getattr(resource, name)) for name in LIMITS if hasattr(resource, name)]
    return cores, os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0, limits


def _held() -> int:
    """Bytes of memory; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0


def _switches(torch: Any) -> list[Switch]:
    """All of torch's that change what it computes, or how long that takes."""
    cudnn, deterministic = torch.backends.cudnn, torch.utils.deterministic

    def set_cudnn(switches: tuple[bool, bool, bool]) -> None:
        cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = switches

    def set_filling(filled: bool) -> None:
        deterministic.fill_uninitialized_memory = filled

    return [
        (torch.is_grad_enabled, torch.set_grad_enabled),
        (torch.get_default_dtype, torch.set_default_dtype),
        (torch.get_default_device, lambda device: torch.set_default_device(None if device.type == "cpu" else device)),
        (torch.get_num_threads, torch.set_num_threads),
        (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
        (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
        (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
        (lambda: (cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32), set_cudnn),
        (lambda: deterministic.fill_uninitialized_memory, set_filling),
        (lambda: SMALLEST * 1.0 == 0, torch.set_flush_denormal),
    ]


def escape(until: CodeType) -> None:
    """Leave a method that swallows every `Stop`, in a loop around a bare `except:`: raise one where no handler of the
    question is, at the first line of the handler itself. until: the code of the function that catches it."""

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            raise Stop("left")
        return trace

    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code is not until:
        if not frame.f_globals.get("__name__", "").startswith("bench.core."):
            frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(lambda frame, event, argument: None)
