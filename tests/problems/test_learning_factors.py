"""Every factor of the learning problems: against torch's and scikit-learn's own, and by hand."""

from itertools import islice

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import PolynomialFeatures
from sklearn.svm import SVC
from torch import nn

from bench.core import Objective, Oracle
from bench.core.answers import Answers
from bench.core.modules.draws import Numbers
from bench.core.registry import find_problem, load
from bench.problems.learning import losses
from bench.problems.learning.datasets import split
from bench.problems.learning.features import gaussians, polynomial
from bench.problems.learning.images import shifted
from bench.problems.learning.networks import Init, Network, convolutional, initial, outputs, unflatten
from bench.problems.learning.preparation import prepared

load(("bench.problems",))


def tensor(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def start(objective: Objective, seed: int = 0) -> np.ndarray:
    return objective.first_point(np.random.default_rng(seed))


# losses

OUTPUTS = torch.tensor([[[[2.0, 1.5, 0.0], [0.0, 3.0, 1.0]]]])  # one network, two rows, three classes
TARGETS = torch.tensor([[0, 2]])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("hinge", [0.5, 3.0]),  # 1 + 1.5 - 2, 1 + 3 - 1
        ("ranking", [0.5 + 0.0, 0.0 + 3.0]),  # 1 + 0 - 2 < 0; 1 + 0 - 1 = 0
        ("squared", [1.0 + 2.25 + 0.0, 0.0 + 9.0 + 0.0]),
        ("cross-entropy", [np.log(np.exp([2, 1.5, 0]).sum()) - 2, np.log(np.exp([0, 3, 1]).sum()) - 1]),
    ],
)
def test_losses_by_hand(loss: str, expected: list[float]) -> None:
    np.testing.assert_allclose(losses.LOSSES[loss](OUTPUTS, TARGETS)[0, 0], expected, rtol=1e-6)


def test_losses_are_torchs_own() -> None:
    scores, targets = tensor(2, 3, 20, 5), torch.arange(40).reshape(2, 20) % 5
    for r, p in np.ndindex(2, 3):
        rows, classes = scores[r, p], targets[r]
        for name, own in (
            ("cross-entropy", nn.functional.cross_entropy(rows, classes)),
            ("ranking", 5 * nn.functional.multi_margin_loss(rows, classes)),  # torch divides by the classes
            ("squared", 5 * nn.functional.mse_loss(rows, nn.functional.one_hot(classes, 5).double())),
        ):
            torch.testing.assert_close(losses.LOSSES[name](scores, targets).mean(-1)[r, p], own)


def test_the_hinges_own_backward_is_its_gradient() -> None:
    scores, targets = tensor(2, 3, 7, 4).requires_grad_(), torch.arange(14).reshape(2, 7) % 4
    assert torch.autograd.gradcheck(lambda x: losses.hinge(x, targets), scores)
    assert torch.autograd.gradgradcheck(lambda x: losses.hinge(x, targets) ** 2, scores)
    (slope,) = torch.autograd.grad(losses.hinge(OUTPUTS.requires_grad_(), TARGETS).sum(), OUTPUTS)
    assert slope.tolist() == [[[[-1, 1, 0], [0, 1, -1]]]]
    told = torch.tensor([[[[5.0, 4.0, 0.0]]]], requires_grad=True)  # a margin of exactly 1: 0 is chosen at the kink
    assert not torch.autograd.grad(losses.hinge(told, torch.tensor([[0]])).sum(), told)[0].any()


def test_the_hinge_has_second_derivatives_through_a_network() -> None:
    objective = find_problem("mlp").make(data="iris", loss="hinge", activation="tanh", widths=(4,))
    ask = Answers(objective, "torch")
    x, v = torch.tensor(start(objective)), torch.tensor(start(objective, 1))
    ahead, behind = (ask.value_and_gradient(x + sign * 1e-2 * v)[1] for sign in (1, -1))
    torch.testing.assert_close(ask.hessian_vector(x, v), (ahead - behind) / 2e-2, rtol=0.05, atol=0.02)


