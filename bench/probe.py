"""What a user's function does at its start, asked once before all runs, off every ledger."""

import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from bench.core.arrays import converted, differentiated
from bench.core.domain import Array, Domain
from bench.core.foreign import foreign, said
from bench.given import Given
from bench.measure import words

LONGEST = 1.0  # seconds of a value beyond which a gradient is not checked
ALIKE = {"float64": 1e-10, "float32": 1e-5}  # relative, how far two values at one point may be apart by rounding
STEPS = {"float64": 1e-4, "float32": 1e-2}  # of central differences, in scales; and half of that
AGREE, OFF = 1e-3, 1e-2  # relative: how near two differences must come to be a slope, how far a gradient may be off
STRAIGHT = 0.1  # relative: how near the slopes ahead and behind must come, which at a kink they do not


@dataclass(frozen=True)
class Probed:
    """x (free,): where the function answered. value: there, as it is minimized. is_pair: whether it gives (value,
    gradient). seconds: of one call, the shorter of two. noisy: whether it is, as was said or found."""

    x: Array
    value: float
    is_pair: bool
    seconds: float
    noisy: bool = True


def probed(user: Given, points: Sequence[np.ndarray], noisy: bool) -> Probed:
    """Ask a function as runs will: at the start, the first of the points (free,), and at the others where it fails
    there and may. noisy: whether it is said to be.

    Warns of a start that fails or is not finite, and of values that differ at one point. Raises ValueError, or what it
    raised at the start, where it answers nowhere as it must.
    """
    first: Exception | None = None
    for x in points:
        x = converted(x, user.kind, user.dtype)
        try:
            with differentiated() if user.kind == "torch" else nullcontext():
                found = _asked(user, x)
            if np.isnan(found.value) and user.failures == "nan":
                raise ValueError("f fails at the start: its value was NaN")
            break
        except Exception as error:
            first = first or error
    else:
        assert first is not None
        raise first
    at = str(user.coordinates.taken(converted(found.x, "numpy", "float64")))
    if first is not None:
        warnings.warn(words.start_fails(said(first), at), stacklevel=4)
    elif not np.isfinite(found.value):
        warnings.warn(f"f is {user.sign * found.value:g} at the start, {at}", stacklevel=4)
    if noisy:
        return found
    began = perf_counter()
    again = _value_again(user, found.x)
    seconds = min(found.seconds, perf_counter() - began)
    if again is not None and not np.isclose(again, found.value, ALIKE[user.dtype], 0.0, equal_nan=True):
        warnings.warn(words.maybe_noisy(user.sign * found.value, user.sign * again, at), stacklevel=4)
        noisy = True
    return replace(found, seconds=seconds, noisy=noisy)


def wrong_gradient(user: Given, found: Probed, domain: Domain) -> str:
    """A sentence where the gradient at a point disagrees with central differences of the function along a random
    direction; "" where it agrees, or where that cannot be told: the function is noisy, slow, fails or bends there."""
    if found.noisy or found.seconds > LONGEST:
        return ""
    x, h = converted(found.x, "numpy", "float64"), STEPS[user.dtype]
    lengths = np.where(domain.log, x, 1.0) * domain.scale  # of a step of one scale, in x
    along = np.random.default_rng(0).standard_normal(len(x)) * lengths
    along = np.where((x - h * np.abs(along) >= domain.low) & (x + h * np.abs(along) <= domain.high), along, 0.0)
    try:
        slopes = user.pair(user.asked(found.x))[1] if found.is_pair else user.slopes(found.x)
        slope = float(converted(slopes, "numpy", "float64") @ along)
        points = [converted(x + step * along, user.kind, user.dtype) for step in (h, -h, h / 2, -h / 2)]
        ahead, behind, near_ahead, near_behind = (_value(user, point) for point in points)
    except Exception:  # it may fail
        return ""
    coarse, fine = (ahead - behind) / (2 * h), (near_ahead - near_behind) / h
    one_sided = abs((ahead - found.value) - (found.value - behind)) / h
    is_slope = abs(coarse - fine) <= AGREE * abs(fine) and one_sided <= STRAIGHT * abs(fine)
    rounding = 10 * np.finfo(user.dtype).eps * max(abs(ahead), abs(behind)) / h
    if is_slope and not abs(slope - fine) <= OFF * max(abs(slope), abs(fine)) + rounding:
        return words.wrong_gradient(user.sign * slope, user.sign * fine)
    return ""


def _value(user: Given, x: Array) -> float:
    answer = user.asked(x)
    return _number(user.pair(answer)[0] if user.is_pair(answer) else user.checked_value(answer))


def _number(value: Array) -> float:
    return float(converted(value, "numpy", "float64"))


def _value_again(user: Given, x: Array) -> float | None:
    """The value at a point; None where it fails there now."""
    try:
        return _value(user, x)
    except Exception:
        return None


def _asked(user: Given, x: Array) -> Probed:
    differentiable = user.kind == "torch" and user.gradient is None and user.coordinates.numbers
    began = perf_counter()
    with foreign("f fails at the start"):
        answer = user.asked(x.clone().requires_grad_() if differentiable else x)
    seconds = perf_counter() - began
    if user.is_pair(answer):
        return Probed(x, _number(user.pair(answer)[0]), True, seconds)
    value = user.checked_value(answer)
    if differentiable and not value.requires_grad:
        raise ValueError("f must give a tensor that torch can differentiate; for values alone give start as a list")
    if user.gradient is not None and user.coordinates.numbers:
        with foreign("the gradient fails at the start"):
            user.slopes(x)
    return Probed(x, _number(value), False, seconds)
