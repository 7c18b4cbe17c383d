"""Limited-memory BFGS of torch, on all data."""

import sys
from math import inf

from bench.core import Array, Oracle, optimizer

from .hyperparameters import Memory
from .scripts import by_closure

# With 0 a line search at the limit of rounding halves its bracket for ever; torch's own 1e-9 returns before the finest
# targets of an ill-conditioned bowl.
TOLERANCE = 1e-15


@optimizer(
    order=1, arrays="torch", needs=("torch",), source="Liu & Nocedal 1989, doi:10.1007/BF01589116", call=by_closure
)
def torch_lbfgs(oracle: Oracle, *, memory: Memory = 10) -> None:
    """Quasi-Newton from the last `memory` steps, with a line search for the strong Wolfe conditions.

    One step of torch's rule is a whole descent here, since each further one would ask for its first gradient a second
    time. It returns when the gradient is zero, or when the slope along the step, the step's largest coordinate or the
    change of f is below 1e-15, and the run then begins anew. The best point asked is recommended, because the last
    one may be a failed probe of the line search. Its inner products cross rows, so that lanes would share one step
    length: single runs only.
    """
    import torch

    x, best = oracle.x0, inf
    rule = torch.optim.LBFGS(
        [x],
        max_iter=sys.maxsize,
        max_eval=sys.maxsize,
        tolerance_grad=0,
        tolerance_change=TOLERANCE,
        history_size=memory,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Array:
        nonlocal best
        f, x.grad = oracle.value_and_gradient(x)
        if f < best:
            best = f
            oracle.recommend(x.clone())
        return f

    rule.step(closure)
