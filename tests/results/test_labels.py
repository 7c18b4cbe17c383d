"""What problems and optimizers are called."""

import bench
from bench.core import registry
from bench.results.combined import Combined
from bench.results.labels import label, varied_in


def stored(name, optimizers, problems=("rosenbrock[dim=2]",), **how):
    options = {"budget": 20, "seeds": 1, "name": name, "report": False, **how}
    return bench.run(problems=problems, optimizers=optimizers, **options)


def test_a_grid_shows_every_value_that_varies_its_default_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    problems = ["quadratic[dim=2,condition=100,1000]", "rosenbrock[dim=2,3]"]
    results = stored("grid", ["torch-adam[lr=0.001,0.01,beta1=0.9]", "torch-sgd[lr=0.1]", "random-search"], problems)
    default = bench.core.registry.OPTIMIZERS["torch-adam"].parameters["lr"].default
    assert default == 0.001
    names = {"torch-adam[lr=0.001]", "torch-adam[lr=0.01]", "torch-sgd[lr=0.1]", "random-search"}
    assert set(results.runs.optimizer) == names
    assert set(results.runs.problem) == {"quadratic[condition=100]", "quadratic[condition=1000]", "rosenbrock"}
    assert set(results.relabelled({}).runs.optimizer) == {*names, "torch-adam"} - {"torch-adam[lr=0.001]"}
    again = stored("grid", ["torch-adam[lr=0.001,0.01,beta1=0.9]", "torch-sgd[lr=0.1]", "random-search"], problems)
    assert len(again.runs) == len(results.runs)  # the same runs, whatever they are called


def test_names_in_two_folders_agree_where_one_has_a_grid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = stored("a", ["torch-adam[lr=0.001,0.01]"]), stored("b", ["torch-adam", "random-search"])
    assert set(second.runs.optimizer) == {"torch-adam", "random-search"}
    both = Combined([first, second])
    assert set(both.runs.optimizer) == {"torch-adam[lr=0.001]", "torch-adam[lr=0.01]", "random-search"}
    assert len(both.runs) == 3  # the default's run, in both, counts once
    assert set(second.runs.optimizer) == {"torch-adam", "random-search"}


def test_what_varies_is_what_one_grid_has_several_values_of():
    entries = [{"name": "a", "grid": {"x": [1, 2], "y": [3]}}, {"name": "b", "grid": {"x": [1]}}]
    assert varied_in({"groups": [{"problems": [], "optimizers": entries}]}) == {"a": {"x"}}
    assert varied_in({}) == {}


def test_what_follows_from_other_parameters_is_left_out_unless_it_does_no_more(tmp_path):
    """The hash of a text, of which the record keeps all digits."""
    registry.load(("bench.problems",))
    text = tmp_path / "text"
    text.write_text("abc" * 100)
    values = registry.settings(registry.find_problem("transformer"), {"data": "file", "file": str(text)})
    assert len(values["digest"]) == 16
    name = label("transformer", values, registry.PROBLEMS)
    assert name == f"transformer[data=file,file={text}]"
    text.write_text("abd" * 100)
    assert label("transformer", values, registry.PROBLEMS) == f"{name[:-1]},digest={values['digest']}]"
    text.unlink()
    assert f"digest={values['digest']}" in label("transformer", values, registry.PROBLEMS)
    of_python = registry.settings(registry.find_problem("transformer"), {"data": "python"})
    assert label("transformer", of_python, registry.PROBLEMS) == "transformer[data=python]"
