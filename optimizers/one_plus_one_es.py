"""The (1+1) evolution strategy: one parent, one child, and a step length that a fifth of the children improve on."""

from math import exp, inf, sqrt

from array_api_compat import array_namespace

from bench.core import Oracle, optimizer

from .bounds import clipping
from .hyperparameters import Sigma
from .populations import CONVERGED, gave_up, usable

BEYOND = 3.0  # standard deviations that a parent may lie beyond a hard bound


@optimizer(
    order=0, lanes=True, arrays="any", version=2, source="Rechenberg 1973, Evolutionsstrategie, Frommann-Holzboog"
)
def one_plus_one_es(oracle: Oracle, *, sigma: Sigma = 1.0) -> None:
    """The child, a normal step away, replaces its parent where it is no worse; the 1/5th success rule sets the step.

    In the form of Kern et al. 2004 (doi:10.1023/B:NACO.0000023416.59689.4e), sigma is multiplied by alpha after a
    success, a lower value, and by alpha^(-1/4) after a failure or a tie, so that a run whose values differ no more ends
    and begins anew; alpha = exp(0.8 / sqrt(dim + 1)) as in Hansen, Arnold & Auger 2015
    (doi:10.1007/978-3-662-43505-2_44). sigma: first standard deviation, in units of the domain's scale.

    Beyond a hard bound f is asked at the nearest point inside. The parent itself may lie beyond by a few steps: on a
    bound half of its children would leave it, in a corner nearly all.
    """
    alpha = exp(0.8 / sqrt(oracle.dim + 1))
    inside, first = clipping(oracle), sigma * oracle.scale[..., None, :]
    x = oracle.x0[..., None, :]  # (*lanes, 1, dim)
    xp = array_namespace(x)
    deviation, f = 0 * x + first, 0 * x[..., 0] + inf
    new = f == inf  # lanes that begin ask their start
    while True:
        oracle.recommend(inside(x)[..., 0, :])
        step = deviation * oracle.rng.standard_normal((1, oracle.dim))
        child = xp.where(new[..., None], x, x + step)
        value = usable(oracle.value(inside(child)))
        success, improved = (value <= f)[..., None], (value < f)[..., None]
        x, f = xp.where(success, child, x), xp.minimum(value, f)
        adapted = xp.where(improved, deviation * alpha, deviation * alpha**-0.25)
        deviation = xp.where(new[..., None], deviation, adapted)
        nearest = inside(x)
        x = nearest + xp.clip(x - nearest, -BEYOND * deviation, BEYOND * deviation)
        new = xp.all(deviation <= CONVERGED * first, axis=-1)
        if gave_up(oracle, new):
            if not oracle.lanes:
                return
            oracle.restart(new[..., 0])
            x = xp.where(new[..., None], oracle.x0[..., None, :], x)
            deviation, f = xp.where(new[..., None], first, deviation), xp.where(new, inf, f)
