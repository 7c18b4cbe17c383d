"""What optimizers and problems are called in results: by their names, and by what is not at its default."""

from collections.abc import Collection, Mapping
from typing import Any

from bench.core import registry

TUNED = " (tuned)"  # behind the label of an optimizer at the setting that tuning found


def label(
    name: str,
    values: Mapping[str, Any],
    registered: Mapping[str, registry.Definition],
    leave: str = "",
    varied: Collection[str] = (),
) -> str:
    """A name with those parameters that are not at their defaults, or that a grid varies: `torch-adam[lr=0.1]`. What
    follows from the others today, as the hash of a text, is left out: that of a text that has changed since is not."""
    base, *wrappers = name.split("+")
    whole = base in registered and all(wrapper in registry.WRAPPERS for wrapper in wrappers)
    definition = registry.find_problem(name) if wrappers and whole else registered.get(name)
    defaults = {key: parameter.default for key, parameter in definition.parameters.items()} if definition else {}
    texts = [
        f"{key}={_short(value)}"
        for key, value in values.items()
        if key != leave
        and (key in varied or _plain(defaults.get(key)) != value)
        and not (definition and _follows(definition, key, values))
    ]
    return f"{name}[{','.join(texts)}]" if texts else name


def _follows(definition: registry.Definition, key: str, values: Mapping[str, Any]) -> bool:
    """Whether a value is what those of the other parameters give."""
    derived = definition.parameters[key].derived if key in definition.parameters else None
    try:
        return derived is not None and derived.follow(values) == values[key]
    except (ValueError, KeyError, registry.Unavailable):  # a file that is elsewhere now, parameters of an older version
        return False


def varied_in(suite: Mapping[str, Any]) -> dict[str, set[str]]:
    """The parameters of each problem and optimizer of which a grid of a stored suite has several values: there each
    label shows them, the default too."""
    varied: dict[str, set[str]] = {}
    for group in suite.get("groups", []):
        for entry in (*group.get("problems", ()), *group.get("optimizers", ())):
            several = {key for key, values in entry["grid"].items() if len(values) > 1}
            varied.setdefault(entry["name"], set()).update(several)
    return {name: keys for name, keys in varied.items() if keys}


def tuned_label(name: str) -> str:
    """What the tuned one of an optimizer is called."""
    return name + TUNED


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _short(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return registry.written(value)
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)
