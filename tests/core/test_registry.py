"""Names, parameters and their casts; answers to what is wrong."""

import sys
from contextlib import ExitStack
from functools import partial, wraps
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import pytest

from bench.core import registry
from bench.core.objective import Objective
from bench.core.registry import (
    ProblemDefinition,
    Unavailable,
    WrapperDefinition,
    cast,
    lookup,
    optimizer,
    problem,
    settings,
    wrapper,
)
from bench.core.registry.definitions import wrapped


@pytest.fixture
def empty():
    with ExitStack() as stack:
        for names in (registry.PROBLEMS, registry.OPTIMIZERS, registry.WRAPPERS):
            stack.enter_context(patch.dict(names, clear=True))
        yield


def test_a_problem_is_one_function(empty):
    @problem(family="toys", source="Nobody 1900")
    def two_hills(dim: int = 2, instance: int = 1) -> Objective:
        if dim < 2:
            raise ValueError(f"dim must be >= 2, got {dim}")
        return Objective(lambda x: x.sum(-1), dim)

    made = registry.find_problem("two-hills").make(3, dim="4")
    assert (made.name, made.dim, made.instance, dict(made.parameters)) == ("two-hills", 4, 3, {"dim": 4})
    with pytest.raises(ValueError, match=r"two-hills: dim must be >= 2, got 1"):
        registry.find_problem("two-hills").make(dim=1)
    with pytest.raises(ValueError, match=r"instance must be >= 1, got 0"):
        registry.find_problem("two-hills").make(0)


def test_an_optimizer_is_one_function(empty):
    @optimizer(order=1, source="Nobody 1900", needs=("a_module_that_is_not_there",))
    def downhill(oracle, *, lr: float = 0.1, rule: Literal["a", "b"] = "a"):
        pass

    found = registry.find_optimizer("downhill")
    assert settings(found, {"lr": "1e-2"}) == {"lr": 0.01, "rule": "a"}
    assert registry.missing(found) == ["a_module_that_is_not_there"]
    with pytest.raises(ValueError, match=r"downhill has no parameter 'learning_rate'; it takes: lr=0.1, rule=a"):
        settings(found, {"learning_rate": 1})
    with pytest.raises(ValueError, match=r"rule must be one of a, b, got 'c'"):
        settings(found, {"rule": "c"})


def test_a_name_belongs_to_one_module(empty):
    def first(oracle):
        pass

    optimizer(order=0, source="Nobody 1900", name="same")(first)
    first.__module__ = "elsewhere"

    def second(oracle):
        pass

    with pytest.raises(ValueError, match=r"same is registered twice: in elsewhere and in"):
        optimizer(order=0, source="Nobody 1900", name="same")(second)


def test_sources_and_defaults_are_asked_for(empty):
    with pytest.raises(ValueError, match=r"source must name author and year"):
        optimizer(order=0, source="", name="nobody")(lambda oracle: None)
    with pytest.raises(ValueError, match=r"parameter lr must have a default"):
        optimizer(order=0, source="Nobody 1900", name="nobody")(lambda oracle, lr: None)
    with pytest.raises(ValueError, match=r"parameter lr must have an annotation, such as lr: float = 0.1"):
        optimizer(order=0, source="Nobody 1900", name="nobody")(lambda oracle, lr=0.1: None)
    with pytest.raises(ValueError, match=r"nobody: order must be 0, 1 or 2, got 5"):
        optimizer(order=5, source="Nobody 1900", name="nobody")(lambda oracle: None)
    with pytest.raises(ValueError, match=r"nobody: a problem must take instance: int = 1"):
        problem(family="none", source="Nobody 1900", name="nobody")(lambda: None)


def generating(oracle):
    yield oracle.value(oracle.x0)


async def waiting(oracle):
    oracle.value(oracle.x0)


async def both(oracle):
    yield oracle.value(oracle.x0)


class Waiting:
    __name__ = "waiting"

    async def __call__(self, oracle):
        oracle.value(oracle.x0)


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        (generating, "a generator function"),
        (partial(generating), "a generator function"),
        (waiting, "an asynchronous function"),
        (both, "an asynchronous generator function"),
        (Waiting(), "an asynchronous function"),
    ],
)
def test_a_method_that_would_never_run_is_refused(empty, method, kind):
    with pytest.raises(ValueError, match=f"lost: a method must ask the oracle when it is called, and this is {kind}"):
        optimizer(order=0, source="Nobody 1900", name="lost")(method)
    assert not registry.OPTIMIZERS


