"""Problems in units of their scale: what a library is shown."""

import numpy as np
import pytest

from bench.core import Domain, Objective, Oracle
from bench.core.oracle import books_of
from bench.optimizers.units import Units

SCALE = np.array([0.5, 4.0])


def bowl(x: np.ndarray) -> np.ndarray:
    return x[..., 0] ** 2 + 3 * x[..., 0] * x[..., 1] + x[..., 1] ** 2


def units(domain: Domain, relative: bool = False) -> Units:
    return Units(Oracle(Objective(bowl, 2, domain), 1000, start=np.array([1.0, 2.0])), relative=relative)


@pytest.mark.parametrize("relative, lengths", [(False, [0.5, 4]), (True, [1, 8])])
def test_derivatives_are_those_by_the_unit(relative: bool, lengths: list[float]) -> None:
    """At (1, 2) the gradient is (2 + 6, 3 + 4), the Hessian ((2, 3), (3, 2)); by u each is times its lengths."""
    shown, a = units(Domain(scale=SCALE), relative), np.array(lengths)
    u = shown.x0
    np.testing.assert_allclose(u, [1, 2] / a)
    assert shown.value(u) == 11
    f, g = shown.value_and_gradient(u)
    assert f == 11
    np.testing.assert_allclose(g, a * [8, 7])
    hessian = a[:, None] * [[2, 3], [3, 2]] * a
    np.testing.assert_allclose(shown.hessian(u), hessian)
    np.testing.assert_allclose(shown.hessian_vector(u, np.array([1.0, -1.0])), hessian @ [1, -1])


def test_equal_scales_leave_methods_with_gradients_what_x_is() -> None:
    shown = units(Domain(-5, 5, scale=2.0), relative=True)
    np.testing.assert_array_equal(shown.x0, [1, 2])
    assert shown.bounds == [(-5, 5), (-5, 5)]


def test_only_hard_bounds_bind() -> None:
    low, high = np.array([-1.0, -np.inf]), np.array([np.inf, 8.0])
    hard, soft = (units(Domain(low, high, scale=SCALE, hard=hard)) for hard in (True, False))
    assert hard.bounds == [(-2, np.inf), (-np.inf, 2)]
    assert (hard.open, soft.open, soft.bounds) == (False, True, None)
    np.testing.assert_array_equal(soft.box, hard.box)
    assert units(Domain(scale=SCALE)).bounds is None


def test_recommends_in_x() -> None:
    shown = units(Domain(scale=SCALE))
    shown.recommend(np.array([2.0, 3.0]))
    np.testing.assert_array_equal(books_of(shown.oracle).recommended, [1, 12])
