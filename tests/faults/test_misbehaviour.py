"""Methods that misbehave change no other run, and lose none: whatever they swallow, fork, set or seed."""

import random
import time

import numpy as np
import pytest
import torch

import bench
from bench.core import Objective, Oracle, Spent, Stop
from bench.core.books import REFUSALS
from bench.core.oracle import books_of
from bench.core.registry import OPTIMIZERS
from bench.report.page import write_report
from bench.results.stored import Results
from bench.runner.campaign import run_suite
from bench.runner.given_back import given_back
from bench.runner.launch import Launch
from bench.runner.single import play
from bench.runner.suite import make_suite


def run(folder, optimizers, *, children=True, seeds=2, budget=20, **options):
    suite = make_suite(["odd-bowl"], list(optimizers), budget=budget, name=folder.name, seeds=seeds, **options)
    run_suite(suite, folder, Launch(workers=1, imports=["odd_methods"], children=children, preload=()))
    return Results(folder).runs


def objective() -> Objective:
    return Objective(lambda x: (x * x).sum(-1), 2, f_opt=0.0)


# a method that does not hear


@pytest.mark.parametrize("children", [True, False])
def test_a_method_that_never_hears_of_the_end_is_left_with_its_record(tmp_path, children):
    begun = time.monotonic()
    runs = run(tmp_path / "t", ["odd-deaf", "odd-lost", "odd-walk"], children=children)
    assert time.monotonic() - begun < 60
    assert runs.status.tolist() == ["budget"] * 2 + ["crashed"] * 2 + ["budget"] * 2
    assert runs.value.tolist() == [20, 20, 1, 1, 20, 20]
    assert runs.error[0] == "the method went on after its end, and was left when 10,000 questions had been refused"
    assert runs.error[2].startswith("10,000 questions in a row were refused, the last one so: a point must hold real")
    assert runs.error[4] == ""


def test_refusals_in_a_row_are_counted_and_no_others():
    door = Oracle(objective(), REFUSALS + 10)
    for _ in range(REFUSALS + 1):
        with pytest.raises(ValueError, match="shape"):
            door.value(np.zeros(3))
        door.value(door.x0)
    assert books_of(door).ledgers[0].status is None
    with pytest.raises(ValueError, match="shape"):
        for _ in range(9):
            try:
                door.value(np.zeros(3))
            finally:
                assert books_of(door).refused[0] == 1
    assert books_of(door).ledgers[0].status is None


@pytest.mark.parametrize(
    "question", ["value", "gradient", "hessian_vector", "residuals", "residuals_and_jacobian", "play", "vjp", "network"]
)
def test_every_question_counts_its_refusals(question):
    door = Oracle(objective(), 20)
    arguments = {"hessian_vector": 2, "play": 2, "vjp": 3, "network": 2}.get(question, 1)
    for _ in range(REFUSALS):
        try:
            getattr(door, question)(*[np.zeros(3)] * arguments)
        except Exception as error:
            last = str(error)
    assert books_of(door).ledgers[0].status == "crashed"
    assert last in books_of(door).failure


def test_an_oracle_of_nobody_s_run_goes_on_refusing():
    door = Oracle(objective(), 1)
    door.value(door.x0)
    for _ in range(REFUSALS + 5):
        with pytest.raises(Stop):
            door.value(door.x0)


def test_a_part_that_pays_for_nothing_is_no_refusal():
    door = Oracle(objective(), 20)
    for _ in range(REFUSALS + 5):
        with pytest.raises(Spent):
            door.within(1).gradient(door.x0)
    assert books_of(door).ledgers[0].status is None


def test_an_empty_population_does_not_end_a_run(tmp_path):
    assert run(tmp_path / "t", ["odd-empty"], children=False).status.tolist() == ["budget"] * 2


def test_a_method_that_only_asks_about_nothing_is_left():
    def method(door):
        while True:
            door.value(np.empty((0, 2)))

    door = Oracle(objective(), 20)
    assert "10,000 questions in a row were refused" in play(door, method, {}, restarts=True)
    assert books_of(door).ledgers[0].status == "crashed"


