"""How expected runtimes grow with the dimension."""

import numpy as np

from bench.measure.frames import Frame
from bench.measure.levels import FEWEST_DIMS


def scaling(table: Frame) -> Frame:
    """The exponent b of ERT = a dim^b, by least squares of log ERT on log dim, for each problem, optimizer and target.

    table: of `ert`. A row for each optimizer and target of the problems with at least two dims. Columns problem,
    optimizer, order, kind, target, exponent, error (its standard error), factor (a):
    all three NaN where the target was reached in fewer than three dims; dims: how many are used; used and unsolved:
    which, joined by ", ". Where the largest dims are unsolved, the exponent is that of the easy ones. Dims where the
    start was good enough (ERT 0), where all runs were skipped, and in seconds where one was killed, are in neither.
    """
    keys = ["problem", "optimizer", "order", "kind", "target"]
    table = table.astype({"dim": int})
    table = table[table.groupby("problem").dim.transform("nunique") > 1]
    rank = [*keys[:1], "order", "optimizer", "kind", "target"]
    table = table.sort_values([*rank, "dim"], ascending=[True] * 4 + [False, True], ignore_index=True)
    group = table.groupby(keys, sort=False).ngroup().to_numpy()
    answer = table.drop_duplicates(keys)[keys].reset_index(drop=True)

    value = table.ert.to_numpy(float)
    used, unsolved = np.isfinite(value) & (value > 0), np.isinf(value) & (table.successes == 0).to_numpy()
    x = np.log(table.dim.to_numpy(float))
    y = np.log(np.where(used, value, 1.0))

    def total(z: np.ndarray) -> np.ndarray:
        return np.bincount(group, weights=z * used, minlength=len(answer))

    n = total(np.ones(len(table)))
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 where nothing is used
        x_mean, y_mean = total(x) / n, total(y) / n
        u, v = x - x_mean[group], y - y_mean[group]
        s_xx = total(np.where(used, u**2, 0.0))
        exponent = total(np.where(used, u * v, 0.0)) / s_xx
        residual = np.where(used, v - exponent[group] * u, 0.0)
        error = np.sqrt(total(residual**2) / (n - 2) / s_xx)
        factor = np.exp(y_mean - exponent * x_mean)
    enough = n >= FEWEST_DIMS
    fit = {"exponent": exponent, "error": error, "factor": factor}
    answer = answer.assign(**{name: np.where(enough, z, np.nan) for name, z in fit.items()}, dims=n.astype(int))
    for name, which in (("used", used), ("unsolved", unsolved)):
        texts = table.dim[which].astype(str).groupby(group[which]).agg(", ".join)
        answer[name] = texts.reindex(range(len(answer))).fillna("").to_numpy()
    return answer
