"""The suites for networks: `language`, with its tuned settings, and `deep`, for a GPU."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

import bench
from bench import api
from bench.core import registry
from bench.runner import PACKAGES
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch, Watcher
from bench.runner.plan import plan
from bench.runner.suite import FOLDER, load_suite
from bench.runner.timing import estimated_seconds
from bench.tuning.settings import read_tuned, with_tuned

FEW = {"sequences": 64, "points": 64}  # rows of data, where a problem says how many


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    registry.load(PACKAGES)


@pytest.fixture(scope="module")
def deep():
    return load_suite("deep")


def few(entry):
    parameters = registry.find_problem(entry.name).parameters
    return entry.at({key: value for key, value in FEW.items() if key in parameters})


def test_language_has_every_optimizer_as_it_comes_and_as_tuned():
    suite = with_tuned(load_suite("language"))
    assert all(group.solo and group.seeds >= 5 for group in suite.groups)
    assert suite.tuning is not None
    tuned = {entry.entry.name: entry for entry in suite.tuning.found}
    assert set(tuned) == {entry.name for group in suite.groups for entry in group.optimizers}
    assert {entry.tried for entry in tuned.values()} == {suite.tuning.settings}
    assert suite.tuning.budgets == tuple(sorted({group.budget for group in suite.groups}))
    specs = plan(suite)
    settings = {(spec.optimizer, str(spec.hyperparameters)) for spec in specs}
    assert len(settings) == 2 * len(tuned)
    assert len(specs) == len(settings) * sum(group.seeds for group in suite.groups)


def test_the_settings_of_language_come_from_the_command_that_the_suite_names():
    suite, text = load_suite("language"), (FOLDER / "language.toml").read_text(encoding="utf-8")
    written = Path(suite.tuned).read_text(encoding="utf-8")
    (command,) = re.findall(r"python -m (bench tune language [^,\n]*)", text)
    assert command.removeprefix("bench ") in written.splitlines()[0]
    tuning = read_tuned(suite.tuned)
    options = dict(re.findall(r"--(\w+) (\w+)", command))
    assert options == {"search": tuning.search, "settings": str(tuning.settings), "seeds": str(tuning.seeds)}


def test_deep_is_eight_problems_by_twelve_optimizers(deep):
    assert deep.device == "cuda"
    assert len({entry.name for group in deep.groups for entry in group.problems}) == 8
    assert all(len({entry.name for entry in group.optimizers}) == 12 for group in deep.groups)


# the first, a transformer, takes as long as the others together
@pytest.mark.parametrize("place", [pytest.param(0, marks=pytest.mark.slow), *range(1, 8)])
def test_every_problem_of_deep_runs(deep, place):
    entry = few([entry for group in deep.groups for entry in group.problems][place])
    objective = bench.make(entry.name, **entry.setting())
    run = bench.minimize(objective, "torch-adamw", budget=2 * 3 * 32 / objective.rows)
    assert run.status == "budget"
    assert run.counts["gradient"] > 0
    assert run.trajectory.f.iloc[-1] < run.trajectory.f.iloc[0] * 1.5


@pytest.mark.parametrize("place", range(12))
def test_every_optimizer_of_deep_runs(deep, place):
    entry = deep.groups[0].optimizers[place]
    if registry.missing(registry.find_optimizer(entry.name)):
        pytest.skip(f"{entry.name} needs the extra zoo")
    run = bench.minimize(bench.make("mlp", widths=(8,)), entry.text(), budget=0.3)
    assert run.status == "budget"


class Heard(Watcher):
    def __init__(self):
        self.sentences = []

    def changed(self, sentence):
        self.sentences.append(sentence)


def test_a_suite_for_a_gpu_says_what_it_takes_on_a_cpu(deep, monkeypatch):
    group = replace(deep.groups[0], problems=deep.groups[0].problems[4:5], seeds=1)
    suite, heard = replace(deep, groups=(group,)), Heard()
    monkeypatch.setattr(api, "estimated_seconds", lambda specs: 100.0 * len(specs))
    api.say_how_long(suite, Launch(2, "cpu", watcher=heard))
    (sentence,) = heard.sentences
    assert sentence.startswith("Suite deep is for a GPU, and there is none here: all its runs take about 10 min, 2 at")
    monkeypatch.setattr(api, "resolve_device", lambda device: "cuda")
    api.say_how_long(suite, Launch(2, "auto", watcher=heard))
    api.say_how_long(replace(suite, device=""), Launch(2, "cpu", watcher=heard))
    assert len(heard.sentences) == 1


def test_the_estimate_is_what_runs_take(tmp_path, monkeypatch):
    """Within a factor of three, in seconds of the processor, which no other process lengthens: of steps, and of scores,
    which are off the clock of the runs. Where modules are imported first, there is another look."""
    monkeypatch.setattr("bench.runner.timing.perf_counter", time.process_time)
    text = 'problems = ["mlp[widths=512x512]"]\noptimizers = ["torch-sgd"]\nseeds = 1\nbudget = 12\n'
    (tmp_path / "t.toml").write_text(text)
    suite = load_suite(tmp_path / "t.toml")
    looks = []
    while len(looks) < 4 and not any(taken / 3 < estimated < 3 * taken for estimated, taken in looks):
        estimated, began = estimated_seconds(plan(suite)), time.process_time()
        run_suite(suite, tmp_path / f"t{len(looks)}", Launch(children=False, pictures=False))
        looks.append((estimated, time.process_time() - began))
    assert any(taken / 3 < estimated < 3 * taken for estimated, taken in looks), looks
