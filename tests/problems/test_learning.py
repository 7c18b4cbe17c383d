"""Classifiers, most of them of digits: against torch's own networks one by one, and against formulas by hand."""

from math import log, prod

import numpy as np
import pytest
import torch
from torch import nn

from bench.core.answers import Answers
from bench.core.registry import find_problem, load
from bench.problems.learning import networks, training
from bench.problems.learning.classification import mlp, softmax
from bench.problems.learning.datasets import Split, split
from bench.problems.learning.features import with_features

load(("bench.problems",))


def reference(x: torch.Tensor, shapes: list[tuple[int, ...]], activation: str) -> nn.Sequential:
    """torch's own layers with the parameters of x (dim,)."""
    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
    parts = [part.reshape(shape) for part, shape in zip(x.split([prod(s) for s in shapes]), shapes, strict=True)]
    modules: list[nn.Module] = []
    for weights, bias in zip(parts[::2], parts[1::2], strict=True):
        layer = nn.Linear(*weights.shape)
        layer.weight.data, layer.bias.data = weights.T, bias
        modules += [layer, kinds[activation]()]
    return nn.Sequential(*modules[:-1])


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("widths", [(7,), (6, 5)])
def test_mlp_equals_torchs_own_network(widths: tuple[int, ...], activation: str) -> None:
    objective = find_problem("mlp").make(widths=widths, activation=activation)
    ask = Answers(objective, "torch")
    x = torch.tensor(np.stack([objective.first_point(np.random.default_rng(seed)) for seed in range(3)])).float()
    values, gradients = ask.value_and_gradient(x)
    metrics = ask.metrics(x)
    train = ask.pick(np.arange(objective.rows)[None])
    test = {key: torch.tensor(rows) for key, rows in objective.test.items()}
    for i, point in enumerate(x):
        network = reference(point, list(objective.shapes), activation)
        loss = nn.functional.cross_entropy(network(train["inputs"]), train["targets"])
        assert float(values[i]) == pytest.approx(loss.item(), rel=1e-5)
        loss.backward()
        own = torch.cat([(p.grad.T if p.ndim == 2 else p.grad).reshape(-1) for p in network.parameters()])
        torch.testing.assert_close(gradients[i], own, rtol=1e-4, atol=1e-6)
        outputs = network(test["inputs"])
        assert float(metrics["test_loss"][i]) == pytest.approx(
            nn.functional.cross_entropy(outputs, test["targets"]).item(), rel=1e-5
        )
        right = (outputs.argmax(-1) == test["targets"]).sum().item()
        assert float(metrics["test_accuracy"][i]) == pytest.approx(right / 360, abs=1e-6)


def test_softmax_by_hand() -> None:
    objective = find_problem("softmax").make(l2=0.5)
    assert objective.dim == 64 * 10 + 10
    ask = Answers(objective, "torch")
    value, gradient = ask.value_and_gradient(torch.zeros(650))
    assert float(value) == pytest.approx(log(10), rel=1e-6)
    inputs, targets = objective.data["inputs"].astype(float), np.eye(10)[objective.data["targets"]]
    errors = 0.1 - targets  # p - y, where all classes are alike
    expected = np.concatenate([(inputs.T @ errors).ravel(), errors.sum(0)]) / 1437
    np.testing.assert_allclose(gradient.numpy(), expected, atol=1e-6)
    # the penalty: 1/2 of 1/2 of 650, where equal biases and equal weights leave all classes alike
    assert float(ask.value(torch.ones(650))) == pytest.approx(log(10) + 0.25 * 650, rel=1e-5)
    assert float(ask.metrics(torch.ones(650))["test_loss"]) == pytest.approx(log(10), rel=1e-4)


def test_gradient_descent_learns_to_read() -> None:
    ask = Answers(find_problem("softmax").make(), "torch")
    x = torch.zeros(650)
    for _ in range(200):
        x = x - 0.5 * ask.value_and_gradient(x)[1]
    assert float(ask.metrics(x)["test_accuracy"]) > 0.9  # chance is 0.1


def test_every_split_holds_all_images_once() -> None:
    whole = None
    for instance in (1, 2, 3):
        digits = split("digits", instance)
        assert (digits.train["inputs"].shape, digits.test["inputs"].shape) == ((1437, 64), (360, 64))
        assert digits.train["inputs"].min() == 0
        assert digits.train["inputs"].max() == 1
        rows = np.concatenate([np.c_[part["inputs"], part["targets"]] for part in (digits.train, digits.test)])
        rows = rows[np.lexsort(rows.T)]
        whole = rows if whole is None else whole
        np.testing.assert_array_equal(rows, whole)


def test_lanes_take_batches_of_their_own_data() -> None:
    many = [find_problem("mlp").make(widths=(8,), instance=k) for k in (1, 2)]
    stacked = Answers(many, "torch")
    x = torch.tensor(np.stack([item.first_point(np.random.default_rng(0)) for item in many])[:, None]).float()
    picked = stacked.pick(np.tile(np.arange(10, 42), (2, 1)))
    values = stacked.value(x, picked)
    for lane, item in enumerate(many):
        rows = {key: torch.tensor(array[10:42]) for key, array in item.data.items()}
        torch.testing.assert_close(values[lane], Answers(item, "torch").value(x[lane], rows))