# networks


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_norms_are_torchs_own(norm: str) -> None:
    objective = find_problem("mlp").make(data="wine", scaling="standardised", widths=(7, 5), norm=norm)
    network = objective.constants["network"]
    x = torch.tensor(start(objective)).float() + 0.3 * tensor(objective.dim).float()
    parts = unflatten(x, network)
    assert [tuple(part.shape) for part in parts] == [(13, 7), (7,), (7,), (7, 5), (5,), (5,), (5, 3), (3,)]
    modules: list[nn.Module] = []
    for at in (0, 3):
        linear = nn.Linear(*parts[at].shape, bias=False)
        linear.weight.data = parts[at].T
        kind = nn.BatchNorm1d(parts[at].shape[1], momentum=1.0) if norm == "batch" else nn.LayerNorm(parts[at].shape[1])
        kind.weight.data, kind.bias.data = parts[at + 1], parts[at + 2]
        modules += [linear, kind, nn.ReLU()]
    last = nn.Linear(5, 3)
    last.weight.data, last.bias.data = parts[6].T, parts[7]
    reference = nn.Sequential(*modules, last)
    train, test = (
        {key: torch.tensor(part[key]).to(torch.int64 if key == "targets" else torch.float32) for key in part}
        for part in (objective.data, {key: objective.test[key] for key in ("inputs", "targets")})
    )
    loss = nn.functional.cross_entropy(reference(train["inputs"]), train["targets"])
    ask = Answers(objective, "torch")
    torch.testing.assert_close(ask.value(x), loss.detach())
    for module in reference:  # torch keeps the variance with n - 1, ours is that of all rows
        if isinstance(module, nn.BatchNorm1d):
            module.running_var *= (len(train["targets"]) - 1) / len(train["targets"])  # type: ignore[operator]
    reference.eval()
    found = ask.metrics(torch.stack([x, x]))
    expected = nn.functional.cross_entropy(reference(test["inputs"]), test["targets"]).detach()
    torch.testing.assert_close(found["test_loss"], expected.expand(2))


@pytest.mark.parametrize("image", [(8, 8), (7, 5)])
def test_convolutions_are_torchs_own(image: tuple[int, int]) -> None:
    network = convolutional(image, (3, 4), 6, activation="tanh")
    x = tensor(2, 3, network.dim)
    inputs = tensor(2, 5, image[0] * image[1], seed=1)
    found = outputs(x, inputs, network)
    assert found.shape == (2, 3, 5, 6)
    for r, p in np.ndindex(2, 3):
        first, b1, second, b2, last, b3 = unflatten(x[r, p], network)
        h = inputs[r].reshape(5, 1, *image)
        for weights, bias in ((first, b1), (second, b2)):
            kernel = weights.reshape(3, 3, -1, weights.shape[-1]).permute(3, 2, 0, 1)
            h = torch.tanh(nn.functional.conv2d(h, kernel, bias, stride=2, padding=1))
        torch.testing.assert_close(found[r, p], h.permute(0, 2, 3, 1).flatten(1) @ last + b3)


def test_a_convolutions_batch_norm_is_over_rows_and_positions() -> None:
    network = convolutional((6, 6), (2,), 3, norm="batch")
    x, inputs = tensor(1, 1, network.dim), tensor(1, 9, 36, seed=1)
    weights, gain, bias, last, offset = unflatten(x[0, 0], network)
    kernel = weights.reshape(3, 3, 1, 2).permute(3, 2, 0, 1)
    h = nn.functional.conv2d(inputs[0].reshape(9, 1, 6, 6), kernel, stride=2, padding=1)
    h = nn.functional.batch_norm(h, None, None, gain, bias, training=True).relu()
    torch.testing.assert_close(outputs(x, inputs, network)[0, 0], h.permute(0, 2, 3, 1).flatten(1) @ last + offset)


