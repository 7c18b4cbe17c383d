"""Logistic regression, on tables of the library and on files in the format of LIBSVM that the user names."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Derived, Domain, Objective, problem
from bench.core.files import DATA, opened

from .choices import check_choice
from .datasets import SOURCES, Split
from .preparation import Scaling, prepared, scaled

Tables = Literal["breast-cancer", "moons", "file"]
LETTERS = 16  # of the hash of a file, in hexadecimal digits
DENSE = 2**28  # numbers of a table at most
PIECE = 2**20  # bytes read at once


def hash_of(parameters: Mapping[str, Any]) -> str:
    """The hash of the file that parameters name, 16 hexadecimal digits; "" of a table of the library."""
    return _hash(_path(parameters["file"])) if parameters["data"] == "file" else ""


@problem(
    family="learning",
    source=(
        "Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x; format: Chang & Lin 2011, doi:10.1145/1961189.1961199; "
        f"{SOURCES}"
    ),
    needs=("sklearn",),
)
def logistic_regression(
    data: Tables = "breast-cancer",
    l2: float = 1e-3,
    scaling: Scaling = "standardised",
    file: str = "",
    digest: Annotated[str, Derived(hash_of)] = "",
    instance: int = 1,
) -> Objective:
    """Mean logistic loss of two classes, plus l2 / 2 |x|^2; x is the weights, and the offset last. Convex, in float64.

    data: "file" reads the one that is named, in the format of LIBSVM: a line a row, a label of one of two values, and
    index:value for each input that is not 0. `digest` is its hash, and need not be given: a file that has changed is
    another problem. scaling: of the inputs. The minimum is known where l2 > 0: Newton's method finds it to rounding.
    The instance is the random split: four fifths of the rows to train on.
    """
    check_choice("data", data, Tables)
    if not 0 <= l2 < np.inf:
        raise ValueError(f"l2 must be >= 0 and finite, got {l2}")
    if data == "file":
        rows = scaled(_split(_path(file), digest, instance), scaling)
    else:
        rows = prepared(data, instance, scaling=scaling)
    train, test = (_signed(part) for part in (rows.train, rows.test))
    dim = rows.features + 1
    x_opt = newton(train["inputs"], train["targets"], l2) if l2 else None
    return Objective(
        formula=penalised_loss,
        gradient=penalised_gradient,
        constants={"l2": l2},
        dim=dim,
        domain=Domain(scale=0.1),
        start=lambda rng: 0.01 * rng.standard_normal(dim),
        f_opt=None if x_opt is None else float(penalised_loss(x_opt, **train, l2=l2)),
        x_opt=x_opt,
        data=train,
        test=test,
        metrics={"test_loss": mean_loss, "test_accuracy": mean_accuracy},
        higher=("test_accuracy",),
        row_losses=losses,
    )


def read_libsvm(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The inputs (N, features) and the labels (N,) of a file. Raises ValueError for one that is not of this format, and
    for numbers that are not finite."""
    from sklearn.datasets import load_svmlight_file

    with opened(path, DATA) as file:
        try:
            table: Any = load_svmlight_file(file)
        except (ValueError, IndexError, OverflowError) as error:
            raise ValueError(f"{path} is no file in the format of LIBSVM: {error}") from None
    inputs, labels = table
    if not np.prod(inputs.shape, dtype=float) <= DENSE:
        raise ValueError(
            f"{path} has {inputs.shape[0]:,} x {inputs.shape[1]:,} inputs, of which {DENSE:,} are the most"
        )
    if not inputs.shape[0]:
        raise ValueError(f"{path} must have at least one row, got none")
    if not (np.isfinite(inputs.data).all() and np.isfinite(labels).all()):
        raise ValueError(f"{path} must hold finite numbers, got nan or inf")
    return inputs.toarray(), labels


def _path(file: str) -> Path:
    if not file:
        raise ValueError("data=file must come with file=PATH, got none")
    return Path(file).expanduser()


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with opened(path, DATA) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()[:LETTERS]


