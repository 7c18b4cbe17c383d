"""A user's own network as an objective: equal to a plain loop of torch, the same alone and among others."""

import pickle
import random
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.prune import l1_unstructured

import bench
from bench.core import Objective, Oracle, seeds
from bench.core.modules.draws import Draws, Refused, uniform
from bench.core.modules.net import Net
from bench.core.modules.question import Term, share
from bench.core.modules.rows import as_rows
from bench.core.oracle import books_of

STEPS, SIZE = 20, 16


class MLP(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 3))


class ConvNet(nn.Module):
    """Convolutions with batch normalisation of either kind, and a layer that is frozen."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, 4, 3, stride=2, bias=False), nn.BatchNorm2d(4)
        self.second, self.mixed = nn.Conv2d(4, 4, 2), nn.Linear(16, 6, bias=False)
        self.units, self.last = nn.BatchNorm1d(6), nn.Linear(6, 3)
        self.mixed.weight.requires_grad_(False)

    def forward(self, x):
        h = F.gelu(self.second(F.silu(self.norm(self.first(x)))))
        return self.last(self.units(self.mixed(h.flatten(1))))


class Transformer(nn.Module):
    """Two layers of attention over tokens, with the embedding as the last layer, too."""

    def __init__(self):
        super().__init__()
        self.embedding, self.places = nn.Embedding(5, 8), nn.Parameter(0.1 * torch.randn(6, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.layers, self.last = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(8, 5)
        self.last.weight = self.embedding.weight
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(6))

    def forward(self, tokens):
        mask = self.mask.to(self.places.dtype)
        return self.last(self.layers(self.embedding(tokens) + self.places, mask=mask, is_causal=True))


class Recurrent(nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.embedding, self.cells = nn.Embedding(5, 4), kind(4, 6, batch_first=True, **options)
        self.last = nn.Linear(6 * (1 + self.cells.bidirectional), 5)

    def forward(self, tokens):
        return self.last(self.cells(self.embedding(tokens))[0])


class Autoencoder(nn.Module):
    """With tied weights by hand, and the loss of its own inputs."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(0.1 * torch.randn(5, 64)), nn.Parameter(torch.zeros(64))

    def forward(self, x):
        x = x.flatten(1)
        return F.linear(torch.sigmoid(F.linear(x, self.weight)), self.weight.T, self.bias), x


def token_loss(outputs, targets):
    return F.cross_entropy(outputs.flatten(0, 1), targets.flatten())


def own_loss(outputs):
    return F.mse_loss(*outputs)


def images(rows=50):
    g = torch.Generator().manual_seed(1)
    return torch.randn(rows, 1, 8, 8, generator=g), torch.randint(3, (rows,), generator=g)


def tokens(rows=50):
    text = torch.randint(5, (rows, 7), generator=torch.Generator().manual_seed(2))
    return text[:, :-1], text[:, 1:]


NETS = {
    "mlp": (MLP, F.cross_entropy, images),
    "convnet": (ConvNet, F.cross_entropy, images),
    "transformer": (Transformer, token_loss, tokens),
    "lstm": (lambda: Recurrent(nn.LSTM, num_layers=2, bidirectional=True), token_loss, tokens),
    "gru": (lambda: Recurrent(nn.GRU), token_loss, tokens),
    "autoencoder": (Autoencoder, own_loss, lambda: images()[:1]),
}
RULES = {  # at rates at which rounding is not amplified
    "SGD": {"lr": 0.005},
    "momentum": {"lr": 0.001, "momentum": 0.9},
    "Adam": {"lr": 0.001},
    "AdamW": {"lr": 0.001, "weight_decay": 0.1},
    "RMSprop": {"lr": 0.001},
    "Adagrad": {"lr": 0.003},
    "NAdam": {"lr": 0.001},
    "Adamax": {"lr": 0.001},
}


def made(name, dtype=torch.float64, seed=0):
    """A network, its loss and its data; without biases before a norm that takes them away again."""
    make, loss, data = NETS[name]
    torch.manual_seed(seed)
    net = make().to(dtype)
    return net, loss, tuple(x.to(dtype) if x.is_floating_point() else x for x in data())


def rule(name, parameters):
    kind = "SGD" if name == "momentum" else name
    return getattr(torch.optim, kind)(parameters, **RULES[name])


@pytest.mark.parametrize(
    ("rules", "dtype"),
    [(["Adam"], torch.float64), ([*RULES], torch.float64), ([*RULES], torch.float32)],
    ids=["alone", "lanes", "float32"],
)
@pytest.mark.parametrize("name", NETS)
def test_equals_a_plain_loop_of_torch(name, rules, dtype):
    """The same batches over five epochs: losses to 1e-12 in float64, to 1e-5 in float32, for all rules, a lane each."""
    net, loss, data = made(name, dtype)
    objective = bench.from_module(net, loss, data if len(data) > 1 else data[0])
    oracle = Oracle([objective] * len(rules), 1e9, list(range(len(rules))), arrays="torch")
    points = [point.clone() for point in oracle.x0]
    flat = [rule(method, [point]) for method, point in zip(rules, points, strict=True)]
    plain = [deepcopy(net).train() for _ in rules]
    plain_rules = [
        rule(method, [p for p in each.parameters() if p.requires_grad])
        for method, each in zip(rules, plain, strict=True)
    ]
    for _, batch in zip(range(STEPS), oracle.minibatches(SIZE), strict=False):
        rows = batch._batch
        f, gradients = batch.value_and_gradient(torch.stack(points))
        for lane, method in enumerate(rules):
            points[lane].grad = gradients[lane]
            flat[lane].step()
            plain_rules[lane].zero_grad()
            inputs = rows["inputs"][lane, 0]
            value = loss(plain[lane](inputs), *(rows[key][lane, 0] for key in rows if key == "targets"))
            value.backward()
            plain_rules[lane].step()
            within = 1e-12 if dtype is torch.float64 else 1e-5
            assert f[lane].item() == pytest.approx(value.item(), rel=within), method
    assert objective.dim == sum(p.numel() for p in net.parameters() if p.requires_grad)


# one vector and many


class Loud(nn.Module):
    """Random operations of many kinds."""

    def __init__(self):
        super().__init__()
        self.first, self.dropout = nn.Linear(64, 8), nn.Dropout(0.3)
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.2, batch_first=True)
        self.channels, self.alpha, self.last = nn.Dropout1d(0.2), nn.AlphaDropout(0.1), nn.Linear(8, 3)

    def forward(self, x):
        h = self.alpha(self.dropout(self.first(self.dropout(x.flatten(1)))))
        if self.training:
            h = h + 0.1 * torch.randn_like(h) + 0.1 * torch.rand(h.shape).to(h) + 0.01 * F.gumbel_softmax(h)
            h = h + torch.normal(0.0, 0.1, h.shape).to(h) + torch.bernoulli(torch.full_like(h, 0.5))
            h = h[torch.randperm(len(h))] + 0.1 * torch.randint(3, (1,)) + 0.01 * torch.empty_like(h).normal_()
        h = self.channels(h[:, None].expand(-1, 4, -1))
        return self.last(self.attention(h, h, h, need_weights=False)[0].mean(1))


