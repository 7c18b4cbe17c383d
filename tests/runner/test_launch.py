"""How to run is one value, checked when it is made."""

from dataclasses import replace

import pytest

from bench.core import registry
from bench.runner.launch import Launch
from bench.runner.suite import make_suite


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"workers": 0}, "workers must be a whole number >= 1, got 0"),
        ({"workers": 1.5}, "workers must be a whole number >= 1, got 1.5"),
        ({"workers": True}, "workers must be a whole number >= 1, got True"),
        ({"imports": "mine"}, "imports must be a list of names, got 'mine'"),
        ({"retry": "crashed"}, "retry must be a list of names, got 'crashed'"),
        ({"device": "tpu"}, "device must be auto, cpu or cuda, got 'tpu'"),
        ({"retry": ["crashed", "budget"]}, "retry takes crashed, killed, damaged, got 'budget'"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(how, message):
    with pytest.raises(ValueError, match=message):
        Launch(**how)


def walk(oracle):
    """Ask at the start for ever."""
    while True:
        oracle.value(oracle.x0)


@pytest.mark.parametrize(("module", "imports", "children"), [("__main__", [], False), ("theirs", ["theirs"], True)])
def test_children_import_what_they_can_and_a_script_runs_its_own(monkeypatch, module, imports, children):
    monkeypatch.setattr(walk, "__module__", module)
    monkeypatch.setitem(registry.OPTIMIZERS, "walk", replace(registry.find_optimizer("odd-walk"), function=walk))
    fitted = Launch(workers=2).fitted(make_suite(["rosenbrock"], ["walk"], budget=5, name="t"))
    assert (list(fitted.imports), fitted.children, fitted.workers) == (imports, children, 2)
