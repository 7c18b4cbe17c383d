"""The quadratic bowl: values by hand, and a Hessian with the spectrum that was asked for."""

import numpy as np
import pytest

from bench.core.answers import Answers
from bench.core.registry import find_problem, load

load(("bench.problems",))
make = find_problem("quadratic").make


@pytest.mark.parametrize(
    ("spectrum", "eigenvalues"),
    [("geometric", [1, 10, 100]), ("linear", [1, 50.5, 100]), ("two-level", [1, 1, 100])],
)
def test_values_by_hand(spectrum: str, eigenvalues: list[float]) -> None:
    bowl = make(dim=3, condition=100, spectrum=spectrum)
    assert bowl.f([1.0, 0.0, 0.0]) == 0.5
    assert bowl.f([1.0, 2.0, 3.0]) == pytest.approx(0.5 * np.dot(eigenvalues, [1, 4, 9]), rel=1e-14)


@pytest.mark.parametrize("spectrum", ["geometric", "linear", "two-level"])
def test_a_rotated_bowl_has_the_same_spectrum_on_other_axes(spectrum: str) -> None:
    straight, rotated = (make(dim=6, condition=1e3, spectrum=spectrum, rotated=turned) for turned in (False, True))
    basis = np.eye(6)
    hessians = [
        Answers(item, "numpy").hessian_vector(np.broadcast_to(item.x_opt, basis.shape), basis)
        for item in (straight, rotated)
    ]
    assert np.count_nonzero(hessians[0] - np.diag(np.diag(hessians[0]))) == 0
    assert np.abs(hessians[1] - np.diag(np.diag(hessians[1]))).max() > 1
    np.testing.assert_allclose(np.linalg.eigvalsh(hessians[1]), np.diag(hessians[0]), rtol=1e-12, atol=1e-10)


def test_rotated_instances_keep_the_contract_of_stacks() -> None:
    many = [make(dim=5, rotated=True, instance=k) for k in (1, 2, 3)]
    x = np.random.default_rng(0).uniform(-5, 5, (3, 4, 5))
    values, gradients = Answers(many, "numpy").value_and_gradient(x)
    for lane, item in enumerate(many):
        value, gradient = Answers(item, "numpy").value_and_gradient(x[lane])
        np.testing.assert_allclose(values[lane], value, rtol=1e-13)
        np.testing.assert_allclose(gradients[lane], gradient, rtol=1e-12, atol=1e-12)


def test_instance_1_has_its_optimum_at_0_and_others_elsewhere_inside() -> None:
    assert not make(instance=1).x_opt.any()
    assert all(0 < np.abs(make(instance=k).x_opt).max() <= 4 for k in range(2, 20))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dim": 0}, "dim must be >= 1, got 0"),
        ({"condition": 0.5}, "condition must be >= 1 and finite, got 0.5"),
        ({"condition": float("inf")}, "condition must be >= 1 and finite, got inf"),
        ({"spectrum": "flat"}, "spectrum must be one of geometric, linear, two-level, got 'flat'"),
    ],
)
def test_bad_parameters_are_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**wrong)
