"""How runs end: the facts of every status."""

import pickle

import pytest

from bench.core.status import RETRIED, Status, alternatives, statuses


@pytest.mark.parametrize(
    ("status", "ran", "recorded", "counts", "failed", "retried", "trouble"),
    [
        ("target", True, True, True, False, False, 0),
        ("budget", True, True, True, False, False, 0),
        ("returned", True, True, True, False, False, 0),
        ("deadline", True, True, True, False, False, 4),
        ("diverged", True, True, False, False, False, 3),
        ("crashed", True, True, False, True, True, 1),
        ("killed", True, False, False, True, True, 2),
        ("skipped", False, True, False, False, False, 5),
        ("left", False, True, False, False, False, 0),
        ("cut", True, True, True, False, False, 6),
        ("interrupted", False, False, False, False, False, 7),
        ("unbegun", False, True, False, False, False, 8),
    ],
)
def test_facts(status, ran, recorded, counts, failed, retried, trouble):
    it = Status(status)
    assert it == status
    assert (it.ran, it.recorded, it.counts, it.failed, it.retried, it.trouble) == (
        ran, recorded, counts, failed, retried, trouble,
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(it)) is it


def test_statuses_of_a_fact():
    assert len(Status) == 12
    assert statuses("failed") == ["crashed", "killed"]
    assert statuses("ran", False) == ["skipped", "left", "interrupted", "unbegun"]
    assert statuses("trouble") == [
        "crashed", "killed", "diverged", "deadline", "skipped", "cut", "interrupted", "unbegun",
    ]  # fmt: skip
    assert statuses("absent") == ["left", "interrupted", "unbegun"]
    assert RETRIED == ("crashed", "killed", "damaged")
    with pytest.raises(AttributeError):
        statuses("lucky")


def test_phrases():
    assert [Status.KILLED.phrase(n) for n in (1, 2)] == ["was killed", "were killed"]
    assert alternatives(["crashed", "killed", "diverged"]) == "crashed, were killed or diverged"
    assert alternatives(["skipped"], 1) == "was skipped"


def test_a_status_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="'lost' is not a valid Status"):
        Status("lost")