def images_in_double():
    x, y = images()
    return x.double(), y


@pytest.fixture(scope="module")
def loud():
    torch.manual_seed(0)
    return bench.from_module(Loud().double(), F.cross_entropy, images_in_double(), images_in_double())


def answers(objective, seeds, questions=2, size=None):
    """f and gradient of a few questions at other points of each lane."""
    oracle = Oracle([objective] * len(seeds), 1e9, seeds, arrays="torch")
    x = oracle.x0 * torch.tensor(seeds).add(10).div(10)[:, None]
    return [batch.value_and_gradient(x) for _, batch in zip(range(questions), oracle.minibatches(size), strict=False)]


@pytest.mark.parametrize("size", [None, 16])
def test_random_numbers_of_a_lane_do_not_depend_on_others(loud, size):
    assert loud.noise is not None and not loud.width.net.apart
    together = answers(loud, [0, 1, 2], size=size)
    for lane in range(3):
        for (f, gradient), (each, slope) in zip(together, answers(loud, [lane], size=size), strict=True):
            torch.testing.assert_close(f[lane : lane + 1], each, rtol=1e-10, atol=1e-12)
            torch.testing.assert_close(gradient[lane : lane + 1], slope, rtol=1e-9, atol=1e-12)


def test_each_question_draws_anew_and_a_score_never(loud):
    first, second = (f for f, _ in answers(loud, [0, 1]))
    assert (first != second).all()
    x = loud.start(np.random.default_rng(0))
    assert loud.f(x) == loud.f(x)


@pytest.mark.parametrize("dropped", [0.3, 0.5])  # torch leaves 0.5 out where it asks for coins
def test_dropout_keeps_what_it_says(dropped):
    net = nn.Sequential(nn.Dropout(dropped), nn.Linear(4000, 1, bias=False)).double()
    net[1].weight.data.fill_(1.0)
    objective = bench.from_module(net, lambda y: y.mean(), torch.ones(30, 4000, dtype=torch.float64))
    oracle = Oracle([objective] * 2, 1e9, [0, 1], arrays="torch")
    values = oracle.value(oracle.x0) / 4000
    deviation = np.sqrt(dropped / (1 - dropped) / (30 * 4000))
    np.testing.assert_allclose(values, 1.0, atol=4 * deviation)
    assert values[0] != values[1]
    assert objective.f(oracle.x0[0]) == 4000


def test_numbers_stay_below_one_in_every_type(monkeypatch):
    """As torch's do: log(1 - u) is finite."""
    monkeypatch.setattr("bench.core.modules.draws.uniform", lambda *_: torch.full((1, 3), 1 - 2**-54).double())
    with Draws(torch.zeros(1, dtype=torch.int64), alone=True):
        for u in (torch.rand(3), torch.rand_like(torch.ones(3)), torch.empty(3).uniform_()):
            assert (u < 1).all() and (u > 0.999).all()
        with pytest.raises(Refused, match="complex64"):
            torch.randn(3, dtype=torch.complex64)


def test_uniform_numbers():
    """Mean, variance, lags and lanes; the first ones do not depend on how many are drawn, or for how many."""
    u = uniform(torch.arange(4), 7, (20_000,))
    assert u.min() > 0 and u.max() < 1
    bound = 4 / np.sqrt(20_000)
    assert (u.mean(1) - 0.5).abs().max() < bound * np.sqrt(1 / 12)
    assert (12 * u.var(1) - 1).abs().max() < bound * np.sqrt(0.8)  # kurtosis of the uniform distribution: 9 / 5
    assert (
        torch.corrcoef(torch.cat([u, u.roll(1, 1), uniform(torch.arange(4), 8, (20_000,))]))
        .fill_diagonal_(0)
        .abs()
        .max()
        < 1.2 * bound
    )
    assert torch.equal(uniform(torch.tensor([2]), 7, (10, 3)).ravel(), u[2, :30])


def test_what_no_seed_reaches_is_refused_by_name():
    class Chosen(nn.Linear):
        def forward(self, x):
            return super().forward(x)[torch.multinomial(torch.ones(len(x)), 3)]

    data = torch.ones(9, 2)
    with pytest.raises(ValueError, match=r"Chosen cannot be asked: the random operation aten.multinomial"):
        bench.from_module(Chosen(2, 1), lambda y: y.mean(), data)
    with pytest.raises(ValueError, match=r"RReLU at '1' cannot be asked"):
        bench.from_module(nn.Sequential(nn.Linear(2, 1), nn.RReLU()), lambda y: y.mean(), data)
    with pytest.raises(ValueError, match="max_norm"):
        bench.from_module(nn.Sequential(nn.Embedding(3, 2, max_norm=1.0)), lambda y: y.mean(), torch.ones(9).long())
    with pytest.raises(ValueError, match="lazy"):
        bench.from_module(nn.LazyLinear(1), lambda y: y.mean(), data)
    with pytest.raises(Refused, match="no axis of 2 lanes"), Draws(torch.zeros(2, dtype=torch.int64), alone=False):
        torch.rand(3)


