"""Residual networks, autoencoders, tables, equations, matrices, files of LIBSVM: each against what is known of it."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import bench
from bench.problems.learning._modules import Burgers, Poisson, ResNet
from bench.problems.learning.deep import unexplained
from bench.problems.learning.factorization import best_factors
from bench.problems.learning.logistic import read_libsvm
from bench.problems.learning.physics import VISCOSITY, burgers


def test_a_residual_block_whose_last_norm_is_zero_changes_nothing():
    torch.manual_seed(0)
    net = ResNet((8, 8), (4,), 2, 10).train()
    for block in net.stages:
        torch.nn.init.zeros_(block.second_norm.weight)
    h = torch.rand(5, 4, 8, 8)
    torch.testing.assert_close(net.stages(h), h)
    # a convolution of 3 x 3 and its norm in front, blocks of two each, and the dense layer
    assert sum(p.numel() for p in net.parameters()) == (9 * 4 + 8) + 2 * 2 * (9 * 16 + 8) + 4 * 10 + 10


def test_a_linear_autoencoder_finds_the_principal_components():
    objective = bench.make("autoencoder", widths=(3,), activation="linear", data="iris", scaling="standardised")
    rows = np.asarray(objective.data["inputs"], dtype=float)
    values = np.linalg.svd(rows - rows.mean(0), compute_uv=False)
    assert objective.f_opt == pytest.approx((values[3:] ** 2).sum() / rows.size, rel=1e-5)
    run = bench.minimize(objective, "scipy-lbfgsb", budget=2000)
    assert run.best == pytest.approx(objective.f_opt, rel=1e-2)
    assert unexplained(rows.astype(np.float32), 4) == 0


def test_the_factors_of_a_matrix_are_at_its_singular_values():
    objective = bench.make("matrix-factorization", rows=6, columns=5, rank=2)
    matrix = np.zeros((6, 5))
    matrix[tuple(objective.data["inputs"].T)] = objective.data["targets"]
    values = np.linalg.svd(matrix, compute_uv=False)
    assert objective.f_opt == pytest.approx((values[2:] ** 2).sum() / 30, rel=1e-12)


@pytest.mark.parametrize("l2", [0.0, 0.02, 1.0])
def test_the_minimum_of_a_factorization_is_one(l2):
    """No descent from many starts goes lower, and one gets there."""
    objective = bench.make("matrix-factorization", rows=5, columns=4, rank=2, l2=l2)
    f = objective.f
    ends = [
        minimize(f, np.random.default_rng(seed).standard_normal(objective.dim), options={"gtol": 1e-9}).fun
        for seed in range(5)
    ]
    assert min(ends) == pytest.approx(objective.f_opt, abs=1e-9)
    assert best_factors(np.eye(3), 5, 0.0).shape == (30,)


def test_entries_that_are_not_seen_are_held_out():
    objective = bench.make("matrix-factorization", seen=0.7)
    assert objective.rows == 210 and len(objective.test["targets"]) == 90 and objective.f_opt is None
    together = np.concatenate([objective.data["inputs"], objective.test["inputs"]])
    assert len({tuple(place) for place in together}) == 300


def test_the_solutions_of_the_equations():
    """Burgers' satisfies its equation, by differences, and what is given at its ends; residuals of networks are those
    that torch's own derivatives give."""
    rng, h = np.random.default_rng(0), 1e-4
    x, t = rng.uniform(0.2, 0.9, 200) * rng.choice([-1, 1], 200), rng.uniform(0.1, 0.9, 200)
    u_t = (burgers(x, t + h) - burgers(x, t - h)) / (2 * h)
    u_x = (burgers(x + h, t) - burgers(x - h, t)) / (2 * h)
    u_xx = (burgers(x + h, t) - 2 * burgers(x, t) + burgers(x - h, t)) / h**2
    np.testing.assert_allclose(u_t + burgers(x, t) * u_x - VISCOSITY * u_xx, 0, atol=1e-5)
    np.testing.assert_allclose(burgers(x, 0 * t), -np.sin(np.pi * x))
    np.testing.assert_allclose(burgers(np.sign(x), t), 0, atol=1e-12)
    for kind, option in ((Poisson, 2), (Burgers, VISCOSITY)):
        torch.manual_seed(0)
        net = kind((2, 8, 8, 1), option).double()
        points = torch.rand(6, 2, dtype=torch.float64, requires_grad=True)
        u, residual = net(points)
        (first,) = torch.autograd.grad(u.sum(), points, create_graph=True)
        by_xx, by_yy = (torch.autograd.grad(first[:, i].sum(), points, retain_graph=True)[0][:, i] for i in range(2))
        source = 2 * (2 * np.pi) ** 2 * (2 * np.pi * points).sin().prod(-1)
        expected = -by_xx - by_yy - source if kind is Poisson else first[:, 1] + u * first[:, 0] - VISCOSITY * by_xx
        torch.testing.assert_close(residual, expected, rtol=1e-9, atol=1e-9)


