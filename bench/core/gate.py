"""One gate for what a problem's functions give, and for the points at which they are asked: real, and well shaped."""

from collections.abc import Callable, Mapping, MutableMapping
from math import prod
from typing import Any

import numpy as np

from bench.core.arrays import converted, is_tensor
from bench.core.domain import Array
from bench.core.failures import out_of_memory, tolerable

REAL = "fiub"  # NumPy's kinds of real numbers
ALIKE = 1e-3  # relative, how near a point must come alone and among others: rounding is far below, what is wrong above
ROUNDING = 1e-12  # absolute, and of the largest answer
DOUBLE = np.dtype(np.float64)


def real(x: Any, what: str) -> Array:
    """x as an array: a tensor as it is, all else of NumPy's as float64. Raises ValueError where it holds what is no
    real number: a complex one, text, an object."""
    if is_tensor(x):
        if x.is_complex():
            raise ValueError(f"{what} must hold real numbers, got {described(x)}")
        return x
    array = _as_array(x)
    if array is None or array.dtype.kind not in REAL:
        raise ValueError(f"{what} must hold real numbers, got {described(x)}")
    return array.astype(DOUBLE, copy=False)


def python_number(value: Any) -> Any:
    """A number of NumPy's as Python's; all else as it is."""
    return value.item() if isinstance(value, np.number) else value


def checked(
    answer: Any, shape: tuple[int | None, ...], who: str, kind: str, dtype: str = "float64", device: str = "cpu"
) -> Array:
    """What a function gave, as an array of that shape: of NumPy float64 and a copy, of torch dtype with its graph.

    answer: a number, an array of either kind, a list or a Series of them; of float16 to long double, whole or Boolean.
    shape: None stands for an axis of any length; axes of length 1 may be missing or too many.
    Raises ValueError with type and shape for all else. It looks at no value, so that nothing waits for a GPU.
    """
    array = _tensor(answer, dtype, device) if kind == "torch" else _numbers(answer)
    if array is None:
        raise ValueError(f"{who} must give {_wanted(shape)}, got {described(answer)}")
    fitted = _fitted(array, shape)
    if fitted is None:
        raise ValueError(f"{who} must give {_wanted(shape)}, got {described(answer)}")
    return fitted


def own(x: Array, kind: str, dtype: str, device: str) -> Array:
    """What `checked` let in as an array of `kind`, without its graph: a copy that nobody else holds."""
    if kind == "numpy":
        return np.array(x.detach().cpu().double().numpy()) if is_tensor(x) else x
    if not is_tensor(x):
        return converted(x, kind, dtype, device)
    return x.detach().clone() if x.requires_grad else x.clone()


def at_points(
    call: Callable[[Array, Any], Any],
    single: Callable[[tuple[int, ...]], Any],
    x: Array,
    noise: Any,
    gate: Callable[[Any, tuple[int | None, ...]], Array],
    *,
    tail: tuple[int | None, ...] = (),
    role: str = "",
    vectorised: MutableMapping[str, bool],
    failed: MutableMapping[tuple[int, ...], BaseException | None] | None = None,
) -> Array:
    """What a function gives at points x (*points, dim), as an array (*points, *tail): all at once where it can, else
    point by point.

    call(x, noise): what it gives at all points; single(index): at one. gate: `checked`, but for the function's name.
    vectorised: by role, what is known; found out at the first population. Then one point is asked once more, alone: a
    function of one vector may well give an array of the right shape for a population, with other numbers in it.
    failed: where failures are tolerated, those by the index of their point. Their answers are NaN, they are not asked
    again, and a function that fails for a population is asked point by point from then on.
    """
    points = tuple(x.shape[:-1])
    known = vectorised.get(role)
    if known is not False:
        try:
            answers = gate(call(x, noise), (*points, *tail))
            known = known or prod(points) < 2 or (is_tensor(answers) and answers.device.type != "cpu")
            if not known:
                _ask_more(call, x, noise, gate, tail)
        except Exception as error:
            if out_of_memory(error) and len(points) > 1 and points[0] > 1:  # of lanes, which can be fewer
                raise
            if known and (failed is None or not tolerable(error)):
                raise
            if known and failed is not None and prod(points) == 1:
                failed[(0,) * len(points)] = error
        else:
            if known:
                return answers
            last = tuple(n - 1 for n in points)
            try:
                alone = gate(single(last), tail)
            except Exception:  # it takes populations alone
                return answers
            if _alike(alone, answers, last):
                vectorised[role] = True
                return answers
    rows = [_one(single, index, gate, tail, failed) for index in np.ndindex(*points)]
    if any(row is not None for row in rows):  # where none is answered nothing is learned
        vectorised[role] = False
    if failed is not None:
        rows = _filled(rows, x, tail, failed)
    return _stacked(rows, (*points, *tail))


def _one(
    single: Callable[[tuple[int, ...]], Any],
    index: tuple[int, ...],
    gate: Callable[[Any, tuple[int | None, ...]], Array],
    tail: tuple[int | None, ...],
    failed: MutableMapping[tuple[int, ...], BaseException | None] | None,
) -> Array | None:
    """What a function gives at one point; None where it failed there, before or now, and failures are tolerated."""
    if failed is None:
        return gate(single(index), tail)
    if index in failed:
        return None
    try:
        return gate(single(index), tail)
    except BaseException as error:
        if not tolerable(error):
            raise
        failed[index] = error
        return None