class Stubborn(nn.Module):
    """What cannot be mapped: it looks at a value."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 3)

    def forward(self, x):
        h = self.linear(x.flatten(1))
        return h if h.sum() > 0 else 2 * h


def test_what_cannot_go_together_goes_one_by_one():
    objective = bench.from_module(Stubborn().double(), F.cross_entropy, images_in_double())
    assert "one by one, since together it fails" in str(objective)
    together = answers(objective, [0, 1, 2], size=16)
    for lane in range(3):
        for (f, _), (each, _) in zip(together, answers(objective, [lane], size=16), strict=True):
            assert f[lane] == each[0]


def test_a_metric_that_cannot_be_mapped_makes_lanes_go_one_by_one():
    """One by NumPy; every run in lanes once crashed, and who ran alone was the best."""
    metrics = {"hits": bench.Metric(lambda y, t: torch.tensor(float((y.numpy().argmax(1) == t.numpy()).mean())))}
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    objective = bench.from_module(net, F.cross_entropy, images(), metrics=metrics)
    assert "one by one, since together it fails: train_hits: " in str(objective)
    results = bench.compare(objective, optimizers=["torch-sgd[lr=0.1]"], budget=6, seeds=3)
    assert not results.runs.status.isin(["crashed"]).any()
    finals = results.final_metrics
    assert finals["median"][finals.metric == "train_hits"].between(0, 1).all()


def test_long_passes_go_one_by_one_on_a_cpu(monkeypatch):
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    objective = bench.from_module(net, F.cross_entropy, images())
    per_row = 2 * 64 * 3
    assert objective.width.net.flops == per_row
    monkeypatch.setattr("bench.core.modules.net.CPU_CHUNK", 2**40)
    assert objective.width(int(1e7 / per_row), "cpu") > 1
    assert objective.width(int(1e7 / per_row) + 1, "cpu") == 1
    assert objective.width(int(1e7 / per_row) + 1, "cuda") > 1


# layers that remember


def test_batch_norm_takes_the_batch_and_in_tests_all_training_rows():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)).double()
    x, y = images_in_double()
    objective = bench.from_module(net, F.cross_entropy, (x, y), (x[:5], y[:5]))
    point = objective.start(np.random.default_rng(0))
    h = net[1](x.flatten(1))
    normed = (h - h.mean(0)) / (h.var(0, correction=0) + 1e-5).sqrt()
    logits = net[3](normed)
    assert float(objective.f(point)) == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-12)
    run = bench.minimize(objective, "torch-sgd", budget=3, start=point)
    assert run.trajectory.test_loss[0] == pytest.approx(F.cross_entropy(logits[:5], y[:5]).item(), rel=1e-12)
    assert (net[2].running_mean == 0).all()  # the user's own module is not touched


def test_a_batch_norm_of_fixed_statistics_keeps_them():
    class Fixed(nn.BatchNorm1d):
        def train(self, mode=True):
            return super().train(False)

    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), Fixed(4), nn.Linear(4, 3)).double()
    net[2].running_var.fill_(4.0)
    x, y = images_in_double()
    objective = bench.from_module(net, F.cross_entropy, (x, y))
    expected = F.cross_entropy(net[3](net[1](x.flatten(1)) / np.sqrt(4 + 1e-5)), y)
    assert float(objective.f(objective.start(None))) == pytest.approx(expected.item(), rel=1e-12)


def test_buffers_that_are_written_begin_anew_at_each_question():
    class Counter(nn.Linear):
        def __init__(self):
            super().__init__(2, 1)
            self.register_buffer("asked", torch.zeros(()))
            self.register_buffer("mean", torch.zeros(1))

        def forward(self, x):
            self.asked += 1
            y = super().forward(x)
            self.mean.mul_(0.9).add_(0.1 * y.detach().mean(0))
            return y * self.asked + self.mean

    objective = bench.from_module(Counter().double(), lambda y: y.square().mean(), torch.ones(9, 2).double())
    oracle = Oracle([objective] * 2, 1e9, [0, 1], arrays="torch")
    first, second = oracle.value(oracle.x0), oracle.value(oracle.x0)
    assert torch.equal(first, second) and not objective.width.net.apart
    assert objective.f(oracle.x0[0]) == pytest.approx(first[0].item(), rel=1e-14)


def test_tied_and_frozen_parameters_are_counted_once_and_never():
    transformer = bench.from_module(*made("transformer")[:2], tokens())
    net = made("transformer")[0]
    assert transformer.dim == sum(p.numel() for p in net.parameters()) == sum(np.prod(s) for s in transformer.shapes)
    assert bench.from_module(*made("convnet")[:2], images_in_double()).dim == 36 + 8 + 68 + 12 + 21


# instances, starts, metrics


def sized(instance, factor=1.0, scale=None):
    """A network whose frozen layer, and data, are those of an instance."""
    g = torch.Generator().manual_seed(instance)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    for p in net.parameters():
        p.data = torch.randn(p.shape, generator=g, dtype=torch.float64)
    net[0].requires_grad_(False)
    net[1].factor = factor
    x = torch.randn(20, 3, generator=g, dtype=torch.float64)
    return bench.from_module(net, nn.MSELoss(), (x, x[:, :1]), instance=instance)


def test_instances_go_in_one_stack_where_they_differ_in_arrays_alone():
    one, two, other = sized(1), sized(2), sized(2, factor=3.0)
    assert one.formula == two.formula and one.formula != other.formula
    for pair, alike in (((one, two), True), ((one, other), False)):
        oracle = Oracle(list(pair), 1e9, 0, arrays="torch")
        assert (oracle._answers._lanes is None) == alike
        expected = [objective.f(x) for objective, x in zip(pair, oracle.x0, strict=True)]
        torch.testing.assert_close(oracle.value(oracle.x0), torch.stack(expected), rtol=1e-12, atol=0)


def test_a_function_that_makes_networks_starts_each_seed_elsewhere():
    objective = bench.from_module(MLP, F.cross_entropy, images())
    oracle = Oracle([objective] * 3, 1e9, [0, 1, 0], arrays="torch")
    assert torch.equal(oracle.x0[0], oracle.x0[2]) and not torch.equal(oracle.x0[0], oracle.x0[1])
    state = torch.random.get_rng_state()
    objective.start(np.random.default_rng(0))
    assert torch.equal(state, torch.random.get_rng_state())
    module = made("mlp", torch.float32)[0]
    given = bench.from_module(module, F.cross_entropy, images()).start(np.random.default_rng(5))
    np.testing.assert_array_equal(given, nn.utils.parameters_to_vector(module.parameters()).detach().double())


def accuracy(outputs, targets):
    return (outputs.argmax(-1) == targets).double().mean()


def test_metrics_and_several_losses():
    net = made("mlp")[0]
    x, y = images_in_double()
    size = {"size": (0.1, lambda outputs, _: outputs.square().mean()), "entropy": F.cross_entropy}
    metrics = {"accuracy": bench.Metric(accuracy, higher=True)}
    objective = bench.from_module(net, size, (x[:40], y[:40]), (x[40:], y[40:]), metrics=metrics)
    assert list(objective.higher) == ["train_accuracy", "test_accuracy"]
    run = bench.minimize(objective, "torch-sgd", budget=4)
    first = run.trajectory.iloc[0]
    outputs = net.eval()(x)
    train, test = outputs[:40], outputs[40:]
    expected = {
        "f": 0.1 * train.square().mean() + F.cross_entropy(train, y[:40]),
        "train_accuracy": accuracy(train, y[:40]),
        "test_accuracy": accuracy(test, y[40:]),
        "train_size": train.square().mean(),
        "test_entropy": F.cross_entropy(test, y[40:]),
        "test_loss": 0.1 * test.square().mean() + F.cross_entropy(test, y[40:]),
    }
    for name, value in expected.items():
        assert first[name] == pytest.approx(value.item(), rel=1e-12), name


def blunder(outputs, targets):
    raise RuntimeError("no such metric")


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("name", ["mlp", "convnet", "transformer", "lstm"])
def test_score_and_metrics_share_their_passes(name, lanes, monkeypatch):
    """One forward pass over the training rows and one over the test rows, two where batch norms look at the training
    rows first; and bit for bit what each question gives alone."""
    net, loss, data = made(name, torch.float32)
    train, test = [tuple(x[rows] for x in data) for rows in (slice(40), slice(40, None))]
    objective = bench.from_module(net, loss, train, test, metrics={"twice": lambda *of: 2 * loss(*of)})
    oracle = Oracle([objective] * lanes, 1e9, list(range(lanes)), arrays="torch")
    passes = []
    forward = Net.forward

    def counted(self, *options, **named):
        ask = forward(self, *options, **named)
        return lambda inputs: (passes.append(len(inputs[0])), ask(inputs))[1]

    monkeypatch.setattr(Net, "forward", counted)
    answers, x = oracle._answers, oracle.x0.reshape(lanes, 1, -1)
    for step in (1, 2):  # at another x it is asked anew
        passes.clear()
        score, metrics = answers.score(x + step), answers.metrics(x + step)
        together = len(passes)
        assert set(passes) == {10, 40}
        passes.clear()
        alone = [replace(question, shared=None) for question in (objective.score, *objective.metrics.values())]
        groups = [objective.data] * 2 + [objective.test] * 2
        assert list(objective.metrics) == ["train_twice", "test_loss", "test_twice"]
        for question, rows, got in zip(alone, groups, (score, *metrics.values()), strict=True):
            arrays = {key: torch.as_tensor(value) for key, value in {**objective.constants, **rows}.items()}
            assert torch.equal(question(x + step, **arrays), got.reshape(lanes, 1))
        assert len(passes) == 2 * together


def test_a_metric_that_fails_says_so_itself():
    objective = bench.from_module(MLP().float(), F.cross_entropy, images(), metrics={"twice": F.cross_entropy})
    broken = replace(objective.metrics["train_twice"], terms=(Term(blunder),))
    _, metric = share({"": replace(objective.score, shared=None), "broken": replace(broken, shared=None)}).values()
    rows = {key: torch.as_tensor(value) for key, value in objective.data.items()}
    x = torch.zeros(1, objective.dim)
    with pytest.raises(RuntimeError, match="no such metric"):
        metric(x, **rows)
    assert torch.isfinite(objective.score(x, **rows)).all()
    assert torch.isfinite(pickle.loads(pickle.dumps(objective.score))(x, **rows)).all()


def test_a_mean_over_many_rows_is_taken_in_parts(monkeypatch):
    """As one pass gives it, where it is a mean over rows; a largest loss is taken of all rows at once."""
    net = made("mlp")[0]
    worst = {"worst": lambda outputs, targets: F.cross_entropy(outputs, targets, reduction="none").max()}
    objective = bench.from_module(net, F.cross_entropy, images_in_double(), metrics=worst)
    assert objective.score.means and not objective.metrics["train_worst"].means
    x = objective.start(np.random.default_rng(0))
    whole = objective.f(x)
    passes = []
    monkeypatch.setattr("bench.core.modules.question.CPU_CHUNK", 7 * objective.width.net.held)
    forward = type(objective.width.net).forward
    monkeypatch.setattr(type(objective.width.net), "forward", lambda *a, **k: passes.append(1) or forward(*a, **k))
    assert float(objective.f(x)) == pytest.approx(float(whole), rel=1e-12)
    assert len(passes) == 8


@pytest.mark.parametrize(("name", "order"), [("mlp", 2), ("convnet", 2), ("transformer", 2), ("lstm", 2)])
def test_products_with_the_hessian(name, order):
    net, loss, data = made(name)
    objective = bench.from_module(net, loss, data)
    assert objective.order == order
    oracle = Oracle([objective] * 2, 1e9, [0, 1], arrays="torch")
    x, g = oracle.x0, torch.Generator().manual_seed(0)
    v = torch.randn(x.shape, generator=g, dtype=torch.float64)
    step = 1e-5
    slope = (oracle.gradient(x + step * v) - oracle.gradient(x - step * v)) / (2 * step)
    torch.testing.assert_close(oracle.hessian_vector(x, v), slope, rtol=1e-5, atol=1e-6 * float(slope.abs().max()))


def test_what_torch_differentiates_once_has_order_1():
    net = nn.Sequential(nn.EmbeddingBag(5, 4, mode="max"), nn.Linear(4, 3))
    data = torch.randint(5, (20, 6)), torch.randint(3, (20,))
    assert bench.from_module(net, F.cross_entropy, data).order == 1


# data


class Rows(torch.utils.data.Dataset):
    def __init__(self, n=600):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError
        return torch.full((2,), float(i)), i % 3


@pytest.mark.parametrize("memory", [2**30, 1000])
def test_a_dataset_and_a_loader_are_read_once(memory):
    for data in (Rows(), torch.utils.data.DataLoader(Rows(), batch_size=7)):
        x, y = as_rows(data, "train", memory)
        np.testing.assert_array_equal(x, np.repeat(np.arange(600.0), 2).reshape(600, 2))
        np.testing.assert_array_equal(y, np.arange(600) % 3)
        assert isinstance(x, np.memmap) == (memory == 1000)
    objective = bench.from_module(nn.Linear(2, 3), F.cross_entropy, Rows(), memory=memory)
    run = bench.minimize(objective, "torch-sgd[batch_size=32]", budget=1)
    assert run.status == "budget" and np.isfinite(run.best)


BAD = {
    "forward fails": (
        lambda: (nn.Linear(3, 1), F.mse_loss, (torch.ones(9, 2), torch.ones(9, 1))),
        r"Linear fails for inputs of shape \(8, 2\)",
    ),
    "unlike lengths": (
        lambda: (nn.Linear(2, 1), F.mse_loss, (torch.ones(9, 2), torch.ones(8, 1))),
        r"equally many rows, got shapes \(9, 2\), \(8, 1\)",
    ),
    "no rows": (lambda: (nn.Linear(2, 1), F.mse_loss, (torch.ones(0, 2), torch.ones(0, 1))), "at least one row"),
    "loss gives a vector": (
        lambda: (nn.Linear(2, 3), nn.CrossEntropyLoss(reduction="none"), (torch.ones(9, 2), torch.ones(9).long())),
        r"loss must give one number as a tensor, got .*shape \(8,\) for outputs .*\(8, 3\) and targets",
    ),
    "loss fails": (
        lambda: (nn.Linear(2, 3), F.cross_entropy, (torch.ones(9, 2), torch.ones(9, 5))),
        "loss fails for outputs",
    ),
    "no tensor": (lambda: (nn.Linear(2, 3), lambda y: 3.0, torch.ones(9, 2)), "one number as a tensor, got float"),
    "not differentiable": (lambda: (nn.Linear(2, 3), lambda y: y.argmax().double(), torch.ones(9, 2)), "differentiate"),
    "NaN at the start": (
        lambda: (nn.Linear(2, 3), lambda y: y.mean() * np.nan, torch.ones(9, 2)),
        r"loss is nan at the start, for inputs of shape \(9, 2\)",
    ),
    "no module": (lambda: (3, F.mse_loss, torch.ones(9, 2)), "net must be a torch.nn.Module or a function"),
    "makes no module": (lambda: (lambda: 3, F.mse_loss, torch.ones(9, 2)), r"net\(\) must make"),
    "nothing varies": (lambda: (nn.ReLU(), F.mse_loss, torch.ones(9, 2)), "no parameter that varies"),
    "halves": (
        lambda: (nn.Linear(2, 1).half(), F.mse_loss, torch.ones(9, 2)),
        "all float32 or all float64, got float16",
    ),
    "words": (lambda: (nn.Linear(2, 1), F.mse_loss, np.array(["a", "b"])), "train must hold real numbers"),
    "no data": (lambda: (nn.Linear(2, 1), F.mse_loss, 3), "train must be tensors, a Dataset or a DataLoader, got int"),
    "no loss": (lambda: (nn.Linear(2, 1), {}, torch.ones(9, 2)), "loss must have at least one function"),
    "a penalty of the network's own": (
        lambda: penalised(nn.Linear(2, 1)),
        "the loss of Linear reads parameters that are not those of its outputs",
    ),
    "a loss that learns": (
        lambda: (nn.Linear(2, 1), Tempered(), (torch.ones(9, 2), torch.ones(9, 1))),
        "the loss of Linear reads parameters that are not those of its outputs",
    ),
    "a part in eval mode": (
        lambda: (nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1).eval()), F.mse_loss, torch.ones(9, 2)),
        "BatchNorm1d at '1' is in eval mode",
    ),
}


def penalised(net):
    """A loss that adds a penalty of the network that it is called with."""
    return net, lambda y: y.mean() + sum(p.pow(2).sum() for p in net.parameters()), torch.ones(9, 2)


class Tempered(nn.Module):
    """A loss with a parameter of its own."""

    def __init__(self):
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(()))

    def forward(self, outputs, targets):
        return F.mse_loss(outputs / self.temperature, targets)


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    make, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence) as caught:
        bench.from_module(*make())
    assert "\n" not in str(caught.value)


def test_bad_metrics_and_test_rows():
    data = torch.ones(9, 2), torch.ones(9, 1)
    terms = {"task": F.mse_loss, "penalty": (0.1, F.l1_loss)}
    with pytest.raises(ValueError, match="must not be named as a term of the loss, which is recorded, got 'task'"):
        bench.from_module(nn.Linear(2, 1), terms, data, metrics={"task": F.l1_loss})
    for sampling in ("sorted", "balanced"):
        with pytest.raises(ValueError, match=r"where a row has several targets, got \(9, 2\)"):
            bench.from_module(nn.Linear(2, 2), F.mse_loss, (data[0], data[0]), sampling=sampling)
    for name in ("loss", "a b", ""):
        with pytest.raises(ValueError, match="a metric must have a name"):
            bench.from_module(nn.Linear(2, 1), F.mse_loss, data, metrics={name: F.l1_loss})
    with pytest.raises(ValueError, match="metric worst must give one number"):
        metrics = {"worst": lambda y, t: (y - t).abs()}
        bench.from_module(nn.Linear(2, 1), F.mse_loss, data, metrics=metrics)
    with pytest.raises(ValueError, match=r"rows of the same shapes, got \(9, 2\), \(9, 1\) and \(4, 3\), \(4, 1\)"):
        bench.from_module(nn.Linear(2, 1), F.mse_loss, data, (torch.ones(4, 3), torch.ones(4, 1)))


# what networks do that a trial must see


class Own(nn.Module):
    """A linear layer whose forward pass is given."""

    def __init__(self, run, **attributes):
        super().__init__()
        self.linear, self.run = nn.Linear(4, 3), run
        for key, value in attributes.items():
            setattr(self, key, value)

    def forward(self, *inputs):
        return self.run(self, *inputs)


def few(rows=40, *shape):
    g = torch.Generator().manual_seed(4)
    x = torch.randn(rows, *(shape or (4,)), generator=g, dtype=torch.float64)
    return x, torch.randint(3, (rows,), generator=g)


def plain_gradient(net, loss, x, *rows):
    """By torch alone: f and its gradient at x (dim,), of the network as it is trained."""
    net = deepcopy(net).train()
    parameters = [p for p in net.parameters() if p.requires_grad]
    nn.utils.vector_to_parameters(x.clone(), parameters)
    *inputs, targets = (each.clone() for each in rows)
    f = loss(net(*inputs), targets)
    slopes = torch.autograd.grad(f, parameters)
    return f.detach(), torch.cat([(each.to_dense() if each.is_sparse else each).reshape(-1) for each in slopes])


def packed(self, x, lengths):
    x = nn.utils.rnn.pack_padded_sequence(self.linear(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
    return self.cells(x)[1][0][0]


def checked(self, x):
    if torch.isnan(x).any():
        raise ValueError("NaN in the inputs")
    return self.linear(x)


ODD = {
    "padding": lambda: (
        nn.Sequential(nn.Embedding(5, 3, padding_idx=0), nn.Flatten(), nn.Linear(18, 3)),
        (tokens()[0], torch.randint(3, (50,))),
    ),
    "sparse gradients": lambda: (
        nn.Sequential(nn.Embedding(5, 3, sparse=True), nn.Flatten(), nn.Linear(18, 3)),
        (tokens()[0], torch.randint(3, (50,))),
    ),
    "packed": lambda: (
        Own(packed, cells=nn.LSTM(3, 3, batch_first=True)),
        (few(40, 6, 4)[0], 1 + torch.arange(40) % 6, few()[1]),
    ),
    "looks at rows": lambda: (Own(checked), few()),
    "writes rows": lambda: (Own(lambda self, x: self.linear(x.mul_(2))), few()),
    "tracked instances": lambda: (
        nn.Sequential(
            nn.Conv1d(6, 4, 3), nn.InstanceNorm1d(4, track_running_stats=True), nn.Flatten(), nn.Linear(8, 3)
        ),
        few(40, 6, 4),
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_networks_are_as_torch_has_them(case):
    """Lanes at points of their own, of batches of their own, and the score; the data stay what they are."""
    torch.manual_seed(0)
    net, rows = ODD[case]()
    net, before = net.double(), [each.clone() for each in rows]
    objective = bench.from_module(net, F.cross_entropy, rows)
    oracle = Oracle([objective] * 3, 1e9, [0, 1, 2], arrays="torch")
    x = oracle.x0 * torch.tensor([1.0, 1.1, 0.8], dtype=torch.float64)[:, None]
    for _, batch in zip(range(2), oracle.minibatches(16), strict=False):
        f, gradient = batch.value_and_gradient(x)
        for lane in range(3):
            picked = [each[lane, 0] for each in batch._batch.values()]
            value, slope = plain_gradient(net, F.cross_entropy, x[lane], *picked)
            torch.testing.assert_close(f[lane], value, rtol=1e-12, atol=0)
            torch.testing.assert_close(gradient[lane], slope, rtol=1e-9, atol=1e-12)
    whole = plain_gradient(net, F.cross_entropy, x[0], *before)[0]
    for _ in range(2):
        assert float(objective.f(x[0])) == pytest.approx(whole.item(), rel=1e-12)
    assert objective.score is not None
    constants = {key: torch.as_tensor(value) for key, value in {**objective.constants, **objective.data}.items()}
    assert float(objective.score(x[:1], **constants)) == pytest.approx(whole.item(), rel=1e-12)
    assert all(map(torch.equal, rows, before))


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_tensors_that_hooks_compute_are_copied():
    """Of weight norms and pruning: neither can be copied by torch."""
    normed, pruned = nn.utils.weight_norm(nn.Linear(4, 3)), nn.Linear(4, 3)
    l1_unstructured(pruned, "weight", 0.5)
    for net in (normed, pruned):
        x, y = few()
        objective = bench.from_module(net.double(), F.cross_entropy, (x, y))
        expected = F.cross_entropy(net(x), y).item()
        assert float(objective.f(objective.start(None))) == pytest.approx(expected, rel=1e-12)


def kept(self, x):
    self.last = self.linear(x) if self.last is None else self.linear(x) + self.last.tanh() * torch.arange(3)
    return self.last


def counted(self, x):
    self.asked += 1
    return self.linear(x) * self.asked


def late(self, x):
    """Another answer after 20 passes."""
    self.asked += 1
    return self.linear(x) * (1 if self.asked <= 20 else 2)


def late_when_evaluated(self, x):
    self.asked += not self.training
    return self.linear(x)


def drawn(self, x):
    return self.linear(x) * (1 + 0 * self.rng.random())


def logged(self, x):
    self.log["shapes"].append(tuple(x.shape))
    return self.linear(x)


class Counting:
    """A loss with an attribute that counts."""

    def __init__(self):
        self.asked = 0

    def __call__(self, outputs, targets):
        self.asked += 1
        return F.cross_entropy(outputs, targets)


def counting():
    asked = [0]

    def loss(outputs, targets):
        asked[0] += 1
        return F.cross_entropy(outputs, targets)

    return loss


CHANGING = {
    "numpy": lambda: (Own(lambda self, x: self.linear(x) * np.random.rand()), "loss"),
    "a coin of Python": lambda: (
        Own(lambda self, x: self.linear(x) if random.random() < 0.999 else -self.linear(x)),
        "loss",
    ),
    "a counter": lambda: (Own(counted, asked=0), r"Own\.asked"),
    "a counter that tells later": lambda: (nn.Sequential(Own(late, asked=0)), r"Sequential\.0\.asked"),
    "one of evaluations": lambda: (Own(late_when_evaluated, asked=0), r"Own\.asked"),
    "a hidden state": lambda: (Own(kept, last=None), r"Own\.last"),
    "a generator of its own": lambda: (Own(drawn, rng=np.random.default_rng(0)), r"Own\.rng"),
    "a log": lambda: (Own(logged, log={"shapes": []}), r"Own\.log"),
    "a loss that counts": lambda: (nn.Linear(4, 3), r"Counting\.asked", Counting()),
    "a loss that closes over a counter": lambda: (nn.Linear(4, 3), r"asked, which .*loss closes over,", counting()),
}


@pytest.mark.parametrize("case", CHANGING)
def test_what_changes_from_question_to_question_is_refused(case):
    net, name, *loss = CHANGING[case]()
    with pytest.raises(ValueError, match=f"^{name} changes from one question to the next"):
        bench.from_module(net.double(), loss[0] if loss else F.cross_entropy, few())


def cached(self, x):
    """Attributes that are written at each pass, and are the same after each."""
    self.shape, self.hidden, self.seen = x.shape, self.linear(x), {"rows": len(x)}
    return self.hidden


def test_what_a_pass_leaves_behind_may_be_the_same_each_time():
    net = Own(cached, shape=None, hidden=None, seen=None, unpicklable=lambda: 3).double()
    assert bench.from_module(net, F.cross_entropy, few()).dim == 15


# what is found at the start in all rows


def spoiled(rows, row, value, array=0):
    rows = [each.clone() for each in rows]
    rows[array][row] = value
    return tuple(rows)


def language_of(value):
    net = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(18, 5)).double()
    return net, F.cross_entropy, spoiled((tokens()[0], tokens()[1][:, 0]), 33, value)


SPOILED = {
    "NaN": (
        lambda: (nn.Linear(4, 3).double(), F.cross_entropy, spoiled(few(), 33, np.nan)),
        "the loss is nan at row 33 of train, which holds nan in its inputs",
    ),
    "inf in targets": (
        lambda: (
            nn.Linear(4, 1).double(),
            lambda y, t: F.mse_loss(y[:, 0], t),
            spoiled((few()[0], few()[0][:, 0]), 39, -np.inf, 1),
        ),
        "the loss is inf at row 39 of train, which holds -inf in its targets",
    ),
    "a class too many": (
        lambda: (nn.Linear(4, 3).double(), F.cross_entropy, spoiled(few(), 17, 3, 1)),
        r"the loss fails \(IndexError: .*\) at row 17 of train, which holds 3 in its targets",
    ),
    "a class below 0": (
        lambda: (nn.Linear(4, 3).double(), F.cross_entropy, spoiled(spoiled(few(), 9, -100, 1), 11, -1, 1)),
        "at row 11 of train, which holds -1 in its targets",
    ),
    "a symbol too many": (lambda: language_of(5), "at row 33 of train, which holds 5 in its inputs"),
    "in the first rows": (
        lambda: (nn.Linear(4, 3).double(), F.cross_entropy, spoiled(few(), 2, 7, 1)),
        "at row 2 of train, which holds 7 in its targets",
    ),
    "in the test rows": (
        lambda: (nn.Linear(4, 3).double(), F.cross_entropy, few(), spoiled(few(), 20, 3, 1)),
        "at row 20 of test, which holds 3 in its targets",
    ),
}


@pytest.mark.parametrize("memory", [2**30, 100])
@pytest.mark.parametrize("case", SPOILED)
def test_all_rows_are_looked_at_before_anything_is_run(case, memory, monkeypatch):
    """Beyond those that a trial asks, in memory and on disk, in pieces of some rows."""
    monkeypatch.setattr("bench.core.modules.scan.CHUNK", 40)
    make, sentence = SPOILED[case]
    net, loss, *data = make()
    sets = [torch.utils.data.TensorDataset(*rows) if memory == 100 else rows for rows in data]
    with pytest.raises(ValueError, match=sentence) as caught:
        bench.from_module(net, loss, *sets, memory=memory)
    assert "\n" not in str(caught.value)


def test_what_a_network_masks_and_a_loss_ignores_may_stand_in_rows():
    x, y = few()
    masks = Own(lambda self, x: self.linear(x.nan_to_num())).double()
    assert bench.from_module(masks, F.cross_entropy, (spoiled((x,), 30, np.nan)[0], spoiled((y,), 31, -100)[0])).dim
    counts = torch.arange(40) - 7  # whole numbers that are no classes
    assert bench.from_module(nn.Linear(4, 1).double(), lambda h, t: F.mse_loss(h[:, 0], t.to(h)), (x, counts)).dim


# a mean over rows

GROWING = {
    "sum": (nn.CrossEntropyLoss(reduction="sum"), "loss must be a mean over rows, .* got .* for 8 rows"),
    "norm": (lambda h, y: (h - F.one_hot(y, 3)).norm(), "loss must be a mean over rows"),
    "pairs": (lambda h, y: torch.cdist(h, h).sum(), "loss must be a mean over rows"),
    "a term": ({"task": F.cross_entropy, "penalty": (0.1, lambda h, y: h.square().sum())}, "loss must be a mean"),
}


@pytest.mark.parametrize("case", GROWING)
def test_a_loss_that_grows_with_the_rows_is_refused(case):
    loss, sentence = GROWING[case]
    for net in (nn.Linear(4, 3), nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3))):
        with pytest.raises(ValueError, match=sentence):
            bench.from_module(net.double(), loss, few())


def test_a_loss_that_is_no_mean_but_does_not_grow_is_taken():
    """A root of a mean, a contrast among rows, classes with weights, and a metric that counts."""
    x, y = few()
    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]).double())
    contrast = lambda h, y: F.cross_entropy(h @ h.T, torch.arange(len(h)))  # noqa: E731
    errors = {"errors": lambda h, y: (h.argmax(-1) != y).double().sum()}
    for loss in (lambda h, y: F.mse_loss(h, F.one_hot(y, 3).to(h)).sqrt(), contrast, weighted):
        assert bench.from_module(nn.Linear(4, 3).double(), loss, (x, y), metrics=errors).dim == 15


# batches of one row


def test_a_rest_of_one_row_is_left_out_where_torch_refuses_it():
    """As by drop_last: a batch norm of 33 rows in batches of 16 or 32, of which torch refuses the last."""
    torch.manual_seed(0)
    net, (x, y) = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)).double(), few(33)
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        net.train()(x[32:])
    objective = bench.from_module(net, F.cross_entropy, (x, y), sampling="same")
    for size in (8, 16, 32, 7):
        oracle = Oracle(objective, 1e9, arrays="torch")
        loader = torch.utils.data.DataLoader(torch.arange(33), batch_size=size, drop_last=33 % size == 1)
        batches = zip(range(2 * len(loader)), oracle.minibatches(size), strict=False)
        sizes = [batch.rows for _, batch in batches]
        assert sizes == 2 * [len(rows) for rows in loader]
        assert oracle.keeps_rest(size) == (33 % size > 1)
    with pytest.raises(ValueError, match="size must be >= 2, got 1: batch norms take the statistics of a mini-batch"):
        next(Oracle(objective, 1e9, arrays="torch").minibatches(1))
    with pytest.raises(ValueError, match="train must hold at least 2 rows"):
        bench.from_module(net, F.cross_entropy, few(1))
    images = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(72, 3)).double()
    of_images = bench.from_module(images, F.cross_entropy, images_in_double())  # of which torch takes one
    assert of_images.fewest == 1 and next(Oracle(of_images, 9, arrays="torch").minibatches(1)).rows == 1
    run = bench.minimize(objective, "torch-sgd[lr=0.1,batch_size=16]", budget=9)
    assert run.status == "budget" and run.best < run.first


def test_a_loss_may_be_random():
    """It is drawn from the stream of each lane, and torch's generator goes on as if nothing had been."""
    net = nn.Linear(4, 3).double()
    state = torch.random.get_rng_state()
    objective = bench.from_module(net, lambda h, y: F.cross_entropy(F.dropout(h, 0.3), y), few())
    assert objective.noise is not None
    assert objective.f(objective.start(None)) == objective.f(objective.start(None))
    (first, _), (second, _) = answers(objective, [0, 1])
    assert (first != second).all() and first[0] != first[1]
    assert answers(objective, [1])[0][0][0] == pytest.approx(first[1].item(), rel=1e-12)
    assert torch.equal(state, torch.random.get_rng_state())


