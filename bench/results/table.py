"""A frame that answers a call with itself: it was a method once, and `results.failures()` goes on to work."""

import pandas as pd


class Table(pd.DataFrame):
    """A frame; what is made of it is an ordinary one."""

    def __call__(self) -> "Table":
        return self

    def __reduce__(self) -> tuple[type[pd.DataFrame], tuple[pd.DataFrame]]:
        return pd.DataFrame, (pd.DataFrame(self),)
