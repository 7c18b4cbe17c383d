"""The frames that measures take and give, with their columns, and a check that a frame has them."""

from typing import Any, Protocol


class Frame(Protocol):
    """A DataFrame, as far as a type checker can follow it: pandas comes without stubs."""

    columns: Any

    def __getattr__(self, name: str) -> Any: ...
    def __getitem__(self, key: Any, /) -> Any: ...
    def __contains__(self, key: Any, /) -> bool: ...
    def __len__(self) -> int: ...
    def itertuples(self, index: bool = True, name: str | None = "Pandas") -> Any: ...


Column = Any  # a Series, or what arithmetic makes of one

CELL = ["problem", "dim"]  # what runs are compared on
PAIRS = ("problems", "better", "worse", "a12", "low", "high", "p", "adjusted", "significant")
COLUMNS = {  # at least; counts of questions, and what only some measures read, stand beside them
    "runs": ("run", *CELL, "optimizer", "order", "scored", "status"),
    "events": ("run", "f"),
    "hits": ("run", "kind", "target"),
    "runtimes": ("run", "kind", "target", "runtime", "spent"),
    "ert": (*CELL, "optimizer", "order", "kind", "target", "ert", "successes"),
    "pairs": ("optimizer", "rival", *PAIRS),
    "scores": (
        "family", "budget", "optimizer", "order", "solved", "low", "high", "standing", "problems", "of", "cut", "runs",
        "ran", "raced", "gone",
    ),
    "races": (*CELL, "optimizer", "order", "left", "rounds", "planned", "missing", "able"),
    "duels": (
        "family", "budget", "optimizer", "rival", "difference", "low", "high", "p", "adjusted", "significant", "enough",
        "general_p", "general", "able", "problems", "runs",
    ),
    "values at budget": (
        *CELL, "budget", "optimizer", "order", "kind", "low", "median", "high", "runs", "failed", "least", "end",
        "settled",
    ),
    "convergence": (*CELL, "optimizer", "order", "kind", "cost", "low", "median", "high", "runs"),
    "performance profile": ("optimizer", "order", "ratio", "fraction", "problems", "among"),
    "data profile": ("optimizer", "order", "cost", "fraction", "problems"),
    "best": (
        *CELL, "among", "optimizer", "order", "kind", "target", "ert", "low", "high", "successes", "runs", "success",
        "median", "lower", "upper", "budget", "compared", "significant", "enough", "tied", "rivals", "reason", "raced",
    ),
    "answers": (
        "family", "budget", "among", "optimizer", "reason", "order", "solved", "low", "high", "runs", "problems", "cut",
        "compared", "significant", "enough", "rivals", "tied", "level", "left", "tests", "general", "able",
        "unbeaten", "raced",
    ),
    "tuned": (
        *CELL, "family", "optimizer", "order", "kind", "default", "default_low", "default_high",
        "tuned", "tuned_low", "tuned_high", "better", "worse", "pairs",
    ),
    "sensitivity": (
        *CELL, "family", "optimizer", "order", "kind", "hyperparameter", "scale", "value", "reached", "runs",
        "role", "fraction",
    ),
}  # fmt: skip


def checked(frame: Any, name: str) -> Frame:
    """The frame, if it has the columns of its name in COLUMNS; raises ValueError with those that it lacks."""
    if lacking := [column for column in COLUMNS[name] if column not in frame]:
        raise ValueError(f"a frame of {name} must have {', '.join(COLUMNS[name])}; it lacks {', '.join(lacking)}")
    return frame


def stored_anew(frame: Any) -> Any:
    """The frame with its texts, and the names of its columns, as the option mode.string_storage of pandas says now,
    and not as it said when they were read."""
    texts = frame.dtypes[frame.dtypes == "str"].index
    frame = frame.astype(dict.fromkeys(texts, "str"))
    return frame.set_axis(frame.columns.astype("str"), axis="columns")