def test_a_network_solves_poisson_s_equation():
    run = bench.minimize(bench.make("physics-informed"), "scipy-lbfgsb", budget=1000)
    assert run.trajectory.test_error.iloc[0] > 0.5 > 0.005 > run.trajectory.test_error.iloc[-1]


def test_a_table_of_real_numbers_and_one_of_classes():
    numbers, classes = bench.make("nn-on-tabular"), bench.make("nn-on-tabular", data="wine")
    assert "test_accuracy" not in numbers.metrics and "test_accuracy" in classes.metrics
    run = bench.minimize(numbers, "torch-adam[lr=0.01]", budget=60)
    assert run.trajectory.test_loss.iloc[-1] < 0.75  # of the variance; least squares leaves about half


LIBSVM = """+1 1:0.5 3:-2 # a comment
-1 2:1.5e-1

-1 1:1 2:2 3:3
+1 3:4
+1 1:2
-1 2:-1
"""


def test_a_file_in_the_format_of_libsvm(tmp_path):
    path = tmp_path / "rows.txt"
    path.write_text(LIBSVM)
    inputs, labels = read_libsvm(path)
    np.testing.assert_array_equal(inputs[:3], [[0.5, 0, -2], [0, 0.15, 0], [1, 2, 3]])
    np.testing.assert_array_equal(labels, [1, -1, -1, 1, 1, -1])
    objective = bench.make("logistic-regression", data="file", file=str(path), scaling="raw", l2=0.1)
    assert objective.dim == 4 and objective.rows == 4 and len(objective.test["targets"]) == 2
    assert len(objective.parameters["digest"]) == 16
    with pytest.raises(ValueError, match="the file has changed"):
        bench.make("logistic-regression", data="file", file=str(path), digest="0" * 16)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("+1 1:2\n-1 x:3\n", "no file in the format of LIBSVM"),
        ("+1 1:2\n-1 99999999999:3\n", "no file in the format of LIBSVM"),
        ("+1 1:2\n-1 1:nan\n", "must hold finite numbers, got nan or inf"),
        ("+1 1:2\n-1 1:1e400\n", "must hold finite numbers, got nan or inf"),
        ("+1 2:1 1:3\n-1 1:3\n", "no file in the format of LIBSVM"),
        ("", "at least one row"),
        ("1 1:2\n2 1:1\n3 1:3\n", "labels of two values, got 3"),
        ("+1 1:1\n-1 400000000:1\n", "are the most"),
    ],
)
def test_files_that_are_not(tmp_path, text, sentence):
    path = tmp_path / "rows.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        bench.make("logistic-regression", data="file", file=str(path))
    with pytest.raises(ValueError, match="file=PATH"):
        bench.make("logistic-regression", data="file")


def test_the_minimum_of_a_logistic_regression():
    """As BFGS finds it; separable rows have one, too, and large inputs do not overflow."""
    for parameters in ({}, {"data": "moons", "l2": 1e-4}, {"scaling": "raw", "l2": 1.0}):
        objective = bench.make("logistic-regression", **parameters)
        slope = objective.gradient(objective.x_opt, **objective.data, **objective.constants)
        assert np.abs(slope).max() < 1e-10
        assert objective.f_opt < objective.f(objective.x_opt + 1e-3)
    assert np.isfinite(objective.f(np.full(objective.dim, 1e3)))