@pytest.mark.parametrize(("fit", "chunks"), [(3, 10), (1, 20), (12, 2), (100, 1), (0, 20)])
def test_populations_in_chunks_equal_those_at_once(monkeypatch: pytest.MonkeyPatch, fit: int, chunks: int) -> None:
    many = [find_problem("mlp").make(widths=(8,), dropout=0.5, instance=k) for k in (1, 2)]
    ask = Answers(many, "torch")
    x = 0.1 * torch.randn(2, 10, many[0].dim, generator=torch.Generator().manual_seed(0))
    noise = np.arange(20).reshape(2, 10)
    monkeypatch.setattr(training, "CPU_CHUNK", 2**30)
    whole = ask.value_and_gradient(x, noise=noise)
    one = 1437 * (8 + 10) * 4  # bytes of activations of one network
    sizes: list[int] = []
    outputs = training.outputs
    monkeypatch.setattr(training, "outputs", lambda x, *more: sizes.append(x[..., 0].numel()) or outputs(x, *more))
    monkeypatch.setattr(training, "CPU_CHUNK", fit * one)
    for part, expected in zip(ask.value_and_gradient(x, noise=noise), whole, strict=True):
        torch.testing.assert_close(part, expected)
    assert (len(sizes), sum(sizes)) == (chunks, 20)
    assert max(sizes) <= max(fit, 1)


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2), ("tanh", 1), ("sigmoid", 1)])
def test_starts_have_the_variance_of_their_source(activation: networks.Activation, gain: int) -> None:
    network = networks.Network((50, 200, 100), activation)
    x = torch.tensor(networks.initial(np.random.default_rng(0), network))
    first, bias, second, last = networks.unflatten(x, network)
    assert float(first.var()) == pytest.approx(1 / 50, rel=0.05)
    assert float(second.var()) == pytest.approx(gain / 200, rel=0.05)
    assert not bias.any()
    assert not last.any()


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("mlp", {"widths": ()}, r"widths must be one or more numbers >= 1, got \(\)"),
        ("mlp", {"widths": (4, 0)}, r"widths must be one or more numbers >= 1, got \(4, 0\)"),
        ("mlp", {"activation": "cubic"}, "activation must be one of relu, tanh, sigmoid, got 'cubic'"),
        ("softmax", {"l2": -1.0}, "l2 must be >= 0 and finite, got -1.0"),
        ("softmax", {"l1": float("inf")}, "l1 must be >= 0 and finite, got inf"),
        ("softmax", {"data": "letters"}, "data must be one of digits, .*, got 'letters'"),
        ("softmax", {"label_noise": 1.5}, r"label_noise must be in \[0, 1\], got 1.5"),
        ("softmax", {"copies": 0}, "copies must be >= 1, got 0"),
        ("softmax", {"data": "mnist"}, "FOGBENCH_MNIST must name their folder, got ''"),
        ("mlp", {"dropout": 1.0}, "dropout must be >= 0 and below 1, got 1.0"),
        ("mlp", {"data": "diabetes"}, "loss must be squared where targets are real numbers, got 'cross-entropy'"),
        ("mlp", {"data": "diabetes", "loss": "squared", "label_noise": 0.5}, "label_noise must be 0 .*, got 0.5"),
        ("mlp", {"data": "iris", "augmentation": "shift"}, r"augmentation must be none .*, got 'shift'"),
        ("mlp", {"scaling": "standardised", "augmentation": "shift"}, r"augmentation must be none .*, got 'shift'"),
        ("convnet", {"channels": ()}, r"channels must be one or more numbers >= 1, got \(\)"),
        ("dichotomies", {"points": 1001}, "points must be >= 1 and <= 1000, got 1001"),
        ("dichotomies", {"widths": (0,)}, r"widths must be numbers >= 1, got \(0,\)"),
    ],
)
def test_bad_parameters_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: dict[str, object], message: str
) -> None:
    monkeypatch.delenv("FOGBENCH_MNIST", raising=False)
    with pytest.raises(ValueError, match=message):
        find_problem(name).make(**wrong)


@pytest.mark.parametrize("name", ["data", "loss", "init", "scaling", "norm", "activation", "augmentation"])
def test_a_word_that_is_no_choice_is_refused_without_the_registry(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be one of .*, got 'other'"):
        mlp(**{name: "other"})
    if name in ("data", "scaling"):
        with pytest.raises(ValueError, match=rf"{name} must be one of .*, got 'other'"):
            softmax(**{name: "other"})


def test_features_that_are_none_of_them_or_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match=r"features must be one of none, .*, got 'other'"):
        softmax(features="other")  # type: ignore[arg-type]
    wide = Split(*2 * ({"inputs": np.zeros((2, 101)), "targets": np.zeros(2, int)},), classes=2)
    with pytest.raises(ValueError, match="features=polynomial must have at most 100 inputs, got 101"):
        with_features(wide, "polynomial", 1)