def masked(outputs, targets):
    return (F.cross_entropy(outputs, targets, reduction="none") * (targets < 2)).sum() / (targets < 2).sum().clamp(
        min=1
    )


def zeros():
    net = nn.Linear(4, 3).double()
    nn.init.zeros_(net.weight), nn.init.zeros_(net.bias)
    return net


NO_MEANS = {
    "weights": lambda: nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0, 0.1]).double()),
    "ignored": lambda: nn.CrossEntropyLoss(ignore_index=1),
    "ignored in a function": lambda: lambda h, y: F.cross_entropy(h, y, ignore_index=2),
    "masked": lambda: masked,
    "only beside the start": lambda: lambda h, y: F.cross_entropy(h, y) + h.mean(0).square().sum(),
}


@pytest.mark.parametrize("case", NO_MEANS)
def test_what_is_a_mean_of_the_first_rows_alone_is_none(case):
    """Targets are sorted: the first rows are all of one class, and the network gives zeros at the start."""
    x, y = few(2000)
    objective = bench.from_module(zeros(), NO_MEANS[case](), (x, y.sort().values))
    assert not objective.score.means
    assert bench.from_module(zeros(), F.cross_entropy, (x, y.sort().values)).score.means


def test_padding_that_is_rare_is_seen():
    x, y = few(2000)
    y = y.clone()
    y[1234] = -100
    assert not bench.from_module(zeros(), nn.CrossEntropyLoss(), (x, y)).score.means


