"""What a method may change for the whole process, and the next run must not see: generators, torch's switches, copies
of the process itself."""

import hashlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

from bench.core.oracle import Stop

UNSEEDED = 67280421310721  # the seed of torch's generators in a new process
SMALLEST = 5e-324  # times one it is zero where the processor flushes such numbers
Switch = tuple[Callable[[], Any], Callable[[Any], Any]]  # what reads it, and what sets it


@contextmanager
def given_back() -> Iterator[None]:
    """Give the generators of NumPy, random and torch, and torch's switches, back as they were. A copy of this process
    that was forked meanwhile ends here: it is nobody's run."""
    process, tracer = os.getpid(), sys.gettrace()
    numpy_state, python_state = np.random.get_state(), random.getstate()
    torch = sys.modules.get("torch")
    with ExitStack() as stack:
        switches = [(read, set_, read()) for read, set_ in _switches(torch)] if torch else []
        on_cpu = torch.get_rng_state() if torch else None
        on_gpus = torch.cuda.get_rng_state_all() if torch and torch.cuda.is_initialized() else None
        if torch:  # an inference mode that the method enters and never leaves ends with this one
            kept = torch.is_grad_enabled()
            stack.enter_context(torch.inference_mode(torch.is_inference_mode_enabled()))
            torch.set_grad_enabled(kept)
        try:
            yield
        finally:
            if os.getpid() != process:
                os._exit(0)
            if sys.gettrace() is not tracer:
                sys.settrace(tracer)  # see `escape`
            np.random.set_state(numpy_state)
            random.setstate(python_state)
            for read, set_, before in switches:
                if read() != before:
                    set_(before)
            if torch:
                torch.set_rng_state(on_cpu)
            if torch and on_gpus is not None:
                torch.cuda.set_rng_state_all(on_gpus)
            elif torch and torch.cuda.is_initialized():  # by what was done meanwhile
                torch.cuda.manual_seed_all(UNSEEDED)


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
