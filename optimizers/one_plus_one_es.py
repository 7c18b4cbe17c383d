"""The (1+1) evolution strategy: one parent, one child, and a step length that a fifth of the children improve on."""

from math import exp, inf, sqrt

from array_api_compat import array_namespace

from bench.core import Oracle, optimizer
from optimizers.bounds import reflection
from optimizers.hyperparameters import Sigma
from optimizers.populations import CONVERGED, gave_up, usable


@optimizer(order=0, lanes=True, arrays="any", source="Rechenberg 1973, Evolutionsstrategie, Frommann-Holzboog")
def one_plus_one_es(oracle: Oracle, *, sigma: Sigma = 1.0) -> None:
    """The child, a normal step away, replaces its parent where it is no worse; the 1/5th success rule sets the step.

    In the form of Kern et al. 2004 (doi:10.1023/B:NACO.0000023416.59689.4e), sigma is multiplied by alpha after a
    success and by alpha^(-1/4) after a failure; alpha = exp(0.8 / sqrt(dim + 1)) as in Hansen, Arnold & Auger 2015
    (doi:10.1007/978-3-662-43505-2_44). sigma: first standard deviation, in units of the domain's scale.
    """
    alpha = exp(0.8 / sqrt(oracle.dim + 1))
    inside, first = reflection(oracle), sigma * oracle.scale[..., None, :]
    x = oracle.x0[..., None, :]  # (*lanes, 1, dim)
    xp = array_namespace(x)
    deviation, f = 0 * x + first, 0 * x[..., 0] + inf
    new = f == inf  # lanes that begin ask their start
    while True:
        oracle.recommend(x[..., 0, :])
        step = deviation * oracle.rng.standard_normal((1, oracle.dim))
        child = xp.where(new[..., None], x, inside(x + step))
        value = usable(oracle.value(child))
        success = (value <= f)[..., None]
        x, f = xp.where(success, child, x), xp.minimum(value, f)
        adapted = xp.where(success, deviation * alpha, deviation * alpha**-0.25)
        deviation = xp.where(new[..., None], deviation, adapted)
        new = xp.all(deviation <= CONVERGED * first, axis=-1)
        if gave_up(oracle, new):
            if not oracle.lanes:
                return
            oracle.restart(new[..., 0])
            x = xp.where(new[..., None], oracle.x0[..., None, :], x)
            deviation, f = xp.where(new[..., None], first, deviation), xp.where(new, inf, f)