def test_activations_are_counted_as_they_are_held() -> None:
    assert Network((64, 32, 10)).activations == 42
    # 4 x 4 of 3 channels, 2 x 2 of 6 and the patches that they see, and the outputs
    assert convolutional((8, 8), (3, 6), 10).activations == 16 * 3 + 4 * 6 + 4 * 9 * 3 + 10


@pytest.mark.parametrize(
    ("init", "width"), [("zero", 0.0), ("small", 0.01), ("large", 1.0), ("xavier", (2 / 300) ** 0.5)]
)
def test_starts_are_as_wide_as_they_say(init: Init, width: float) -> None:
    network = Network((100, 200, 100), norm="layer")
    x = torch.tensor(initial(np.random.default_rng(0), network, init))
    first, gain, bias, second, last = unflatten(x, network)
    for weights in (first, second):
        assert float(weights.std()) == pytest.approx(width, rel=0.02)
    assert (gain == 1).all()
    biases = torch.cat([bias, last])
    assert float(biases.std()) == pytest.approx(0 if init == "xavier" else width, rel=0.15)


# noise


def test_outputs_with_dropout_are_right_in_the_mean() -> None:
    objective = find_problem("mlp").make(data="wine", scaling="standardised", dropout=0.3, widths=(6,))
    network = objective.constants["network"]
    x = torch.tensor(start(objective)).float().expand(1, 1, -1)
    inputs = torch.tensor(objective.data["inputs"]).float()[None]
    many = torch.arange(4000)[None]
    drawn = outputs(x.expand(1, 4000, -1), inputs, network, Numbers(many))
    spread = drawn.std(1) / 4000**0.5
    assert ((drawn.mean(1) - outputs(x, inputs, network)[:, 0]).abs() < 5 * spread + 1e-6).all()
    assert (spread > 0).any()
    hidden = unflatten(x[0, 0], network)
    offset = hidden[3]
    nothing = (drawn == offset).all(-1)  # all active units dropped: 0.3 for each of them
    active = (inputs[0] @ hidden[0] + hidden[1] > 0).sum(-1)
    expected = 0.3**active
    assert ((nothing.float().mean((0, 1)) - expected).abs() < 5 * (expected / 4000).sqrt() + 1e-6).all()


@pytest.mark.parametrize("factor", [{"dropout": 0.5}, {"augmentation": "shift"}])
def test_noise_depends_on_the_answers_seed_alone_and_judgement_has_none(factor: dict[str, object]) -> None:
    many = [find_problem("mlp").make(widths=(8,), instance=k, **factor) for k in (1, 2)]
    assert many[0].noise is not None
    noise = np.stack([many[0].noise(np.random.default_rng(k), (3,)) for k in (1, 2)])
    x = np.stack([[start(item)] * 3 for item in many])
    noisy = Answers(many, "numpy").value(x, noise=noise)
    assert len(np.unique(noisy)) == 6
    for lane, item in enumerate(many):
        ask = Answers(item, "numpy")
        np.testing.assert_allclose(noisy[lane, 2], ask.value(x[lane, 2], noise=noise[lane, 2]), rtol=1e-6)
        plain = find_problem("mlp").make(widths=(8,), instance=lane + 1)
        assert ask.score(x[lane, 0]) == plain.f(x[lane, 0])


def test_images_are_shifted_by_a_pixel_to_every_side() -> None:
    image = torch.arange(1.0, 7.0).reshape(1, 1, 6)  # 1 2 3 / 4 5 6
    moved = shifted(image[:, 0:1].expand(1, 9, 6), torch.arange(9).reshape(1, 1, 9), (2, 3))[0, 0]
    assert moved[4].tolist() == [1, 2, 3, 4, 5, 6]
    assert moved[1].tolist() == [0, 0, 0, 1, 2, 3]  # down
    assert moved[3].tolist() == [0, 1, 2, 0, 4, 5]  # to the right
    assert moved[8].tolist() == [5, 6, 0, 0, 0, 0]  # up and to the left
    assert len({tuple(row) for row in moved.tolist()}) == 9


# what is done to the data