def test_a_method_that_asks_nothing_says_so(tmp_path, capsys):
    from bench.cli.terminal import reasons
    from bench.measure.summaries import failures
    from bench.report.tables import failure_rows

    suite = make_suite(["odd-bowl"], ["odd-silent", "odd-vacant", "odd-walk"], budget=20, name="t", seeds=2)
    run_suite(suite, tmp_path / "t", Launch(workers=1, imports=["odd_methods"], children=False))
    results = Results(tmp_path / "t")
    runs = results.runs[results.runs.optimizer != "odd-walk"]
    assert set(runs.status) == {"returned"}
    assert set(runs.error) == {"the method returned without a question"}
    reasons(results)
    assert "4 returned: the method returned without a question" in capsys.readouterr().out
    table = failures(results.comparison.runs)
    assert sorted(table.optimizer) == ["odd-silent", "odd-vacant"]
    rows = failure_rows(table.assign(place=0, family=0))["rows"]
    assert [row["reason"] for row in rows] == ["the method returned without a question"] * 2


@pytest.mark.parametrize("methods", [["odd-silent"], ["odd-silent", "odd-vacant"]])
def test_nobody_is_best_where_nobody_asked_anything(tmp_path, methods):
    """What all have is the value of the start."""
    suite = make_suite(["odd-bowl"], methods, budget=20, name="t", seeds=3)
    run_suite(suite, tmp_path / "t", Launch(workers=1, imports=["odd_methods"], children=False))
    results = Results(tmp_path / "t")
    answer = results.best_optimizers()
    assert set(answer.optimizer) == {""} and answer.reason.str.startswith("no target reached").all()
    assert "odd-" not in results.sentence()
    assert write_report(results, tmp_path / "page", figures=False).is_file()


@pytest.mark.parametrize("kind", ["generator", "coroutine", "async_generator"])
def test_a_method_that_gives_a_generator_has_not_run(kind):
    def generator(door):
        yield door.value(door.x0)

    async def coroutine(door):
        door.value(door.x0)

    async def async_generator(door):
        yield door.value(door.x0)

    method = {"generator": generator, "coroutine": coroutine, "async_generator": async_generator}[kind]
    door = Oracle(objective(), 20)
    assert f"the method gave a {kind} and has not run" in play(door, lambda oracle: method(oracle), {}, restarts=True)
    assert books_of(door).ledgers[0].status == "crashed"


class Abort(BaseException):
    """What libraries raise where nobody is to catch it."""


@pytest.mark.parametrize("raised", [SystemExit(3), GeneratorExit(), StopIteration(), Abort("no")])
@pytest.mark.parametrize("who", ["method", "value", "population", "gradient", "start"])
def test_whatever_is_raised_ends_one_run_alone(tmp_path, monkeypatch, raised, who):
    from bench.core import registry

    def formula(x):
        if who == "start" or (who == "value" and x.ndim < 2) or (who == "population" and len(x) == 3):
            raise raised
        return (x * x).sum(-1)

    def gradient(x):
        raise raised

    started = []

    def formula_after_its_start(x):
        started.append(x)
        return (x * x).sum(-1) if len(started) == 1 and who != "start" else formula(x)

    options = {"gradient": gradient} if who == "gradient" else {"vectorised": who == "population"}
    theirs = Objective(formula_after_its_start, 2, arrays="numpy", name="theirs", **options)

    def method(door):
        if who == "method":
            raise raised
        ask = {"gradient": door.gradient}.get(who, door.value)
        ask(np.ones((3, 2)) if who == "population" else door.x0)
        ask(door.x0)

    made = registry.ProblemDefinition("theirs", lambda instance: theirs, "none", "Nobody", 1, (), {})
    monkeypatch.setitem(registry.PROBLEMS, "theirs", made)
    monkeypatch.setattr("bench.core.registry.fingerprint", lambda function: "")
    optimizer = registry.OptimizerDefinition(
        "theirs", method, 1 if who == "gradient" else 0, "Nobody", False, "numpy", True, 1, (), {}
    )
    monkeypatch.setitem(OPTIMIZERS, "theirs", optimizer)
    suite = make_suite(["theirs"], ["theirs", "random-search"], budget=20, name="t", seeds=1)
    run_suite(suite, tmp_path / "t", Launch(children=False, pictures=False))
    runs = Results(tmp_path / "t").runs
    run = runs[runs.optimizer == "theirs"].iloc[0]
    assert run.status == "crashed"
    assert type(raised).__name__ in run.error.splitlines()[-1]
    assert np.isfinite(run["first"]) == (who != "start")  # what was known of the run until then stays
    assert len(runs) == 2


