"""Stored runs that other code made than today's, or other versions of libraries: what is done about them."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

from bench.runner.environment import installed, libraries, releases
from bench.runner.plan import RunSpec
from bench.runner.store import Store

Reason = Literal["code", "release", "versions"]  # why a run is stale: its code, a release of --with, other versions


def put_stale_aside(store: Store, specs: Sequence[RunSpec], stale: str) -> list[str]:
    """Put runs aside that were made by other code, or by other libraries where those count, and take back what was put
    aside of the present code; answers what to say of it.

    Libraries count where `stale` says so, and where a release was asked for that is not the one of the run. Runs of
    before the code was stored with them stay.
    """
    planned = {spec.hash(): spec for spec in specs}
    aside: set[str] = set()
    runs: dict[tuple[str, Reason], dict[str, float]] = {}  # by what has changed, and why: seconds by hash
    changed = cache(_changed)  # which is alike for many runs
    for hash, code, versions_then, seconds in store.made():
        spec = planned[hash]
        changes, reason = changed(spec.problem, spec.optimizer, spec.code, code, versions_then)
        if changes and (stale == "versions" or (reason != "versions" and stale != "keep")):
            aside.add(hash)
        for change in changes:
            runs.setdefault((change, reason), {})[hash] = seconds
    if aside:
        store.put_aside(aside)
    coded = {hash for (_, reason), of in runs.items() if reason == "code" for hash in of}
    codes = {hash: planned[hash].code for hash in aside & coded}
    back = store.take_back(codes) if codes else set[str]()
    return [_stale_sentence(change, reason, stale, of, back) for (change, reason), of in runs.items()]


def _changed(
    problem: str, optimizer: str, code: str, code_then: str | None, versions_then: str
) -> tuple[list[str], Reason]:
    """What has changed since a run on a problem with an optimizer, in words, and of which kind that is."""
    then = json.loads(versions_then)
    if code_then is not None and code_then != code:
        before, now = json.loads(code_then), json.loads(code)
        names = {"optimizer": optimizer, "problem": problem}
        return [f"{names[part]} has changed" for part in now if before.get(part) != now[part]], "code"
    used = _used(problem, optimizer, then)
    differs = [name for name in used if then.get(name, used[name]) != used[name]]
    with_then = "".join(f" --with {release}" for release in then.get("with", "").split())
    by = f" (by{with_then})" if with_then else ""
    changes = [f"{name} was {then[name]}{by} and is {used[name]}" for name in differs]
    return changes, "release" if releases().keys() & set(differs) else "versions"


def _used(problem: str, optimizer: str, then: Mapping[str, str]) -> dict[str, str]:
    """The libraries that a run is computed with today, releases that were asked for then or now included."""
    requested = [*releases(), *(release.partition("==")[0] for release in then.get("with", "").split())]
    return {
        **{name: installed(name) or "not installed" for name in requested},
        **libraries(problem, optimizer),
    }


def _stale_sentence(change: str, reason: Reason, stale: str, runs: Mapping[str, float], back: set[str]) -> str:
    since = f"{change} since {len(runs)} stored runs ({sum(runs.values()):.0f} s of work): "
    if reason == "versions":
        return since + ("run again" if stale == reason else "they stay; --stale versions runs them again")
    if stale == "keep":
        return since + "they stay, as --stale keep says"
    if reason == "code" and back >= runs.keys():
        return since + "those of its present code were stored too, and stand again"
    return since + "run again; --stale keep serves the old ones"