# networks that are alike


def scaled(outputs, targets, *, scale=1.0):
    return scale * F.cross_entropy(outputs, targets)


@dataclass
class Weighted:
    scale: float = field(default=1.0, compare=False)

    def __call__(self, outputs, targets):
        return self.scale * F.cross_entropy(outputs, targets)


class Hidden(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale), persistent=False)

    def forward(self, outputs, targets):
        return self.scale * F.cross_entropy(outputs, targets)


def _with(scale):
    function = type(scaled)(scaled.__code__, scaled.__globals__)
    function.__kwdefaults__ = {"scale": scale}
    return function


def hooked(scale):
    net = nn.Linear(4, 3).double()
    net.register_forward_hook(partial(lambda scale, module, inputs, outputs: scale * outputs, scale))
    return net


UNLIKE = {
    "default of a keyword": lambda scale: (zeros(), _with(scale)),
    "field that is not compared": lambda scale: (zeros(), Weighted(scale)),
    "buffer that is not saved": lambda scale: (zeros(), Hidden(scale).double()),
    "hook": lambda scale: (hooked(scale), F.cross_entropy),
    "attribute": lambda scale: (
        Own(lambda self, x: self.scale * self.linear(x), scale=scale).double(),
        F.cross_entropy,
    ),
    "type of a tensor": lambda scale: (
        Own(
            lambda self, x: self.linear(x) / self.ten, ten=torch.tensor(10, dtype=torch.int64 if scale > 1 else None)
        ).double(),
        F.cross_entropy,
    ),
    "flag in a buffer": lambda scale: (flagged(scale), F.cross_entropy),
}