@pytest.mark.parametrize("raised", [SystemExit(3), StopIteration(), Abort("no")])
def test_a_function_that_fails_at_its_start_is_one_sentence(raised):
    def f(x):
        raise raised

    with pytest.raises(ValueError, match=rf"^f fails at the start: {type(raised).__name__}"):
        bench.compare(f, [0.0, 1.0])
    with pytest.raises(ValueError, match=rf"^the gradient fails at the start: {type(raised).__name__}"):
        bench.compare((lambda x: float(x @ x), f), [0.0, 1.0])
    with pytest.raises(ValueError, match=rf"^theirs has no value at its start: {type(raised).__name__}"):
        bench.minimize(Objective(f, 2, name="theirs"), "random-search", budget=10)
    with pytest.raises(ValueError, match=rf"^theirs has no start: {type(raised).__name__}"):
        bench.minimize(Objective(lambda x: x.sum(-1), 2, start=f, name="theirs"), "random-search", budget=10)


@pytest.mark.parametrize("children", [True, False])
def test_a_method_that_raises_stop_itself_has_returned(tmp_path, children):
    runs = run(tmp_path / "t", ["odd-stopper"], children=children, seeds=3)
    assert runs.status.tolist() == ["returned"] * 3
    assert runs.gradient.tolist() == [1] * 3


# copies of the process


@pytest.mark.parametrize("children", [True, False])
def test_a_method_that_forks_loses_no_run(tmp_path, children):
    runs = run(tmp_path / "t", ["odd-forker", "odd-walk"], children=children, seeds=8)
    assert runs.status.tolist() == ["budget"] * 16
    assert sorted(runs.seed[:8]) == list(range(8))


def test_a_process_that_dies_is_noticed_though_its_copy_holds_the_pipe(tmp_path):
    begun = time.monotonic()
    runs = run(tmp_path / "t", ["odd-daemon", "odd-walk"])
    assert time.monotonic() - begun < 15
    assert runs.status.tolist() == ["killed"] * 2 + ["budget"] * 2
    assert set(runs.error[:2]) == {"the process of the run ended with exit status 9"}


# what is the whole process's


def process_state():
    return (
        np.random.get_state()[1].tobytes(), random.getstate(), torch.get_rng_state().tolist(), torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(), torch.get_default_dtype(), torch.get_num_threads(),
        torch.get_default_device(), torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(), torch.is_anomaly_enabled(), torch.backends.cudnn.benchmark,
        5e-324 * np.float64(1.0) == 0,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_a_method_that_sets_all_switches_changes_no_other_run(tmp_path):
    alone = run(tmp_path / "a", ["torch-adam", "odd-descent", "nevergrad-DE"], children=False)
    before = process_state()
    beside = run(tmp_path / "b", ["odd-switcher", "torch-adam", "odd-descent", "nevergrad-DE"], children=False)
    assert process_state() == before
    assert beside.status[0] == "budget"
    assert beside.best[2:].tolist() == alone.best.tolist()


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_switches_are_given_back_after_a_crash_too():
    before = process_state()
    door = Oracle(objective(), 20)

    def method(door):
        OPTIMIZERS["odd-switcher"].function(door)
        raise RuntimeError("lost")

    assert "RuntimeError: lost" in play(door, method, {}, restarts=False)
    assert process_state() == before


def test_a_caller_without_graphs_keeps_them_off():
    with torch.no_grad(), given_back():
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        with given_back():
            assert torch.is_inference_mode_enabled()
        assert torch.is_inference_mode_enabled()
        run = bench.minimize(bench.make("rosenbrock"), "torch-adam[lr=0.1]", budget=30)
    assert run.best < run.first
    assert torch.is_grad_enabled()