def _filled(
    rows: list[Array | None],
    x: Array,
    tail: tuple[int | None, ...],
    failed: Mapping[tuple[int, ...], BaseException | None],
) -> list[Array]:
    """The rows, with NaN in place of those that failed. Where no row tells how long they are the failure is raised."""
    answered = [row for row in rows if row is not None]
    if len(answered) == len(rows):
        return answered
    shape = tuple(answered[0].shape) if answered else tail
    if None in shape:
        raise next(error for error in failed.values() if error is not None)
    row = np.full(shape, np.nan)  # pyright: ignore[reportArgumentType, reportCallIssue]
    nan = converted(row, "torch", str(x.dtype).removeprefix("torch."), x.device) if is_tensor(x) else row
    return [nan if row is None else row for row in rows]


def _ask_more(
    call: Callable[[Array, Any], Any],
    x: Array,
    noise: Any,
    gate: Callable[[Any, tuple[int | None, ...]], Array],
    tail: tuple[int | None, ...],
) -> None:
    """Where there are as many points as coordinates, x[0] of a population has as many numbers as it has points: ask
    about more of them, whose answers have another shape. Raises ValueError where that is wrong, or what the function
    raises."""
    points, dim = tuple(x.shape[:-1]), int(x.shape[-1])
    if not {1, dim} >= set(points):
        return
    axis, repeats = len(points) - 1, 2 if dim != 2 else 3
    more = None if noise is None else _repeated(noise, repeats, axis)
    gate(call(_repeated(x, repeats, axis), more), (*points[:-1], points[-1] * repeats, *tail))


def _alike(alone: Array, answers: Array, index: tuple[int, ...]) -> bool:
    """Whether an answer alone is that among others, but for rounding."""
    one, all_answers = (own(array, "numpy", "float64", "cpu") for array in (alone, answers))
    largest = np.abs(all_answers[np.isfinite(all_answers)]).max(initial=1.0)
    among = all_answers[index]
    return one.shape == among.shape and np.allclose(one, among, ALIKE, ROUNDING * largest, equal_nan=True)


def _repeated(x: Array, repeats: int, axis: int) -> Array:
    if not is_tensor(x):
        return np.concatenate([x] * repeats, axis)
    import torch

    return torch.cat([x] * repeats, axis)


def _stacked(rows: list[Array], shape: tuple[int | None, ...]) -> Array:
    if not rows or not is_tensor(rows[0]):
        return np.array(rows, dtype=DOUBLE).reshape([-1 if n is None else n for n in shape])
    import torch

    return torch.stack(rows).reshape([-1 if n is None else n for n in shape])


def _numbers(answer: Any) -> np.ndarray | None:
    """A copy of an answer as float64; None where it holds no real numbers."""
    if type(answer) is np.ndarray and answer.dtype is DOUBLE:
        return answer.copy()
    array = _as_array(answer)
    return None if array is None or array.dtype.kind not in REAL else np.array(array, dtype=DOUBLE)


def _as_array(answer: Any) -> np.ndarray | None:
    """NumPy's array of an answer of whatever kind; None where there is none, as of rows of unequal length."""
    if is_tensor(answer):
        return None if answer.is_complex() else answer.detach().cpu().double().numpy()
    if isinstance(answer, (list, tuple)):
        answer = [_as_array(entry) if is_tensor(entry) else entry for entry in answer]
    try:
        array = np.asarray(answer)
        if array.dtype.kind == "O" and not array.ndim and not isinstance(answer, np.ndarray):
            return np.asarray(float(answer))  # a fraction, a decimal number
    except (ValueError, TypeError, OverflowError):
        return None
    return array


def _tensor(answer: Any, dtype: str, device: str) -> Any:
    """An answer as a tensor, with its graph; None where it holds no real numbers."""
    import torch

    tensor: Any = answer
    if isinstance(answer, (list, tuple)) and any(map(is_tensor, answer)):
        entries = [_tensor(entry, dtype, device) for entry in answer]
        if any(entry is None or entry.shape != entries[0].shape for entry in entries):
            return None
        tensor = torch.stack(entries)
    if not is_tensor(tensor):
        array = _numbers(answer)
        tensor = None if array is None else torch.as_tensor(array, device=device)
    wanted = getattr(torch, dtype)
    if tensor is not None and tensor.dtype is wanted and tensor.device.type == device:
        return tensor  # the usual one
    return None if tensor is None or tensor.is_complex() else tensor.to(device=device, dtype=wanted)


def _fitted(array: Array, shape: tuple[int | None, ...]) -> Array | None:
    """An array in a shape; None where it does not fit."""
    there = tuple(array.shape)
    if there == shape:
        return array
    if None in shape:
        fits = len(there) == len(shape) and all(n in (None, m) for n, m in zip(shape, there, strict=True))
        return array if fits else None
    wanted = [n for n in shape if n is not None]
    return array.reshape(wanted) if [n for n in there if n != 1] == [n for n in wanted if n != 1] else None


def _wanted(shape: tuple[int | None, ...]) -> str:
    text = ", ".join("m" if n is None else str(n) for n in shape)
    return f"real numbers of shape ({text}{',' if len(shape) == 1 else ''})" if shape else "one real number"


def described(answer: Any) -> str:
    """What an answer is, by type and shape: `None`, `list of unequal rows`, `complex128 of shape (2,)`."""
    if is_tensor(answer):
        return f"{answer.dtype} of shape {tuple(answer.shape)}".replace("torch.", "a tensor of ")
    if isinstance(answer, np.ndarray):
        return f"{answer.dtype} of shape {answer.shape}"
    name = "None" if answer is None else type(answer).__name__
    if isinstance(answer, (list, tuple)):
        array = _as_array(answer)
        return f"{name} of unequal rows" if array is None else f"{name} of {array.dtype}, shape {array.shape}"
    shape = getattr(answer, "shape", None)
    return f"{name} of shape {tuple(shape)}" if isinstance(shape, tuple) and shape else name
