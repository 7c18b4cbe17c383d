"""64 seeds of four networks by lanes, one by one and in plain PyTorch, on one core: gradients alone, and with scores.

    python -m tests.benchmarks.lanes

prints the table: seconds of the processor (others may use the machine, too) of 32 steps of gradient descent of every
seed, and how many times sooner than the plain loop both ways of Fogbench are in the same round; medians over rounds.
Scores are the loss and the accuracy of all training rows at Fogbench's checkpoints, as often in the plain loop, where
one forward pass gives both.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from os import getloadavg
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch
from torch import nn

import bench
from bench.core import Objective, registry
from bench.core.oracle import books_of
from bench.runner.single import open_oracle, play

STEPS, RATE = 32, 0.01


def dense() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        *(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32, 10)),
    )


def right(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (outputs.argmax(1) == targets).float().mean()


def of_digits(net: Callable[[], nn.Module]) -> Objective:
    rows = bench.make("softmax").data
    train = (torch.as_tensor(rows["inputs"]).float(), torch.as_tensor(rows["targets"]).long())
    accuracy = {"accuracy": bench.Metric(right, higher=True)}
    return bench.from_module(net(), nn.functional.cross_entropy, train, metrics=accuracy)


def of_symbols(name: str, **parameters: Any) -> Objective:
    """The network of a problem on a Markov source, with its training rows and their accuracy alone."""
    whole = bench.make(name, **parameters)
    loss, accuracy = (function_of(question) for question in (whole.formula, whole.metrics["train_accuracy"]))
    metrics = {"accuracy": bench.Metric(accuracy, higher=True)}
    return bench.from_module(module_of(whole), loss, tuple(whole.data.values()), metrics=metrics)


def module_of(objective: Objective) -> nn.Module:
    question: Any = objective.formula
    return deepcopy(question.net.trained)


def function_of(question: Any) -> Callable[..., torch.Tensor]:
    return question.terms[0].function


NETWORKS: dict[str, tuple[Callable[[], Objective], int]] = {  # with the rows of a batch
    "MLP": (lambda: of_digits(dense), 32),
    "ConvNet": (lambda: of_digits(convolutional), 32),
    "transformer": (lambda: of_symbols("transformer", sequences=256, context=16, width=16, depth=1, heads=2), 8),
    "LSTM": (lambda: of_symbols("rnn", sequences=256, context=16), 8),
    "transformer, larger": (lambda: of_symbols("transformer", sequences=256), 32),
}


def ours(objective: Objective, seeds: Sequence[int], size: int, scored: bool, together: bool) -> int:
    """All seeds by Fogbench, as lanes or one after the other; the number of scores of each."""
    definition = registry.find_optimizer("torch-sgd")
    settings = registry.settings(definition, {"lr": RATE, "momentum": 0.0, "batch_size": size})
    batches: list[Any] = [list(seeds)] if together else list(seeds)
    scores = 0
    for lanes in batches:
        many = [objective] * len(lanes) if together else objective
        oracle = open_oracle(many, definition, 3 * STEPS * size / objective.rows, lanes, gap=-np.inf)
        ledgers = books_of(oracle).ledgers
        for ledger in ledgers if not scored else ():
            ledger.checkpoint = ledger.limit + 1
        assert play(oracle, definition.function, settings, restarts=False) == ""
        scores = len(ledgers[0].events)
    return scores


def plain(objective: Objective, seeds: Sequence[int], size: int, scores: int) -> None:
    """All seeds by a loop of PyTorch, with so many scores each."""
    loss, accuracy = function_of(objective.formula), function_of(objective.metrics["train_accuracy"])
    *inputs, targets = (torch.as_tensor(rows) for rows in objective.data.values())
    at = {round(k * STEPS / max(scores - 1, 1)) for k in range(scores)}
    for seed in seeds:
        module, generator = module_of(objective), torch.Generator().manual_seed(seed)
        rule = torch.optim.SGD(module.parameters(), lr=RATE)
        order = torch.randperm(len(targets), generator=generator)
        for step in range(STEPS + 1):
            if step in at:
                with torch.no_grad():
                    outputs = module(*inputs)
                    float(loss(outputs, targets)), float(accuracy(outputs, targets))
            if step == STEPS:
                break
            rows = order[torch.arange(step * size, (step + 1) * size) % len(order)]
            rule.zero_grad()
            loss(module(*(each[rows] for each in inputs)), targets[rows]).backward()
            rule.step()


def seconds(ask: Callable[[], Any]) -> float:
    begun = process_time()
    ask()
    return process_time() - begun


def table(seeds: Sequence[int], rounds: int, names: Sequence[str] = tuple(NETWORKS)) -> Iterator[dict[str, Any]]:
    """A row for each network, without scores and with them: seconds of the plain loop, and how many times sooner the
    lanes and the single runs are."""
    registry.load(("bench.problems", "bench.optimizers"))
    for name in names:
        make, size = NETWORKS[name]
        objective = make()
        for scored in (False, True):
            scores = ours(objective, seeds[:1], size, scored, together=False) if scored else 0
            taken = []
            for _ in range(rounds):
                loop = seconds(partial(plain, objective, seeds, size, scores))
                lanes, single = (seconds(partial(ours, objective, seeds, size, scored, way)) for way in (True, False))
                taken.append((loop, loop / lanes, loop / single))
            loop, lanes, single = (median(values) for values in zip(*taken, strict=True))
            facts = {"network": name, "parameters": objective.dim, "rows": size, "scores": scores}
            yield {**facts, "plain": loop, "lanes": lanes, "single": single}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{options.seeds} seeds, {STEPS} steps, {options.rounds} rounds, torch {torch.__version__}, one thread.")
    print("Seconds of the plain loop, and how many times sooner Fogbench is:\n")
    print("| network | parameters | rows a step | scores | plain PyTorch, s | by lanes | one by one | load |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in table(range(options.seeds), options.rounds):
        facts = f"{row['network']} | {row['parameters']:,} | {row['rows']} | {row['scores'] or 'none'}"
        ratios = f"{row['plain']:.2f} | {row['lanes']:.2f} | {row['single']:.2f} | {getloadavg()[0]:.1f}"
        print(f"| {facts} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