def looks(self, x):
    return self.linear(x) if self.flag > 1 else 2 * self.linear(x)


def flagged(scale):
    net = Own(looks)
    net.register_buffer("flag", torch.tensor(scale))
    return net.double()


@pytest.mark.parametrize("case", UNLIKE)
def test_unlike_networks_answer_each_for_itself(case):
    pair = [bench.from_module(*UNLIKE[case](scale), few(), instance=i) for i, scale in ((1, 1.0), (2, 3.0))]
    oracle = Oracle(pair, 1e9, 0, arrays="torch")
    x = oracle.x0 + 0.1
    expected = torch.stack([objective.f(each) for objective, each in zip(pair, x, strict=True)])
    torch.testing.assert_close(oracle.value(x), expected, rtol=1e-12, atol=0)


# data of other kinds


def test_data_of_other_kinds():
    x, y = (each.numpy() for each in few())
    kinds = {
        "frames": (pd.DataFrame(x), pd.Series(y)),
        "a dict": {"x": x, "y": y},
        "inputs together": ((x, x), y),
        "rows with inputs together": [((a, b), c) for a, b, c in zip(x, x, y, strict=True)],
        "rows that are dicts": [{"x": a, "label": b} for a, b in zip(x, y, strict=True)],
        "halves": (torch.as_tensor(x).bfloat16(), torch.as_tensor(y)),
    }
    for kind, data in kinds.items():
        *inputs, targets = as_rows(data, "train")
        assert len(inputs) == 1 + ("together" in kind)
        for each in inputs:
            np.testing.assert_allclose(each, x, rtol=0 if kind != "halves" else 0.01)
        np.testing.assert_array_equal(targets, y)