def test_a_method_that_drives_a_generator_is_taken(empty):
    @wraps(generating)
    def driven(oracle):
        for _ in generating(oracle):
            pass

    optimizer(order=0, source="Nobody 1900", name="driven")(driven)
    assert list(registry.OPTIMIZERS) == ["driven"]


@pytest.mark.parametrize(
    "raised", ["SystemExit(3)", "StopIteration", "GeneratorExit", "BaseException('no')", "OSError"]
)
def test_a_module_or_problem_that_raises_whatever_is_one_sentence(tmp_path, monkeypatch, empty, raised):
    (tmp_path / "fogbench_raising.py").write_text(f"raise {raised}")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"^module 'fogbench_raising' cannot be imported: [A-Z]\w+(: .*)?$"):
        registry.load([], ["fogbench_raising"])

    def raising(instance: int = 1):
        raise eval(raised)

    problem(family="none", source="Nobody 1900", name="raising")(raising)
    with pytest.raises(ValueError, match=r"^raising: cannot be built: [A-Z]\w+(: .*)?$"):
        registry.find_problem("raising").make()


def test_a_plugin_that_raises_whatever_is_named(monkeypatch, empty):
    class Point:
        name, value = "theirs", "their_module"

        def load(self):
            raise SystemExit(1)

    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point()])
    registry.discovery._load_ours.cache_clear()
    with pytest.raises(ValueError, match=r"plugin 'theirs' \(their_module\) cannot be loaded: SystemExit: 1"):
        registry.load([])
    registry.discovery._load_ours.cache_clear()


def test_a_ctrl_c_stays_one(empty):
    def interrupted(instance: int = 1):
        raise KeyboardInterrupt

    problem(family="none", source="Nobody 1900", name="interrupted")(interrupted)
    with pytest.raises(KeyboardInterrupt):
        registry.find_problem("interrupted").make()


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        ("3", int, 3), (3.0, int, 3), ("1e3", int, 1000), ("0.5", float, 0.5), (1, float, 1.0), ("true", bool, True),
        ("none", int | None, None), (None, float | None, None), ("7", int | None, 7),
        ("64x32", tuple[int, ...], (64, 32)), ([8, 4], tuple[int, ...], (8, 4)),
        (16, tuple[int, ...], (16,)), ("b", Literal["a", "b"], "b"), ("5", str, "5"), (Path("a/b"), str, "a/b"),
        (2**53 + 1, int, 2**53 + 1), (str(2**53 + 1), int, 2**53 + 1),
    ],
)  # fmt: skip
def test_cast(value, annotation, expected):
    answer = cast(value, annotation, "it")
    assert answer == expected
    assert type(answer) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ("2.5", int),
        ("many", int),
        (True, int),
        ("fast", float),
        ("yes", bool),
        ("inf", int),
        (None, int),
        (3, str),
        (None, str),
    ],
)
def test_cast_refuses(value, annotation):
    with pytest.raises(ValueError, match=f"it must be {annotation.__name__}, got"):
        cast(value, annotation, "it")


def test_unknown_names_are_answered_with_close_ones():
    with pytest.raises(registry.UnknownName, match=r"did you mean torch-adam"):
        lookup({"torch-adam": 1, "scipy-bfgs": 2}, "torch-Adm", "optimizer")


