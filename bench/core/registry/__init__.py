"""The registries: every problem, optimizer and wrapper by name, with its source and its parameters."""

from bench.core.registry.definitions import (
    OPTIMIZERS,
    PROBLEMS,
    WRAPPERS,
    Definition,
    OptimizerDefinition,
    ProblemDefinition,
    Unavailable,
    WrapperDefinition,
    optimizer,
    problem,
    settings,
    wrapper,
)
from bench.core.registry.discovery import (
    UnknownName,
    distribution,
    find_optimizer,
    find_problem,
    how_to_install,
    install_extras,
    load,
    lookup,
    missing,
)
from bench.core.registry.fingerprint import fingerprint, source_code
from bench.core.registry.parameters import Derived, Parameter, Range, cast
from bench.core.shown import written
