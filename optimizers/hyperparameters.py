"""Hyperparameters that many methods have: what they may be, and where they are worth tuning."""

from typing import Annotated

from bench.core import Range

Rate = Annotated[float, Range(1e-4, 10.0, log=True, above=0)]
StepRate = Annotated[float, Range(1e-5, 1.0, log=True, above=0)]  # where it is about the step of a coordinate
SignRate = Annotated[float, Range(1e-6, 0.1, log=True, above=0)]  # where it is that of every coordinate in every step
Momentum = Annotated[float, Range(0.0, 0.99, least=0, below=1)]
BatchSize = Annotated[int | None, Range(8, 256, log=True, least=1)]
Radius = Annotated[float | None, Range(1e-4, 1.0, log=True, above=0)]  # in units of the domain's scale
Step = Annotated[float, Range(1e-3, 1.0, log=True, above=0)]  # in units of the domain's scale
Pairs = Annotated[int, Range(1, 50, log=True, least=1, most=10_000)]
Population = Annotated[int | None, Range(5, 200, log=True, least=2, most=10_000)]
Memory = Annotated[int, Range(3, 50, log=True, least=1, most=1_000)]
Tolerance = Annotated[float, Range(1e-12, 1e-2, log=True, least=0)]
Decay = Annotated[float, Range(0.9, 0.9999, least=0, below=1)]  # of a running mean of squared gradients
WeightDecay = Annotated[float, Range(1e-5, 1.0, log=True, least=0)]
Epsilon = Annotated[float, Range(1e-10, 1e-1, log=True, above=0)]  # added to what a gradient is divided by
Sigma = Annotated[float, Range(0.1, 3.0, log=True, above=0)]  # first standard deviation, in the domain's scales
