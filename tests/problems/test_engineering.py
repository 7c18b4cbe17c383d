"""Nevergrad's problems of engineers, as Nevergrad answers them, and facts of their physics."""

import numpy as np
import pytest

from bench.core import Objective, registry

registry.load(("bench.problems",))


def make(name: str, **parameters: int) -> Objective:
    return registry.find_problem(name).make(**parameters)


def test_a_quarter_wave_stack_reflects_most_of_its_neighbours() -> None:
    """Layers of n d = 600 nm / 4, high and low index in turn, are the textbook's mirror: by hand, for one layer of
    index sqrt(3) on a substrate of index sqrt(3), what goes through is 4 n / (1 + n)^2."""
    mirror = make("bragg-mirror", dim=2)
    n = np.sqrt(3.0)
    assert mirror.f(np.array([3.0, 100.0])) == pytest.approx(4 * n / (1 + n) ** 2)
    many = make("bragg-mirror", dim=20)
    index = np.tile([3.0, 2.0], 5)
    quarter = np.concatenate([index, 150 / np.sqrt(index)])
    assert many.f(quarter) < 0.3
    assert many.f(quarter) < many.f(np.concatenate([index, np.full(10, 75.0)]))


def reflected(index: list[float], thickness: list[float], wavelength: float) -> float:
    """The fraction that layers on a substrate, the last index, reflect in air, by their characteristic matrices (Born &
    Wolf 1999, Principles of Optics, 1.6.2)."""
    m = np.eye(2, dtype=complex)
    for n, d in zip(index, thickness, strict=False):
        phase = 2 * np.pi * n * d / wavelength
        m = m @ np.array([[np.cos(phase), 1j * np.sin(phase) / n], [1j * n * np.sin(phase), np.cos(phase)]])
    b, c = m @ np.array([1, index[-1]])
    return float(abs((b - c) / (b + c)) ** 2)


def test_mirrors_let_through_what_characteristic_matrices_say() -> None:
    bragg = make("bragg-mirror", dim=4)
    x = np.array([2.3, 2.9, 80.0, 120.0])
    n = [*np.sqrt(x[:2]), np.sqrt(3.0)]
    assert bragg.f(x) == pytest.approx(1 - reflected(n, [80.0, 120.0], 600))
    chirped = make("chirped-mirror", dim=2)
    colours = np.linspace(500, 800, 50)
    mean = np.mean([reflected([3**0.5, 2**0.5, 3**0.5], [60.0, 100.0], colour) for colour in colours])
    assert chirped.f(np.array([60.0, 100.0])) == pytest.approx(1 - mean)


def test_no_effort_catches_nothing_and_a_day_is_a_period_at_most() -> None:
    year = make("fishing", dim=12)
    assert year.f(np.zeros(12)) == 0
    assert year.f(np.full(12, 0.5)) == pytest.approx(make("fishing", dim=365).f(np.full(365, 0.5)))
    assert year.f(np.full(12, 0.5)) < year.f(np.full(12, 2.0)) < 0, "patience pays"
    with pytest.raises(ValueError, match="dim must be >= 1 and <= 365, the days, got 366"):
        make("fishing", dim=366)


def test_unit_commitment_counts_costs_and_what_is_missed() -> None:
    """All plants off: what is missed is the whole demand, 10,000 a unit. Instances draw their own, and the global
    generator stays as it was."""
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    plants = make("unit-commitment", hours=2, generators=3)
    assert np.random.random() == expected
    demand = plants.f(np.zeros(12)) / 10_000
    assert 200 < demand < 400, "two hours of 100 to 200"
    other = registry.find_problem("unit-commitment").make(2)
    assert other.f(np.zeros(12)) != plants.f(np.zeros(12))
    on_without_output = plants.f(np.repeat([0.0, 1.0], 6))
    assert on_without_output > plants.f(np.zeros(12)), "a plant that is on has its least output"
    np.testing.assert_array_equal(plants.domain.each("integer"), np.repeat([False, True], 6))
