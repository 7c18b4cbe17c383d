"""Predicting the next symbol: the source's entropy, the texts, the networks."""

import math

import numpy as np
import pytest
import torch

import bench
from bench.core.registry import find_problem, load, settings, source_code
from bench.problems.learning._modules import Transformer, excess
from bench.problems.learning.languages import code_lengths, draw, entropy_rate, hash_of, language, source

load(("bench.problems",))


def test_a_source_has_its_entropy_rate():
    """Of two symbols by hand: 0 is followed by 0 with chance 0.9, 1 by 1 with 0.6; so 0 comes 0.8 of the time."""
    chances = np.array([[0.9, 0.1], [0.4, 0.6]])
    each = [-(0.9 * math.log(0.9) + 0.1 * math.log(0.1)), -(0.4 * math.log(0.4) + 0.6 * math.log(0.6))]
    assert entropy_rate(chances) == pytest.approx(0.8 * each[0] + 0.2 * each[1], rel=1e-12)
    text = draw(chances, 2000, 101, np.random.default_rng(0))
    lengths = code_lengths(chances, text)
    assert lengths.mean() == pytest.approx(entropy_rate(chances), abs=4 * lengths.mean(1).std() / math.sqrt(2000))
    assert (text == 0).mean() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_code_lengths_follow_the_whole_context(order):
    chances = source(6, order, np.random.default_rng(order))
    text = draw(chances, 3000, 40, np.random.default_rng(1))
    lengths = code_lengths(chances, text)
    assert (lengths[:, : order - 1] == 0).all()
    whole = lengths[:, order - 1 :]
    assert whole.mean() == pytest.approx(entropy_rate(chances), abs=5 * whole.mean(1).std() / math.sqrt(3000))
    i, t = 7, order + 3
    assert lengths[i, t - 1] == -np.log(chances[tuple(text[i, t - order : t])][text[i, t]])


def test_the_gap_of_the_true_chances_is_zero():
    chances = source(5, 2, np.random.default_rng(0))
    text = torch.from_numpy(draw(chances, 50, 20, np.random.default_rng(1)))
    lengths = torch.from_numpy(code_lengths(chances, text.numpy()))
    logits = torch.log(torch.from_numpy(chances)[text[:, :-2], text[:, 1:-1]])
    logits = torch.cat([torch.zeros(50, 1, 5), logits], 1)
    assert excess((logits, lengths), text[:, 1:]).item() == pytest.approx(0.0, abs=1e-12)
    assert excess((torch.zeros_like(logits), lengths), text[:, 1:]).item() == pytest.approx(
        math.log(5) - lengths[:, 1:].mean().item(), rel=1e-12
    )


def test_the_transformer_is_causal_and_counts_its_parameters():
    torch.manual_seed(0)
    width, depth = 32, 2
    net = Transformer(16, 32, width, depth, 4, 0.0)
    dense = depth * (12 * width**2 + 13 * width)  # weights and biases of a block, and its two norms
    assert sum(p.numel() for p in net.parameters()) == dense + (16 + 32) * width + 2 * width == 27_008
    x = torch.randint(16, (3, 32))
    other = x.clone()
    other[:, 20:] = (other[:, 20:] + 1) % 16
    before, after = net(x)[0], net(other)[0]
    torch.testing.assert_close(before[:, :20], after[:, :20])
    assert (before[:, 20:] != after[:, 20:]).any(-1).all()


@pytest.mark.parametrize("name", ["transformer", "rnn"])
def test_an_untrained_network_expects_all_symbols_alike(name):
    objective = bench.make(name)
    value = float(objective.f(objective.start(np.random.default_rng(0))))
    assert value == pytest.approx(math.log(16), abs=0.05)


def test_a_transformer_learns_more_than_one_symbol_back_tells():
    """Cross entropy below what the best predictor by the symbol before alone would have: it uses attention."""
    parameters = {"symbols": 4, "sequences": 256, "context": 12, "width": 16, "depth": 1, "heads": 2}
    objective = bench.make("transformer", **parameters)
    text = language("markov", 12, 256, 4, 2, "", "", 1)
    counts = np.zeros((4, 4))
    np.add.at(counts, (text.test["inputs"].ravel(), text.test["targets"].ravel()), 1)
    chances = counts / counts.sum(1, keepdims=True)
    first_order = float(-(counts * np.log(np.where(counts, chances, 1))).sum() / counts.sum())
    run = bench.minimize(objective, "torch-adam[lr=0.01,batch_size=16]", budget=60)
    last = run.trajectory.iloc[-1]
    assert last.test_loss < first_order
    assert 0 < last.test_gap < 0.5 * run.trajectory.test_gap[0]
    assert last.test_accuracy > run.trajectory.test_accuracy[0]


def test_texts_have_a_hash_among_their_parameters(tmp_path):
    definition = find_problem("transformer")
    assert settings(definition, {})["digest"] == ""
    python = settings(definition, {"data": "python"})["digest"]
    assert len(python) == 16 and python == hash_of({"data": "python", "file": ""})
    path = tmp_path / "text.txt"
    path.write_text("so it goes, " * 400, encoding="utf-8")
    named = {"data": "file", "file": str(path), "sequences": 10}
    first = settings(definition, named)["digest"]
    objective = bench.make("rnn", **named, context=8)
    assert objective.parameters["digest"] == first and objective.rows == 10 and "test_gap" not in objective.metrics
    path.write_text("and so on. " * 400, encoding="utf-8")
    assert settings(definition, named)["digest"] != first
    with pytest.raises(ValueError, match=r"rnn: digest must be \w{16}, that of the text of .*text.txt, got .*changed"):
        bench.make("rnn", **named, context=8, digest=first)


def test_python_s_own_text():
    text = language("python", 64, 1000, 16, 2, "", "", 1)
    assert 80 < text.symbols <= 256 and text.train["inputs"].shape == (1000, 64) and "inputs2" not in text.train
    np.testing.assert_array_equal(text.train["inputs"][:, 1:], text.train["targets"][:, :-1])
    assert (text.train["inputs"] == 0).mean() > 0.1  # the space, the most frequent


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"heads": 3}, "heads must divide width, got heads=3, width=32"),
        ({"width": 0}, "width must be >= 1"),
        ({"context": 0}, "context must be >= 1"),
        ({"symbols": 65}, "symbols must be 2 to 64"),
        ({"symbols": 64, "order": 3}, "order must be 1 to 3, with at most 65,536 contexts of 64 symbols, got 3"),
        ({"dropout": 1.0}, "dropout must be >= 0 and below 1"),
        ({"data": "file"}, "data=file must come with file=PATH"),
        ({"data": "file", "file": "/no/such"}, "/no/such cannot be opened"),
        ({"data": "python", "sequences": 10**6}, r"sequences must be <= \d+, of context 32 in python"),
    ],
)
def test_bad_parameters_of_a_transformer(parameters, sentence):
    with pytest.raises(ValueError, match=f"transformer: .*{sentence}"):
        bench.make("transformer", **parameters)


def test_the_code_of_a_network_is_part_of_its_problem():
    for name, part in (("transformer", "class Attention"), ("rnn", "class Recurrent"), ("resnet", "class Residual")):
        assert part in source_code(find_problem(name).function)


@pytest.mark.parametrize("text", ["", "aa"])
def test_a_text_too_short_for_one_sequence(tmp_path, text):
    path = tmp_path / "short.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"has {len(text)} symbols, too few for sequences of context 16"):
        bench.make("rnn", data="file", file=str(path))