def test_scalings() -> None:
    raw = prepared("digits", 1).train["inputs"]
    live = raw.max(0) > raw.min(0)
    assert not live.all()  # corners are always white
    standardised = prepared("digits", 1, scaling="standardised").train["inputs"]
    np.testing.assert_allclose(standardised.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(standardised.std(0), live, atol=1e-6)
    shifted = prepared("digits", 1, scaling="shifted").train["inputs"]
    np.testing.assert_allclose(shifted.min(0), np.where(live, 99, 100), atol=1e-6)
    np.testing.assert_allclose(shifted.max(0), np.where(live, 101, 100), atol=1e-6)
    unbalanced = prepared("wine", 1, scaling="unbalanced").train["inputs"].std(0)
    assert (unbalanced[0], unbalanced[6], unbalanced[12]) == pytest.approx((0.1, 1, 10))
    wine, held_out = (prepared("wine", 1, scaling=kind) for kind in ("raw", "standardised"))
    mean, deviation = wine.train["inputs"].mean(0), wine.train["inputs"].std(0)  # of the training rows, for both
    np.testing.assert_allclose(held_out.test["inputs"], (wine.test["inputs"] - mean) / deviation)


def test_label_noise_changes_that_many_training_labels() -> None:
    clean, noisy = prepared("digits", 1), prepared("digits", 1, label_noise=0.3)
    changed = clean.train["targets"] != noisy.train["targets"]
    assert changed.sum() == 431  # 0.3 * 1437, rounded
    assert np.unique(noisy.train["targets"]).tolist() == list(range(10))
    np.testing.assert_array_equal(clean.test["targets"], noisy.test["targets"])
    assert (prepared("moons", 1, label_noise=1.0).train["targets"] == 1 - split("moons", 1).train["targets"]).all()


def test_copies_cost_more_and_change_nothing() -> None:
    one, three = (find_problem("softmax").make(data="iris", copies=copies) for copies in (1, 3))
    assert (one.rows, three.rows) == (120, 360)
    assert float(three.f(start(one))) == pytest.approx(float(one.f(start(one))), rel=1e-6)


def test_features_are_scikit_learns_own() -> None:
    inputs = np.random.default_rng(0).standard_normal((5, 3))
    own = PolynomialFeatures(2, include_bias=False).fit_transform(inputs)
    np.testing.assert_allclose(polynomial(inputs), own)
    np.testing.assert_allclose(gaussians(inputs, inputs[:2], 0.7), rbf_kernel(inputs, inputs[:2], gamma=0.7))


@pytest.mark.parametrize(
    ("features", "width"), [("none", 13), ("polynomial", 13 + 91), ("random-relu", 256), ("rbf", 142)]
)
def test_features_stand_in_front_of_a_linear_model(features: str, width: int) -> None:
    for name, outs in (("softmax", 3), ("linear-classifier", 3)):
        objective = find_problem(name).make(data="wine", features=features, scaling="standardised")
        assert objective.data["inputs"].shape == (142, width)
        assert objective.test["inputs"].shape == (36, width)
        assert objective.dim == (width + 1) * outs
    assert features != "random-relu" or objective.data["inputs"].min() == 0
    if features == "rbf":
        assert (np.diag(objective.data["inputs"]) == 1).all()  # each row is a centre


def test_a_kernel_machine_tells_apart_what_no_plane_does() -> None:
    accuracy = {}
    for features in ("none", "rbf"):
        objective = find_problem("linear-classifier").make(data="moons", features=features)
        ask, x = Answers(objective, "torch"), torch.zeros(objective.dim)
        for _ in range(200):
            x = x - 0.3 * ask.value_and_gradient(x)[1]
        accuracy[features] = float(ask.metrics(x)["test_accuracy"])
    assert accuracy["none"] < 0.95 < accuracy["rbf"]


@pytest.mark.parametrize(("width", "gamma"), [("0.70710678", 1.0), ("0.5", 2.0)])
def test_gaussians_are_as_wide_as_they_are_told(width: str, gamma: float) -> None:
    """On the two spirals, scikit-learn's SVC with gamma 1 is right everywhere; with a width as wide as the cloud it is
    not, and nor is a linear model on such features."""
    rows = find_problem("softmax").make(data="spirals")
    train, test = (part["inputs"] for part in (rows.data, rows.test))
    objective = find_problem("softmax").make(data="spirals", features=f"rbf:{width}")
    np.testing.assert_allclose(objective.data["inputs"], rbf_kernel(train, train, gamma), rtol=1e-5, atol=1e-12)
    expected = SVC(gamma=gamma).fit(train, rows.data["targets"]).score(test, rows.test["targets"])
    assert expected == 1
    ask, x = Answers(objective, "torch"), torch.zeros(objective.dim)
    for _ in range(300):
        x = x - 2.0 * ask.value_and_gradient(x)[1]
    assert float(ask.metrics(x)["test_accuracy"]) == 1
    wide = find_problem("softmax").make(data="spirals", features="rbf")
    ask, x = Answers(wide, "torch"), torch.zeros(wide.dim)
    for _ in range(300):
        x = x - 2.0 * ask.value_and_gradient(x)[1]
    assert float(ask.metrics(x)["test_accuracy"]) < 0.7


def test_random_features_are_as_many_as_they_are_told() -> None:
    for features, units in (("random-relu", 256), ("random-relu:256", 256), ("random-relu:40", 40)):
        objective = find_problem("softmax").make(data="wine", features=features)
        assert objective.data["inputs"].shape == (142, units)
    same = [find_problem("softmax").make(data="wine", features=text) for text in ("random-relu", "random-relu:256")]
    np.testing.assert_array_equal(same[0].data["inputs"], same[1].data["inputs"])


@pytest.mark.parametrize(
    "features",
    ["rbf:0", "rbf:-1", "rbf:inf", "rbf:nan", "rbf:", "rbf:x", "random-relu:0", "random-relu:2.5", "random-relu:1e9",
     "none:1", "polynomial:2"],
)  # fmt: skip
def test_numbers_of_features_that_cannot_be(features: str) -> None:
    with pytest.raises(ValueError, match=r"features may be random-relu:NUMBER, 1 to 100,000, or rbf:WIDTH, above 0"):
        find_problem("softmax").make(data="wine", features=features)


# regression


@pytest.mark.parametrize("features", ["none", "polynomial", "random-relu"])
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_ridge_is_scikit_learns_own(features: str, l2: float) -> None:
    objective = find_problem("linear-regression").make(l2=l2, features=features)
    inputs, targets = objective.data["inputs"], objective.data["targets"]
    assert (targets.mean(), targets.std()) == pytest.approx((0, 1))
    rows = np.c_[inputs, np.ones(len(inputs))]
    rule = Ridge(alpha=len(rows) * l2 / 2, fit_intercept=False) if l2 else LinearRegression(fit_intercept=False)
    own = rule.fit(rows, targets)
    assert objective.f_opt == pytest.approx(float(objective.f(own.coef_)), rel=1e-9)
    assert objective.f_opt == pytest.approx(((own.predict(rows) - targets) ** 2).mean() + l2 / 2 * (own.coef_**2).sum())
    np.testing.assert_allclose(objective.x_opt, own.coef_, rtol=1e-5, atol=1e-7)


def test_lasso_is_scikit_learns_own() -> None:
    objective = find_problem("linear-regression").make(l1=0.2)
    assert objective.f_opt is None
    rows = np.c_[objective.data["inputs"], np.ones(objective.rows)]
    own = Lasso(alpha=0.1, fit_intercept=False, tol=1e-12).fit(rows, objective.data["targets"])  # f is twice theirs
    slope = Answers(objective, "numpy").value_and_gradient(own.coef_)[1]
    kept = own.coef_ != 0
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_allclose(slope[kept], 0, atol=1e-6)
    assert (np.abs(slope[~kept]) <= 0.2).all()  # 0 is a subgradient there


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_squares_of_residuals_add_up(arrays: str) -> None:
    many = [find_problem("linear-regression").make(l2=0.3, instance=k) for k in (1, 2)]
    x = np.random.default_rng(0).standard_normal((2, 4, 11))
    given = x if arrays == "numpy" else torch.tensor(x)
    stacked = Answers(many, arrays)
    f, r = stacked.value_and_residuals(given)
    assert r.shape == (2, 4, 353 + 11)
    np.testing.assert_allclose(f, stacked.value(given), rtol=1e-12)


def test_penalties_by_hand() -> None:
    plain, heavy = (find_problem("softmax").make(data="iris", l1=l1, l2=l2) for l1, l2 in ((0.0, 0.0), (0.5, 0.25)))
    x = np.full(15, -2.0)
    assert float(heavy.f(x) - plain.f(x)) == pytest.approx(0.5 * 30 + 0.125 * 60)
    stacked = Answers([heavy, find_problem("softmax").make(data="iris", l1=0.5, l2=0.25, instance=2)], "numpy")
    assert stacked.value(np.stack([[x], [x]]))[0, 0] == pytest.approx(float(heavy.f(x)))


# the order of mini-batches

LEARNERS = ("softmax", "linear-classifier", "mlp", "convnet", "linear-regression")


@pytest.mark.parametrize("name", LEARNERS)
def test_losses_of_rows_average_to_f_without_penalties(name: str) -> None:
    many = [find_problem(name).make(l1=0.0, l2=0.0, instance=k) for k in (1, 2)]
    arrays = "numpy" if many[0].arrays == "any" else many[0].arrays
    stacked = Answers(many, arrays)
    x = np.stack([[start(item), 2 * start(item)] for item in many])
    x = x if arrays == "numpy" else torch.tensor(x)
    rows = stacked.row_losses(x)
    assert rows.shape == (2, 2, many[0].rows)
    np.testing.assert_allclose(rows.mean(-1), stacked.value(x), rtol=1e-5)
    np.testing.assert_allclose(rows[1], Answers(many[1], arrays).row_losses(x[1]), rtol=1e-4, atol=1e-5)
    penalised = Answers(find_problem(name).make(l1=0.1, l2=0.1), arrays)
    np.testing.assert_allclose(penalised.row_losses(x[0]), rows[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_sampling_says_what_comes_first(name: str) -> None:
    for sampling in ("hard", "sorted"):
        objective = find_problem(name).make(l2=0.0, sampling=sampling)
        arrays = "numpy" if objective.arrays == "any" else objective.arrays
        oracle = Oracle(objective, budget=10, order=1, arrays=arrays)
        oracle.recommend(oracle.x0)
        losses = np.asarray(Answers(objective, arrays).row_losses(oracle.x0))
        key = -losses if sampling == "hard" else objective.data["targets"]
        first = np.argsort(key, kind="stable")[:20]
        batch = next(oracle.minibatches(20))
        assert float(batch.value(oracle.x0)) == pytest.approx(losses[first].mean(), rel=1e-4)


def test_balanced_batches_hold_as_many_of_each_class() -> None:
    values = {}
    for sampling in ("balanced", "shuffle"):
        objective = find_problem("softmax").make(sampling=sampling, l2=0.0)
        oracle = Oracle(objective, budget=10, order=1, arrays="torch")
        x = torch.zeros(objective.dim)
        x[-10:] = 10 * torch.arange(10)  # the loss of a row is then all but 10 (9 - class)
        oracle.recommend(x)
        values[sampling] = [float(batch.value(x)) for batch in islice(oracle.minibatches(50), 10)]
    assert values["balanced"] == pytest.approx([45] * 10, abs=1e-3)
    assert np.ptp(values["shuffle"]) > 2


@pytest.mark.parametrize("settings", [("linear-regression", {}), ("mlp", {"data": "diabetes", "loss": "squared"})])
def test_batches_of_real_targets_cannot_be_balanced(settings: tuple[str, dict[str, str]]) -> None:
    name, given = settings
    with pytest.raises(ValueError, match="sampling must not be balanced where targets are real numbers"):
        find_problem(name).make(sampling="balanced", **given)
