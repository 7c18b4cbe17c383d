"""Code of others that is called outside of a run: whatever it raises is an error, and says whose."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

NEVER_RUNS = "a method must ask the oracle when it is called, and this is {}: take out its `yield` or `async`"


def said(error: BaseException) -> str:
    """Type and message of an exception: `SystemExit: 3`; of a ValueError, which is a sentence, the message alone."""
    return (
        str(error)
        if type(error) is ValueError and str(error)
        else f"{type(error).__name__}: {error}".removesuffix(": ")
    )


@contextmanager
def foreign(what: str, passing: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Raise ValueError with a sentence, what and the exception, in place of all that is raised here.

    Also of what is no error to Python: SystemExit and its like, which would end the program without a word, and
    StopIteration, which would end a loop of the caller's. A Ctrl-C and those that are `passing` stay what they are.
    """
    try:
        yield
    except (KeyboardInterrupt, *passing):
        raise
    except BaseException as error:
        raise ValueError(f"{what}: {said(error)}") from error


def suspended(function: Callable[..., Any]) -> str:
    """What a function is that does nothing when it is called, as one with a `yield`; "" where it does something."""
    target: Any = function if inspect.isroutine(function) or isinstance(function, partial) else type(function).__call__
    kinds = {
        "a generator function": inspect.isgeneratorfunction,
        "an asynchronous function": inspect.iscoroutinefunction,
        "an asynchronous generator function": inspect.isasyncgenfunction,
    }
    return next((kind for kind, holds in kinds.items() if holds(target)), "")


def refuse_suspended(answer: Any) -> None:
    """Raise TypeError for what a method gave where that is what it had to do, and has not done: a generator, or what
    wants to be awaited."""
    if inspect.isgenerator(answer) or inspect.isasyncgen(answer) or inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise TypeError(f"the method gave a {type(answer).__name__} and has not run: it must ask when it is called")
