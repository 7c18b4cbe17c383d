"""Wrappers over any problem: noise, and what is done to points, values and clocks; `rosenbrock+noise` names one."""
