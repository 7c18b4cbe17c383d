"""Stored runs that other code made than today's, or other versions of libraries: what is done about them."""

import json
from collections.abc import Mapping, Sequence

from bench.runner.environment import libraries
from bench.runner.plan import RunSpec
from bench.runner.store import Store


def put_stale_aside(store: Store, specs: Sequence[RunSpec], stale: str) -> list[str]:
    """Put runs aside that were made by other code, or by other libraries where those count, and take back what was put
    aside of the present code; answers what to say of it.

    Runs of before the code was stored with them stay.
    """
    planned = {spec.hash(): spec for spec in specs}
    aside: set[str] = set()
    runs: dict[tuple[str, str], dict[str, float]] = {}  # by what has changed, and the word of --stale: seconds by hash
    for hash, code, versions_then, seconds in store.made():
        spec, then = planned[hash], json.loads(versions_then)
        if code is not None and code != spec.code:
            before, now = json.loads(code), json.loads(spec.code)
            names = {"optimizer": spec.optimizer, "problem": spec.problem}
            changes = [f"{names[part]} has changed" for part in now if before.get(part) != now[part]]
            counts, word = stale != "keep", "keep"
        else:
            used = libraries(spec.problem, spec.optimizer)
            differs = [name for name in used if then.get(name, used[name]) != used[name]]
            changes = [f"{name} was {then[name]} and is {used[name]}" for name in differs]
            counts, word = stale == "versions", "versions"
        if changes and counts:
            aside.add(hash)
        for change in changes:
            runs.setdefault((change, word), {})[hash] = seconds
    store.put_aside(aside)
    coded = {hash for (_, word), of in runs.items() if word == "keep" for hash in of}
    back = store.take_back({hash: planned[hash].code for hash in aside & coded})
    return [_stale_sentence(change, word, stale, of, back) for (change, word), of in runs.items()]


def _stale_sentence(change: str, word: str, stale: str, runs: Mapping[str, float], back: set[str]) -> str:
    since = f"{change} since {len(runs)} stored runs ({sum(runs.values()):.0f} s of work): "
    if word == "versions":
        return since + ("run again" if stale == word else "they stay; --stale versions runs them again")
    if stale == word:
        return since + "they stay, as --stale keep says"
    if back >= runs.keys():
        return since + "those of its present code were stored too, and stand again"
    return since + "run again; --stale keep serves the old ones"
