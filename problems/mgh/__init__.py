"""The 35 problems of Moré, Garbow & Hillstrom 1981, doi:10.1145/355934.355936: sums of squares of smooth residuals.

`python -m bench.problems.mgh` prints what MINPACK's Levenberg-Marquardt method needs for them beside the published
figures.
"""