def _split(path: Path, digest: str, instance: int) -> Split:
    there = _hash(path)
    if digest and digest != there:
        raise ValueError(f"digest must be {there}, that of {path}, got {digest}: the file has changed")
    inputs, labels = _table(path, there)
    classes = np.unique(labels)
    if len(classes) != 2:
        raise ValueError(f"{path} must have labels of two values, got {len(classes)}")
    targets = (labels == classes[1]).astype(np.int64)
    order = np.random.default_rng(instance).permutation(len(labels))
    train, test = np.split(order, [max(1, 4 * len(order) // 5)])
    both = ({"inputs": inputs[part], "targets": targets[part]} for part in (train, test if len(test) else train))
    return Split(*both, classes=2)


@cache
def _table(path: Path, _digest: str) -> tuple[np.ndarray, np.ndarray]:
    return read_libsvm(path)


def _signed(rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rows with a 1 behind the inputs, for the offset, and with targets of -1 and 1."""
    inputs = np.asarray(rows["inputs"], dtype=np.float64)
    return {"inputs": np.c_[inputs, np.ones(len(inputs))], "targets": 2.0 * rows["targets"] - 1.0}


def _margins(x: Array, inputs: Array, targets: Array) -> Array:
    """By how much each row is on its side: x (..., dim), inputs (..., N, dim) -> (..., N)."""
    return (inputs @ x[..., None])[..., 0] * targets


def losses(x: Array, inputs: Array, targets: Array, **_: object) -> Array:
    """ln(1 + exp(-margin)) of each row: x (..., dim) -> (..., N)."""
    xp = array_namespace(x)
    margins = _margins(x, inputs, targets)
    return xp.log1p(xp.exp(-xp.abs(margins))) + xp.where(margins < 0, -margins, xp.zeros_like(margins))


def mean_loss(x: Array, inputs: Array, targets: Array, **_: object) -> Array:
    """The mean logistic loss alone: x (..., dim) -> (...)."""
    return losses(x, inputs, targets).mean(-1)


def mean_accuracy(x: Array, inputs: Array, targets: Array, **_: object) -> Array:
    """The fraction of rows on their side: x (..., dim) -> (...)."""
    xp = array_namespace(x)
    return xp.astype(_margins(x, inputs, targets) > 0, x.dtype).mean(-1)


def penalised_loss(x: Array, inputs: Array, targets: Array, l2: Array | float) -> Array:
    """The mean logistic loss plus l2 / 2 |x|^2: x (..., dim) -> (...)."""
    return losses(x, inputs, targets).mean(-1) + 0.5 * l2 * (x**2).sum(-1)


def penalised_gradient(x: Array, inputs: Array, targets: Array, l2: Array | float) -> Array:
    """Its gradient: x (..., dim) -> (..., dim)."""
    xp = array_namespace(x)
    pulls = -targets * _logistic(xp, -_margins(x, inputs, targets)) / inputs.shape[-2]
    factor = l2 if isinstance(l2, (int, float)) else l2[..., None]
    return (pulls[..., None, :] @ inputs)[..., 0, :] + factor * x


def _logistic(xp: Any, t: Array) -> Array:
    """1 / (1 + exp(-t)), without overflow."""
    small = xp.exp(-xp.abs(t))
    return xp.where(t >= 0, 1 / (1 + small), small / (1 + small))


def newton(inputs: np.ndarray, targets: np.ndarray, l2: float, steps: int = 100) -> np.ndarray:
    """The minimum by Newton's method with halved steps, from 0: until the gradient is lost in rounding. The function is
    strongly convex where l2 > 0 (Boyd & Vandenberghe 2004, section 9.5)."""
    x = np.zeros(inputs.shape[1])
    for _ in range(steps):
        slope = penalised_gradient(x, inputs, targets, l2)
        margins = _margins(x, inputs, targets)
        weights = _logistic(np, margins) * _logistic(np, -margins) / len(inputs)
        step = np.linalg.solve((inputs * weights[:, None]).T @ inputs + l2 * np.eye(len(x)), -slope)
        f, length = penalised_loss(x, inputs, targets, l2), 1.0
        while (
            length > 1e-10 and penalised_loss(x + length * step, inputs, targets, l2) > f + 1e-4 * length * slope @ step
        ):
            length /= 2
        x = x + length * step
        if np.abs(length * step).max() < 1e-14 * max(1.0, np.abs(x).max()):
            break
    return x
