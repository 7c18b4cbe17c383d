"""NumPy and torch: arrays of one kind as the other."""

from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

import numpy as np

from bench.core.domain import Array

LARGE = 2**26  # bytes, beyond which what is sent to a GPU is waited for: memory that it can read meanwhile is scarce


def is_tensor(x: Any) -> bool:
    """Whether x is torch's; imports nothing."""
    return hasattr(x, "detach")


def same(a: Array, b: Array) -> bool:
    """Whether two arrays are of one kind, and have the same shape, numbers and signs of zero; none of them NaN."""
    if is_tensor(a) != is_tensor(b) or a.dtype != b.dtype:
        return False
    if is_tensor(a):
        return a.device == b.device and a.equal(b) and a.signbit().equal(b.signbit())
    return np.array_equal(a, b) and np.array_equal(np.signbit(a), np.signbit(b))


def converted(x: Array, kind: str, dtype: str, device: str = "cpu") -> Array:
    """x without its graph: in NumPy as float64, in torch as dtype on the device."""
    if kind == "numpy":
        return x.detach().cpu().double().numpy() if is_tensor(x) else np.asarray(x, dtype=np.float64)
    import torch

    if not is_tensor(x):
        x = sent(np.array(x), device)  # a copy: torch warns of what is read-only
    return x.detach().to(device=device, dtype=getattr(torch, dtype))


def sent(x: np.ndarray, device: str) -> Any:
    """An array as a tensor on a device: on the CPU in the same memory, to a GPU on its way while the program goes on,
    unless it is large."""
    import torch

    tensor = torch.as_tensor(x)
    if torch.device(device).type == "cpu" or x.nbytes > LARGE:
        return tensor.to(device)
    if torch.device(device).type == "cuda":  # from other memory torch waits until all is there
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def of_kind(x: Array, kind: str, dtype: str, device: str = "cpu") -> Array:
    """x as it is where it is of this kind already, else converted."""
    return x if is_tensor(x) == (kind == "torch") else converted(x, kind, dtype, device)


def constant(value: Any, kind: str, dtype: str, device: str = "cpu") -> Any:
    """What a formula takes beside x: an array of numbers in torch's kind, real ones in dtype, where `kind` is torch.
    All else stays what it is, plain numbers too."""
    if kind != "torch" or not isinstance(value, np.ndarray):
        return value
    import torch

    if value.ndim > 1 and value.shape[0] > 1 and value.strides[0] == 0:  # shared by all lanes, see `answers.stack`
        return constant(value[:1].copy(), kind, dtype, device).expand(value.shape)
    tensor = sent(value, device)
    return tensor.to(getattr(torch, dtype)) if tensor.is_floating_point() else tensor


def undifferentiated(kind: str) -> AbstractContextManager[Any]:
    """Where torch keeps no graph; with NumPy nothing."""
    return _graphs(False) if kind == "torch" else nullcontext()


def differentiated() -> AbstractContextManager[Any]:
    """Where torch keeps graphs, whatever its global switches say: the method may ask under `torch.no_grad` or
    `torch.inference_mode`."""
    return _graphs(True)


def _graphs(kept: bool) -> AbstractContextManager[Any]:
    import torch

    graphs = torch.enable_grad() if kept else torch.no_grad()
    if not torch.is_inference_mode_enabled():
        return graphs
    # tensors made in inference mode can never be differentiated, and constants and rows are kept for later
    stack = ExitStack()
    stack.enter_context(torch.inference_mode(False))
    stack.enter_context(graphs)
    return stack
