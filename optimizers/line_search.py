"""The strong Wolfe line search, one question a round, so that lanes in lockstep search each on its own.

An oracle charges every lane for every question of a batch: a lane that waited for the searches of others would pay for
what it does not need. So a search is a state that takes one answer and names the next step length to ask; a lane that
has found its step goes on to its next direction in the same round, while others still search.

Nocedal & Wright 2006 have two algorithms: 3.5 widens the steps until they enclose a good one, 3.6 ("zoom") narrows the
interval. With an upper end at infinity, the first is the second. Numbers of a lane are arrays (*lanes, 1).
"""

from typing import NamedTuple

from array_api_compat import array_namespace

from bench.core import Array

SUFFICIENT = 1e-4  # c1 of the Wolfe conditions (3.7)
PATIENCE = 20  # answers to one search, after which it ends with the best of them
EDGE = 0.1  # of the interval, which a new step keeps from both ends
WIDEN = (1.1, 4.0)  # how far beyond the last step the next may lie, in units of the last advance


class Search(NamedTuple):
    """Where the search of each lane stands.

    base, lo, hi: probes (3, *lanes, 1), each a step length, f there, and the slope of f along the line. lo is the best
    step so far that lowers f enough; hi the other end of the interval in which a better one lies.
    t: the step length to ask next. asked: answers so far.
    """

    base: Array
    lo: Array
    hi: Array
    t: Array
    asked: Array


class Verdict(NamedTuple):
    """What the last answer meant to each lane: booleans (*lanes, 1).

    taken: it is now `lo`. done: `lo` fulfils both conditions. failed: no such step was found.
    """

    taken: Array
    done: Array
    failed: Array


def begin(f: Array, slope: Array, t: Array) -> Search:
    """A search along a line on which f falls: its value and slope at 0, and the first step length to ask."""
    xp = array_namespace(f)
    base = xp.stack([xp.zeros_like(f), f, slope])
    return Search(base, base, xp.full_like(base, xp.inf), t, xp.zeros_like(f))


def arrive(f: Array) -> Search:
    """The question at a new start as a search of one answer, at step length 0, where any finite one will do."""
    xp = array_namespace(f)
    search = begin(xp.full_like(f, xp.inf), xp.full_like(f, -1.0), xp.zeros_like(f))
    return search._replace(asked=xp.full_like(f, PATIENCE - 1.0))


def advance(search: Search, f: Array, slope: Array, curvature: float) -> tuple[Search, Verdict]:
    """The search after the answer at `search.t`. curvature: c2 of the Wolfe conditions."""
    xp = array_namespace(f)
    base, lo, hi, t, asked = search
    _, f_0, slope_0 = base
    probe = xp.stack([t, f, slope])
    finite = xp.isfinite(f) & xp.isfinite(slope)
    taken = finite & (f <= f_0 + SUFFICIENT * t * slope_0) & (f < lo[1])
    done = taken & (xp.abs(slope) <= -curvature * slope_0)
    beyond = taken & (slope * (hi[0] - lo[0]) >= 0)  # f rises towards hi: what is sought lies back towards lo
    hi = xp.where(taken, xp.where(beyond, lo, hi), probe)
    last, lo = lo, xp.where(taken, probe, lo)
    enclosed = xp.isfinite(hi[0])
    width = xp.abs(hi[0] - lo[0])
    flat = enclosed & (xp.abs(lo[2]) * width <= xp.finfo(f.dtype).eps * xp.abs(lo[1]))  # no gain left but rounding
    failed = ~done & (flat | (asked + 1 >= PATIENCE))
    following = xp.where(enclosed, between(lo, hi), further(last, lo))
    return Search(base, lo, hi, following, asked + 1), Verdict(taken, done, failed)


def cubic(a: Array, b: Array) -> Array:
    """The step length that minimises the cubic through two probes; NaN where it has no minimum. Equation 3.59."""
    xp = array_namespace(a)
    (t_a, f_a, slope_a), (t_b, f_b, slope_b) = a, b
    d_1 = slope_a + slope_b - 3 * (f_a - f_b) / (t_a - t_b)
    d_2 = xp.sign(t_b - t_a) * xp.sqrt(d_1**2 - slope_a * slope_b)
    return t_b - (t_b - t_a) * (slope_b + d_2 - d_1) / (slope_b - slope_a + 2 * d_2)


def between(lo: Array, hi: Array) -> Array:
    """A step length inside the interval: the cubic's, kept from its ends; its middle where answers are not finite."""
    xp = array_namespace(lo)
    share = (cubic(lo, hi) - lo[0]) / (hi[0] - lo[0])
    share = xp.where(xp.isfinite(share), xp.clip(share, EDGE, 1 - EDGE), xp.full_like(share, 0.5))
    return lo[0] + share * (hi[0] - lo[0])


def further(last: Array, lo: Array) -> Array:
    """A longer step length: the cubic's, kept within limits; the longest where the cubic falls for ever."""
    xp = array_namespace(lo)
    least, most = (lo[0] + factor * (lo[0] - last[0]) for factor in WIDEN)
    t = cubic(last, lo)
    return xp.where(t > lo[0], xp.clip(t, least, most), most)
