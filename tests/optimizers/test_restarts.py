"""Wrappers of methods: what they ask, and when they hand over."""

import numpy as np
import pytest

from bench.core import Array, Domain, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.core.registry import settings
from bench.optimizers.restarts import SEARCHES, best_by, growing, restarted
from bench.runner.single import open_oracle, play

registry.load(("bench.optimizers",))


def bowl(x: Array) -> Array:
    return (x**2).sum(-1)


def one_question(oracle: Oracle, *, population: int = 1) -> None:
    oracle.value(np.tile(oracle.x0, (population, 1)))


def spied(oracle: Oracle) -> list[np.ndarray]:
    """The list in which all that is asked by values will be."""
    asked, answer = [], oracle.value

    def spy(x: Array) -> Array:
        asked.append(np.array(x))
        return answer(x)

    vars(oracle)["value"] = spy
    return asked


def test_restarted_begins_at_new_starts_until_the_budget_is_spent() -> None:
    oracle = Oracle(Objective(bowl, 2), 5)
    assert play(oracle, restarted(one_question), {}, restarts=False) == ""
    starts = np.array(books_of(oracle).ledgers[0].points)
    assert len(np.unique(starts, axis=0)) == 5
    assert books_of(oracle).ledgers[0].status == "budget"
    assert len(books_of(oracle).ledgers[0].restarts) == 5


def test_restarted_ends_with_a_method_that_asks_nothing() -> None:
    oracle = Oracle(Objective(bowl, 2), 5)
    assert play(oracle, restarted(lambda oracle: None), {}, restarts=False) == ""
    assert (books_of(oracle).ledgers[0].status, oracle.counts["value"]) == ("returned", 0)


def test_populations_grow_from_start_to_start() -> None:
    oracle = Oracle(Objective(bowl, 2), 3 + 4 + 6 + 10)
    asked = spied(oracle)
    assert play(oracle, restarted(growing(one_question, 3, 1.5)), {}, restarts=False) == ""
    assert [len(x) for x in asked[:4]] == [3, 4, 6, 10]  # 3, 4.5, 6.75, 10.125


def test_ipop_doubles_the_population_of_cma_es_where_it_is_stuck() -> None:
    """On a plateau CMA-ES gives up whatever its population."""
    definition = registry.find_optimizer("ipop-cma-es")
    oracle = open_oracle(Objective(lambda x: 0 * x[..., 0], 3), definition, 20_000, 0, gap=-np.inf)
    asked = spied(oracle)
    assert play(oracle, definition.function, settings(definition, {}), restarts=False) == ""
    sizes = list(dict.fromkeys(len(x) for x in asked))
    assert sizes[:3] == [7, 14, 28]  # 4 + 3 ln 3 = 7.3


@pytest.mark.parametrize("search", SEARCHES)
def test_hybrid_descends_from_the_best_point_of_the_search(search: str) -> None:
    definition = registry.find_optimizer("hybrid")
    objective = rastrigin_in_a_box()
    oracle = open_oracle(objective, definition, 1000, 0, gap=-np.inf)
    asked, slopes = spied(oracle), []
    answer = oracle.value_and_gradient
    vars(oracle)["value_and_gradient"] = lambda x: slopes.append(np.array(x)) or answer(x)
    given = settings(definition, {"search": search, "share": 0.3})
    assert play(oracle, definition.function, given, restarts=False) == ""
    points = np.concatenate([np.reshape(x, (-1, 2)) for x in asked])
    inside = points[(np.abs(points) <= 5).all(-1)]
    np.testing.assert_array_equal(slopes[0], inside[objective.f(inside).argmin()])
    assert 300 <= oracle.counts["value"] < 320  # the last population may go beyond the share
    assert books_of(oracle).ledgers[0].best == pytest.approx(min(objective.f(x) for x in slopes))


def rastrigin_in_a_box() -> Objective:
    def rastrigin(x: Array) -> Array:
        from array_api_compat import array_namespace

        return (x**2 - 10 * array_namespace(x).cos(2 * np.pi * x) + 10).sum(-1)

    return Objective(rastrigin, 2, Domain(-5, 5), name="rastrigin")


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_that_finds_nothing_hands_over_the_start(search: str) -> None:
    oracle = Oracle(Objective(lambda x: np.nan * x[..., 0], 2), 100)
    start = oracle.x0
    np.testing.assert_array_equal(best_by(SEARCHES[search], oracle, until=50), start)
    assert 50 <= oracle.counts["value"] < 70
