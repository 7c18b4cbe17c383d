"""Limited-memory BFGS of torch, on all data."""

import sys

from bench.core import Array, Oracle, optimizer
from optimizers.hyperparameters import at_least


@optimizer(order=1, arrays="torch", needs=("torch",), source="Liu & Nocedal 1989, doi:10.1007/BF01589116")
def torch_lbfgs(oracle: Oracle, *, memory: int = 10) -> None:
    """Quasi-Newton from the last `memory` steps, with a line search for the strong Wolfe conditions.

    One step of torch's rule is a whole descent here, since each further one would ask for its first gradient a second
    time. It returns when the gradient is zero or x moves no more, and the run begins anew. Its inner products cross
    rows, so that lanes would share one step length: single runs only.
    """
    import torch

    at_least(1, memory=memory)
    x = oracle.x0
    rule = torch.optim.LBFGS(
        [x],
        max_iter=sys.maxsize,
        max_eval=sys.maxsize,
        tolerance_grad=0,
        tolerance_change=0,
        history_size=memory,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Array:
        f, x.grad = oracle.value_and_gradient(x)
        return f

    rule.step(closure)
