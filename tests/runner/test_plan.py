"""The plan: grids, paired seeds, skips with reasons, keys that change with what they stand for, jobs."""

from dataclasses import replace

import pytest

from bench.core.registry import UnknownName
from bench.runner.plan import BESIDE, CHUNK, FIELDS, LANES, jobs, plan
from bench.runner.suite import Notice, make_suite


def specs_of(problems, optimizers, **options):
    return plan(make_suite(problems, optimizers, **{"budget": 30, "name": "t", "seeds": 3, **options}))


def test_grid_times_seeds():
    specs = specs_of(["odd-bowl[dim=2,10]"], ["odd-descent[lr=0.01,0.1]", "odd-walk"], seeds=5)
    assert len(specs) == 2 * 3 * 5
    assert {spec.hyperparameters["lr"] for spec in specs if spec.optimizer == "odd-descent"} == {0.01, 0.1}
    assert len({spec.hash() for spec in specs}) == 30


def test_a_run_that_is_named_twice_is_planned_once():
    assert len(specs_of(["odd-bowl", "odd-bowl[dim=2]"], ["odd-walk", "odd-walk[step=1]"])) == 3


def test_skips_have_reasons():
    by_order = specs_of(["odd-black-box"], ["odd-descent"])[0]
    assert by_order.skip == ("odd-black-box answers up to values (order 0), odd-descent needs gradients (order 1)")
    elsewhere = specs_of(["odd-elsewhere"], ["odd-walk"])[0]
    assert elsewhere.skip.startswith("odd-elsewhere needs a_module_that_is_not_there, which is not installed: pip inst")


def test_names_and_parameters_are_checked_before_anything_runs():
    with pytest.raises(UnknownName, match=r"unknown problem 'odd-bowll': did you mean odd-bowl"):
        specs_of(["odd-bowll"], ["odd-walk"])
    with pytest.raises(ValueError, match=r"odd-walk has no parameter 'stop'; it takes: step=1.0"):
        specs_of(["odd-bowl"], ["odd-walk[stop=1]"])
    with pytest.raises(ValueError, match=r"odd-walk: step must be finite, got nan"):
        specs_of(["odd-bowl"], ["odd-walk[step=nan]"])
    with pytest.raises(ValueError, match=r"odd-bowl: dim must be >= 1, got 0"):
        specs_of(["odd-bowl[dim=0]"], ["odd-walk"])


def test_the_hash_stands_for_everything_that_determines_a_run():
    spec = specs_of(["odd-bowl"], ["odd-walk"])[0]
    changed = {
        "problem": "other", "parameters": {"dim": 3}, "instance": 2, "optimizer": "other",
        "hyperparameters": {"step": 2.0}, "seed": 7, "suite_seed": 2,
        "budget": 31, "prices": {"value": 2}, "gap": 1e-6, "restarts": False,
        "deadline": 1.0, "device": "cuda", "versions": (1, 2), "checkpoints": 5, "solo": True,
    }  # fmt: skip
    assert {*changed, *BESIDE} == set(FIELDS)
    hashes = {replace(spec, **{key: value}).hash() for key, value in changed.items()}
    assert len(hashes | {spec.hash()}) == len(changed) + 1
    assert (
        replace(spec, skip="a reason", dim=None, dtype="float32", code="{}", pointwise=True, lanes=3).hash()
        == spec.hash()
    )


def test_jobs_are_lockstep_batches_and_chunks():
    specs = specs_of(["odd-bowl"], ["odd-descent", "odd-walk"], seeds=LANES + 6)
    work = jobs(specs, lambda spec: False)
    assert [len(job.specs) for job in work if job.lanes] == [LANES, 6]
    assert [len(job.specs) for job in work if not job.lanes] == [LANES + 6]
    many = jobs(specs_of(["odd-bowl"], ["odd-walk"], seeds=CHUNK + 6), lambda spec: False)
    assert [len(job.specs) for job in many] == [CHUNK, 6]
    halves = jobs(specs_of(["odd-bowl"], ["odd-walk"], seeds=5), lambda spec: False, workers=2)
    assert [len(job.specs) for job in halves] == [3, 2], "there is work for both"


