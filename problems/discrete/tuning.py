"""The choice and the settings of a real classifier: categories, whole and real numbers, of which not all count."""

from typing import Any

import numpy as np

from bench.core import Domain, Objective, problem

ROWS = 150  # of the 569

# classifier, log10 C, log10 gamma, neighbours, whether the nearer count more, depth
LOW = np.array([0.0, -3.0, -4.0, 1.0, 0.0, 1.0])
HIGH = np.array([3.0, 3.0, 1.0, 30.0, 1.0, 12.0])
QUESTIONS = ("category", "real", "real", "integer", "category", "integer")


@problem(
    family="mixed",
    version=2,
    source="Thornton et al. 2013, doi:10.1145/2487575.2487629, on the joint choice; data: Wolberg et al. 1995, "
    "doi:10.24432/C5DW2B",
)
def tuning(folds: int = 3, instance: int = 1) -> Objective:
    """The cross-validated error of a classifier of breast cancers, from 0 to 1, as a function of its six settings.

    x: which classifier (0 nearest neighbours, 1 support vectors with a Gaussian kernel, 2 logistic regression, 3 a
    decision tree); log10 C of 1 and 2; log10 gamma of 1; the neighbours of 0, and whether they count by their distance;
    the depth of 3. Settings of what was not chosen change nothing. The instance draws 150 of the 569 rows. Minimum not
    known.
    """
    if not 2 <= folds <= ROWS // 5:
        raise ValueError(f"folds must be >= 2 and <= {ROWS // 5}, got {folds}")
    inputs, targets = rows(instance)
    held_out = np.arange(ROWS) % folds == np.arange(folds)[:, None]

    def formula(x: np.ndarray) -> np.ndarray:
        """x (*points, 6) -> (*points)."""
        errors = [_error(settings, inputs, targets, held_out) for settings in x.reshape(-1, len(LOW))]
        return np.array(errors).reshape(x.shape[:-1])[()]

    return Objective(formula=formula, dim=len(LOW), domain=Domain(LOW, HIGH, kinds=QUESTIONS), order=0, arrays="numpy")


def rows(instance: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (150, 30) and targets (150,), 0 or 1, in an order that the instance draws."""
    from sklearn.datasets import load_breast_cancer

    data: Any = load_breast_cancer()
    drawn = np.random.default_rng(instance).permutation(len(data.target))[:ROWS]
    return data.data[drawn], data.target[drawn]


def _error(settings: np.ndarray, inputs: np.ndarray, targets: np.ndarray, held_out: np.ndarray) -> float:
    """The fraction of rows for which the classifier is wrong that was trained without their fold; NaN for NaN."""
    from sklearn import config_context

    if np.isnan(settings).any():
        return float("nan")
    wrong = 0
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for test in held_out:
            mean, deviation = inputs[~test].mean(0), inputs[~test].std(0)  # of what is trained on, alone
            scaled = (inputs - mean) / deviation
            classifier = chosen(settings).fit(scaled[~test], targets[~test])
            wrong += int((classifier.predict(scaled[test]) != targets[test]).sum())
    return wrong / len(targets)


def chosen(settings: np.ndarray) -> Any:
    """The classifier of scikit-learn that six settings say, each of them taken to the nearest in its range."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    within = np.clip(settings, LOW, HIGH)
    which, neighbours, by_distance, depth = np.rint(within[[0, 3, 4, 5]]).astype(int).tolist()
    c, gamma = (10.0 ** within[1:3]).tolist()
    if which == 0:
        return KNeighborsClassifier(neighbours, weights="distance" if by_distance else "uniform", algorithm="kd_tree")
    if which == 1:
        return SVC(C=c, gamma=gamma)
    if which == 2:
        return LogisticRegression(C=c, solver="liblinear", max_iter=1000, random_state=0)
    return DecisionTreeClassifier(max_depth=depth, random_state=0)
