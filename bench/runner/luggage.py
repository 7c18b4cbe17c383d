"""What a caller's own problems, wrappers and optimizers travel in to child processes: bytes of cloudpickle.

It takes functions that no module holds by value, a lambda or a closure, and what a script or a notebook defines; those
of modules go by name, and are imported there.
"""

import pickle
from collections.abc import Iterable

from bench.core.foreign import foreign, said
from bench.core.registry import OPTIMIZERS, PROBLEMS, WRAPPERS, Definition, OptimizerDefinition, WrapperDefinition


def pack(definitions: Iterable[Definition | WrapperDefinition]) -> bytes:
    """These definitions as bytes; raises ValueError with a sentence where one cannot be packed."""
    import cloudpickle

    try:
        return cloudpickle.dumps(tuple(definitions))
    except Exception as error:  # of whatever the function holds, which may raise what it likes
        raise ValueError(f"it cannot be pickled ({said(error)})") from error


def unpack(luggage: bytes) -> None:
    """Register these definitions; raises ValueError where they cannot be made here."""
    with foreign("what the caller defined cannot be made in a process of its own"):
        definitions: tuple[Definition | WrapperDefinition, ...] = pickle.loads(luggage) if luggage else ()
    for definition in definitions:
        if isinstance(definition, OptimizerDefinition):
            OPTIMIZERS[definition.name] = definition
        elif isinstance(definition, WrapperDefinition):
            WRAPPERS[definition.name] = definition
        else:
            PROBLEMS[definition.name] = definition