def test_the_width_of_lanes_is_a_suites_and_no_part_of_what_a_run_is():
    few, many = (specs_of(["odd-bowl"], ["odd-descent"], seeds=7, lanes=lanes) for lanes in (3, 7))
    assert [len(job.specs) for job in jobs(few, lambda spec: False)] == [3, 3, 1]
    assert [len(job.specs) for job in jobs(many, lambda spec: False)] == [7]
    assert [spec.hash() for spec in few] == [spec.hash() for spec in many]


def test_solo_runs_are_no_lanes_and_others_keep_their_hash():
    specs = specs_of(["odd-bowl"], ["odd-descent"], seeds=3, solo=True)
    assert [job.lanes for job in jobs(specs, lambda spec: False)] == [False]
    assert '"solo": true' in specs[0].key() and "solo" not in replace(specs[0], solo=False).key()


def test_runs_on_what_is_asked_point_by_point_are_alone():
    specs = specs_of(["odd-fragile"], ["random-search"], seeds=3)
    assert [(job.lanes, len(job.specs)) for job in jobs(specs, lambda spec: False, workers=3)] == [(False, 1)] * 3


def test_a_batch_is_resumed_at_full_width_and_a_chunk_without_what_is_there():
    specs = specs_of(["odd-bowl"], ["odd-descent", "odd-walk"], seeds=5)
    work = jobs(specs, lambda spec: spec.seed != 3)
    assert [(job.lanes, [spec.seed for spec in job.specs]) for job in work] == [(True, [0, 1, 2, 3, 4]), (False, [3])]
    assert jobs(specs, lambda spec: True) == []


def test_numbers_have_one_key_however_they_are_written():
    whole = specs_of(["odd-bowl"], ["odd-walk"], budget=30, gap=0, deadline=60)
    broken = specs_of(["odd-bowl[dim=2.0]"], ["odd-walk[step=1]"], budget=30.0, gap=0.0, deadline=60.0)
    assert [spec.hash() for spec in whole] == [spec.hash() for spec in broken]


def test_one_run_is_not_planned_in_two_ways():
    from bench.runner.suite import Entry, Group, Suite

    groups = tuple(Group((Entry("odd-bowl"),), (Entry("odd-walk"),), budget) for budget in (10, 20))
    with pytest.raises(ValueError, match=r"odd-bowl with odd-walk, seed 0, is planned twice, with another budget"):
        plan(Suite("t", groups))


def test_a_problem_that_cannot_be_built_is_named_before_anything_runs(monkeypatch):
    from bench.core import registry

    def broken(dim: int = 2, instance: int = 1):
        raise RuntimeError("no such landscape")

    definition = replace(registry.find_problem("odd-bowl"), name="odd-broken", function=broken)
    monkeypatch.setitem(registry.PROBLEMS, "odd-broken", definition)
    with pytest.raises(ValueError, match=r"odd-broken: cannot be built: RuntimeError: no such landscape"):
        specs_of(["odd-broken"], ["odd-walk"])


def test_targets_of_metrics_that_nobody_records_are_refused():
    """Of a suite and of a group; those that only some problems record are said."""
    suite = make_suite(["softmax[data=iris]", "sphere"], ["torch-sgd"], budget=3, name="t", seeds=1)
    (group,) = suite.groups
    wanted = (
        r"metric_targets must be of metrics that a problem records, got 'tset_accuracy' "
        r"\(did you mean 'test_accuracy'\?\): softmax\[data=iris\] records .*test_accuracy.*; sphere records none"
    )
    for wrong in (
        replace(suite, metric_targets={"tset_accuracy": [0.9]}),
        replace(suite, groups=(replace(group, metric_targets={"tset_accuracy": [0.9]}),)),
    ):
        with pytest.raises(ValueError, match=wanted):
            plan(wrong)
    with pytest.warns(Notice, match="test_accuracy has no target on sphere, where it is not recorded"):
        plan(replace(suite, metric_targets={"test_accuracy": [0.9]}))
    of_softmax = replace(group, problems=group.problems[:1], metric_targets={"test_accuracy": [0.9]})
    assert plan(replace(suite, groups=(of_softmax, replace(group, problems=group.problems[1:]))))
    elsewhere = make_suite(["odd-elsewhere"], ["odd-walk"], budget=3, name="t")
    assert plan(replace(elsewhere, metric_targets={"accuracy": [0.9]}))[0].skip  # nobody knows what it would record