def test_named_modules_are_imported_once(tmp_path, monkeypatch, empty):
    (tmp_path / "more_problems.py").write_text(
        "from bench.core import Objective, problem\n\n"
        "@problem(family='toys', source='Nobody 1900')\n"
        "def flat(dim: int = 1, instance: int = 1) -> Objective:\n"
        "    return Objective(lambda x: 0 * x.sum(-1), dim)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry.load((), ("more_problems",))
    registry.load((), ("more_problems",))
    assert registry.find_problem("flat").make().dim == 1
    with pytest.raises(ValueError, match=r"module 'no_such_module' cannot be imported: ModuleNotFoundError"):
        registry.load((), ("no_such_module",))
    del sys.modules["more_problems"]


def test_a_wrapper_makes_a_problem_of_every_problem(empty):
    from dataclasses import replace

    @problem(family="toys", source="Nobody 1900", version=2)
    def line(dim: int = 2, instance: int = 1) -> Objective:
        """A slope."""
        return Objective(lambda x: instance * x.sum(-1), dim, f_opt=7.0)

    @wrapper(source="Nobody 1901", version=3)
    def raised_by(objective: Objective, height: float = 1.0, instance: int = 1) -> Objective:
        """Higher."""
        return replace(objective, formula=lambda x: objective.formula(x) + height * instance)

    definition = registry.find_problem("line+raised-by")
    assert (definition.family, definition.version) == ("toys", 2003)
    assert definition.source == "Nobody 1900; raised-by: Nobody 1901"
    assert "A slope." in (definition.function.__doc__ or "") and "Higher." in (definition.function.__doc__ or "")
    made = definition.make(2, dim=3, height=10)
    assert (made.name, dict(made.parameters)) == ("line+raised-by", {"dim": 3, "height": 10.0})
    assert made.f([1.0, 1.0, 1.0]) == 2 * 3 + 2 * 10
    with pytest.raises(registry.UnknownName, match="unknown wrapper 'raised': did you mean raised-by"):
        registry.find_problem("line+raised")
    with pytest.raises(registry.UnknownName, match="unknown problem 'lime'"):
        registry.find_problem("lime+raised-by")
    with pytest.raises(ValueError, match=r"both line\+raised-by and raised-by have a parameter 'height'"):
        registry.find_problem("line+raised-by+raised-by")
    with pytest.raises(ValueError, match=r"line\+raised-by has no parameter 'width'"):
        definition.make(width=1)


def test_what_this_machine_lacks_is_told_from_what_is_wrong(empty):
    @problem(family="toys", source="Nobody 1900")
    def elsewhere(instance: int = 1) -> Objective:
        raise Unavailable("set THERE to the folder of the data")

    with pytest.raises(Unavailable, match="elsewhere: set THERE to the folder"):
        registry.find_problem("elsewhere").make()


def test_how_to_install_names_distributions_and_our_extras(monkeypatch):
    requirements = ["numpy>=2.0", 'pytorch-optimizer>=3.3; extra == "zoo"', 'gymnasium[mujoco]>=1.0; extra == "rl"']
    requirements += ['nlopt>=2.8; extra == "nlopt"', 'DFO-LS>=1.5; extra == "small"', 'nlopt>=2.8; extra == "small"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: requirements)
    ours = "in the folder of Fogbench pip install -c constraints.txt -e"
    assert registry.how_to_install(["pytorch_optimizer", "gymnasium.envs"]) == f'{ours} ".[zoo,rl]"'
    assert registry.how_to_install(["ax", "nlopt"]) == f'{ours} ".[nlopt]" and pip install ax-platform'
    assert registry.how_to_install(["ax", "bayes_optim"]) == "pip install ax-platform bayes-optim"
    assert registry.how_to_install(["nlopt", "dfols"]) == f'{ours} ".[nlopt,small]"', "the lesser extra"


def test_a_union_takes_what_any_of_its_members_takes():
    annotation = Literal["auto", "none"] | int | None
    assert [cast(value, annotation, "x") for value in ("auto", "3", 4, None)] == ["auto", 3, 4, None]
    with pytest.raises(ValueError, match=r"x must be int, got 'often'"):
        cast("often", annotation, "x")


@pytest.mark.parametrize("given", [None, 3.0, "sphere"])
def test_a_problem_is_an_objective(given):
    definition = ProblemDefinition("forgetful", lambda instance: given, "odd", "fogbench's own tests 2026", 1, (), {})
    wrapper = WrapperDefinition("same", lambda objective, instance: objective, "fogbench's own tests 2026", 1, {})
    for broken in (definition, wrapped(definition, wrapper)):
        with pytest.raises(ValueError, match=r"forgetful: its function must give an Objective, got (None|float|str)$"):
            broken.make()


@pytest.mark.parametrize("name", ["f", "value", "inside", "run", "", 3])
def test_a_metric_of_a_reserved_name_is_refused_at_declaration(name):
    with pytest.raises(
        ValueError, match=r"a metric must not be called .*: columns of every trajectory are run, value, "
    ):
        Objective(lambda x: x.sum(-1), 2, metrics={name: lambda x: x.sum(-1)})