def test_pairs_of_inputs_in_batches_of_two_stay_pairs():
    """Which look like a batch of two rows with two inputs each."""
    x, y = few(6)
    loader = torch.utils.data.DataLoader([((a, 2 * a), b) for a, b in zip(x, y, strict=True)], batch_size=2)
    first, second, _ = as_rows(loader, "train")
    np.testing.assert_array_equal(first, x)
    np.testing.assert_array_equal(second, 2 * x.numpy())


def test_reading_leaves_the_generator_of_torch():
    x, y = few()
    state = torch.random.get_rng_state()
    as_rows(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), shuffle=True), "train")
    assert torch.equal(state, torch.random.get_rng_state())


BAD_ROWS = {
    "targets first": (lambda: [{"labels": 1, "x": torch.ones(3)}] * 9, "must have its targets last, got 'labels'"),
    "other names": (
        lambda: ({"x": torch.ones(1, 3), "abc"[i]: torch.ones(1)} for i in range(3)),
        "rows of one kind, got x, a and then x, b",
    ),
    "other types": (lambda: (torch.ones(1, dtype=d) for d in (torch.int64, torch.float32)), "one shape and type"),
    "raises": (lambda: ({}["missing"] for _ in range(3)), "train cannot be read: KeyError: 'missing'"),
    "no file": (lambda: (Path("/missing").read_bytes() for _ in range(3)), "train cannot be read: FileNotFoundError"),
    "sparse": (lambda: torch.eye(3).to_sparse(), "train cannot be read: tensors must be dense"),
    "nested lists": (lambda: ([[1.0, 2.0], [3.0, 4.0]], [0, 1]), "train"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows(case):
    make, sentence = BAD_ROWS[case]
    with pytest.raises(ValueError, match=sentence):
        as_rows(make(), "train")


def test_what_torch_cannot_differentiate_or_copy():
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(inplace=True), nn.Hardtanh(inplace=True)).double()
    with pytest.raises(ValueError, match="the loss of Sequential cannot be differentiated"):
        bench.from_module(net, F.cross_entropy, few())
    with pytest.raises(ValueError, match="must have values"):
        bench.from_module(nn.Linear(4, 3, device="meta"), F.cross_entropy, few())


def test_seeds_of_answers_are_counted_by_lane_and_question():
    """One number of a stream for each lane, whatever is asked; no lane depends on the others, or on how many points."""
    objective = Objective(lambda x, noise=None: x[..., 0], 2, noise=seeds, arrays="torch")
    four, last = (Oracle([objective] * len(lanes), 100, lanes, arrays="torch") for lanes in ((0, 1, 2, 3), (3,)))
    alone = Oracle(objective, 100, 3, arrays="torch")
    drawn = [[books_of(oracle).noise(torch.zeros(1, n, 2)) for n in (3, 1, 3)] for oracle in (four, last, alone)]
    assert [tuple(each.shape) for each in drawn[0]] == [(4, 3), (4, 1), (4, 3)]
    assert torch.cat(drawn[0], 1).unique().numel() == 4 * 7
    for of_four, of_last, of_one in zip(*drawn, strict=True):
        assert torch.equal(of_four[3:], of_last) and torch.equal(of_last, of_one)
    fresh = Oracle([objective] * 4, 100, range(4), arrays="torch")
    assert torch.equal(books_of(fresh).noise(torch.zeros(4, 1, 2)), drawn[0][0][:, :1])
    streams = [stream.noise for stream in books_of(four).streams]
    once = [stream.noise for stream in books_of(fresh).streams]
    assert [stream.bit_generator.state for stream in streams] == [stream.bit_generator.state for stream in once]
