"""The data of the learning problems: real tables and images, and synthetic classes, each split by the instance."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from . import idx, synthetic
from .choices import check_choice

Rows = dict[str, np.ndarray]

Tables = Literal["digits", "breast-cancer", "wine", "iris", "moons", "spirals", "dichotomies", "mnist", "fashion-mnist"]
Images = Literal["digits", "mnist", "fashion-mnist"]

SOURCES = (
    "digits: Alpaydin & Kaynak 1998, doi:10.24432/C50P49; breast cancer: Wolberg et al. 1995, doi:10.24432/C5DW2B; "
    "wine: Aeberhard & Forina 1992, doi:10.24432/C5PC7J; iris: Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x; "
    "moons: Pedregosa et al. 2011, scikit-learn; spirals: Lang & Witbrock 1988; dichotomies: Cover 1965, "
    "doi:10.1109/PGEC.1965.264137; MNIST: LeCun et al. 1998, doi:10.1109/5.726791; Fashion-MNIST: Xiao et al. 2017, "
    "arXiv:1708.07747"
)
DIABETES = "diabetes: Efron et al. 2004, doi:10.1214/009053604000000067"

HELD_OUT = 5  # one row in so many


@dataclass(frozen=True)
class Split:
    """The rows to train on and those held out: "inputs" (N, features) and "targets" (N,).

    classes: targets are 0 ... classes - 1; where it is 0 they are real numbers.
    image: height and width of inputs that are grey images in [0, 1], row by row; (0, 0) where they are not.
    """

    train: Rows
    test: Rows
    classes: int
    image: tuple[int, int] = (0, 0)

    @property
    def features(self) -> int:
        """The number of inputs of a row."""
        return self.train["inputs"].shape[1]


def split(data: str, instance: int) -> Split:
    """The data set of that name, in the instance's own split or draw.

    Tables and digits: four fifths at random to train on. Moons, spirals and dichotomies: see `synthetic`. The two
    MNISTs are read from the folders that the environment names (see `idx`), and have their official test rows in
    instance 1; the others draw as many from all.
    """
    check_choice("data", data, Literal[Tables, "diabetes"])
    if data == "spirals":
        return Split(*map(rows_of, synthetic.spirals(instance)), classes=2)
    if data == "dichotomies":
        rows = rows_of(synthetic.dichotomy(instance, points=100, inputs=49))  # a plane can in half of the instances
        return Split(rows, rows, classes=2)  # coins have nothing to generalise: what counts is what was stored
    if data == "moons":
        return Split(*_divided(*synthetic.moons(instance, rows=500), instance), classes=2)
    if data in idx.FOLDERS:
        return _images(data, instance)
    inputs, targets = _table(data)
    classes = 0 if data == "diabetes" else int(targets.max()) + 1
    return Split(*_divided(inputs, targets, instance), classes, image=(8, 8) if data == "digits" else (0, 0))


@cache
def _table(data: str) -> tuple[np.ndarray, np.ndarray]:
    """A table of scikit-learn's, part of the library: inputs (N, features) and targets (N,)."""
    from sklearn import datasets  # takes more than a second to import

    if data == "diabetes":
        table: Any = datasets.load_diabetes(scaled=False)
        return table.data, table.target
    table = {
        "digits": datasets.load_digits,
        "breast-cancer": datasets.load_breast_cancer,
        "wine": datasets.load_wine,
        "iris": datasets.load_iris,
    }[data]()
    inputs = np.asarray(table.data / 16, dtype=np.float32) if data == "digits" else table.data  # grey values
    return inputs, np.asarray(table.target, dtype=np.int64)


def _images(data: str, instance: int) -> Split:
    (inputs, targets), (more, labels) = (idx.images(data, part) for part in ("train", "t10k"))
    image = inputs.shape[1], inputs.shape[2]
    pixels, digits = np.concatenate([inputs, more]).reshape(len(inputs) + len(more), -1), np.r_[targets, labels]
    order = np.arange(len(digits)) if instance == 1 else np.random.default_rng(instance).permutation(len(digits))
    train, test = ({"inputs": pixels[part], "targets": digits[part]} for part in np.split(order, [len(targets)]))
    return Split(train, test, classes=10, image=image)


def _divided(inputs: np.ndarray, targets: np.ndarray, instance: int) -> tuple[Rows, Rows]:
    order = np.random.default_rng(instance).permutation(len(targets))
    train, test = np.split(order, [(HELD_OUT - 1) * len(order) // HELD_OUT])
    return {"inputs": inputs[train], "targets": targets[train]}, {"inputs": inputs[test], "targets": targets[test]}


def rows_of(table: tuple[np.ndarray, np.ndarray]) -> Rows:
    """Inputs and targets by name."""
    return {"inputs": table[0], "targets": table[1]}
