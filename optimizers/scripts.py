"""The calls by which libraries themselves run their methods, as lines of Python: what registrations take as `call`.

Each is "" where the library would not do what the bridge does: at settings that it is not told, without bounds where
there are some, or where it needs bounds and there are none.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bench.core.script import Call, Script

PRICE = 3  # of a gradient with its value, in values


def by_minimize(method: str, *, slopes: bool = False, boxed: bool = True) -> Call:
    """scipy.optimize.minimize. slopes: whether the method asks for gradients. boxed: whether it takes bounds."""

    def lines(script: Script) -> str:
        if script.changed or script.tensors or not (script.open or (boxed and script.bounds)):
            return ""
        function, slope = script.f, f", jac={script.slope}" if slopes and script.slope else ""
        if slopes and script.both:
            function, slope = script.both, ", jac=True"
        box = "" if script.open else f", bounds={script.bounds}"
        call = f'scipy.optimize.minimize({function}, {script.start}, method="{method}"{slope}{box})'
        return f"import scipy.optimize\nresult = {call}\nprint(result.fun, result.x)"

    return lines


def by_global(name: str, arguments: str) -> Call:
    """A global method of scipy.optimize that needs bounds. arguments: behind the function and them, where {start},
    {budget} and {generations}, of 15 points a coordinate, are put in."""

    def lines(script: Script) -> str:
        if script.changed or script.tensors or not (script.closed and script.bounds):
            return ""
        generations = max(1, script.budget // (15 * script.dim) - 1)
        more = arguments.format(start=script.start, budget=script.budget, generations=generations)
        call = f"scipy.optimize.{name}({script.f}, {script.bounds}, {more})"
        return f"import scipy.optimize\nresult = {call}\nprint(result.fun, result.x)"

    return lines


def by_basinhopping(script: Script) -> str:
    """scipy.optimize.basinhopping, with as many local searches as some tens of differences each leave room for."""
    if script.changed or script.tensors or not (script.open or script.bounds):
        return ""
    hops = max(1, script.budget // (10 * (script.dim + 1)))
    local = "" if script.open else f', minimizer_kwargs={{"method": "L-BFGS-B", "bounds": {script.bounds}}}'
    call = f"scipy.optimize.basinhopping({script.f}, {script.start}, niter={hops}{local})"
    return f"import scipy.optimize\nresult = {call}\nprint(result.fun, result.x)"


def by_nlopt(method: str, *, closed: bool = False) -> Call:
    """A method of NLopt. closed: whether it needs bounds on all sides."""

    def lines(script: Script) -> str:
        low, high, scale = (script.column(numbers) for numbers in (script.low, script.high, script.scale))
        if script.changed or script.tensors or not (low and high and scale) or (closed and not script.closed):
            return ""
        return "\n".join(
            [
                "import nlopt",
                f"method = nlopt.opt(nlopt.{method}, {script.dim})",
                *([] if script.open else [f"method.set_lower_bounds({low})", f"method.set_upper_bounds({high})"]),
                f"method.set_min_objective(lambda x, _: {script.f}(x))",
                *([] if closed else [f"method.set_initial_step({scale})"]),
                f"method.set_maxeval({script.budget})",
                f"x = method.optimize({script.start})",
                "print(method.last_optimum_value(), x)",
            ]
        )

    return lines


def by_optuna(sampler: str) -> Call:
    """A sampler of Optuna, which is told the start first."""

    def lines(script: Script) -> str:
        if script.changed or script.tensors or not (script.closed and script.bounds):
            return ""
        return "\n".join(
            [
                "import numpy, optuna",
                f"start, bounds = {script.start}, {script.bounds}",
                "def value(trial):",
                '    x = [trial.suggest_float(f"x{i}", low, high) for i, (low, high) in enumerate(bounds)]',
                f"    return {script.f}(numpy.array(x))",
                f"study = optuna.create_study(sampler=optuna.samplers.{sampler}())",
                'study.enqueue_trial({f"x{i}": x for i, x in enumerate(start)})',
                f"study.optimize(value, n_trials={script.budget})",
                "print(study.best_value, study.best_params)",
            ]
        )

    return lines


def by_cma(more: str = "") -> Call:
    """cma.fmin2, whose first standard deviation is the scale of each coordinate. more: further arguments."""

    def lines(script: Script) -> str:
        low, high = (script.column(numbers, lambda _: "None") for numbers in (script.low, script.high))
        if script.changed or script.tensors or not (low and high and (scale := script.column(script.scale))):
            return ""
        box = "" if script.open else f', "bounds": [{low}, {high}]'
        options = f'{{"maxfevals": {script.budget}, "CMA_stds": {scale}{box}, "verbose": -9}}'
        call = f"cma.fmin2({script.f}, {script.start}, 1.0, {options}{more})"
        return f"import cma\n_, method = {call}\nprint(method.result.fbest, method.result.xbest)"

    return lines


def by_nevergrad(name: str) -> Call:
    """A method of Nevergrad's registry, begun at the start, inside bounds on all sides or none."""

    def lines(script: Script) -> str:
        low, high = script.column(script.low), script.column(script.high)
        if script.changed or script.tensors or not (script.open or (script.closed and low and high)):
            return ""
        box = "" if script.open else f", lower={low}, upper={high}"
        space = f"nevergrad.p.Array(init={script.start}{box})"
        method = f'nevergrad.optimizers.registry["{name}"]({space}, budget={script.budget})'
        ends = [f"x = method.minimize({script.f}).value", f"print({script.f}(x), x)"]
        return "\n".join(["import nevergrad", f"method = {method}", *ends])

    return lines


def by_catcma(script: Script) -> str:
    """CatCMA with margin of cmaes, on real numbers, whose first standard deviation is the scale of each coordinate."""
    columns = (script.column(numbers, lambda x: f'float("{x}")') for numbers in (script.low, script.high, script.scale))
    low, high, scale = columns
    if script.changed or script.tensors or not (low and high and scale):
        return ""
    told = f"x_space=numpy.transpose([{low}, {high}]), mean=numpy.array({script.start})"
    return "\n".join(
        [
            "import cmaes, numpy",
            f"method = cmaes.CatCMAwM({told}, sigma=1.0, cov=numpy.diag(numpy.square({scale})))",
            "points = []",
            f"while len(points) + method.population_size <= {script.budget} and not method.should_stop():",
            "    solutions = [method.ask() for _ in range(method.population_size)]",
            f"    values = [{script.f}(each.x) for each in solutions]",
            "    method.tell(list(zip(solutions, values)))",
            "    points += [(value, each.x) for value, each in zip(values, solutions)]",
            "print(*min(points, key=lambda pair: pair[0]))",
        ]
    )


def by_steps(
    rule: str,
    *,
    fixed: Mapping[str, Any] = MappingProxyType({}),
    averages: bool = False,
    **arguments: str | Sequence[str],
) -> Call:
    """Steps by a rule of torch. rule: its class, with the module. arguments: of the class, by the hyperparameters that
    they are; the size of batches says nothing of a function without data. fixed: others of the class. averages: whether
    it swaps its mean in where it is evaluated."""
    taken = {
        "batch_size",
        *(name for each in arguments.values() for name in ([each] if isinstance(each, str) else each)),
    }

    def lines(script: Script) -> str:
        if script.changed - taken or not script.open or not (script.tensors or script.slope):
            return ""
        options = {key: _value(script, name) for key, name in arguments.items()} | dict(fixed)
        told = "".join(f", {key}={value!r}" for key, value in options.items())
        begin, steps = _begun(script), max(1, script.budget // PRICE)
        slope = f"{script.f}(x).backward()"
        if not script.tensors:
            slope = f"x.grad = torch.tensor({script.slope}(x.detach().numpy()))"
        module = rule.partition(".")[0]
        return "\n".join(
            [
                "import torch" + ("" if module == "torch" else f", {module}"),
                begin,
                f"rule = {rule}([x]{told})",
                *(["rule.train()"] if averages else []),
                f"for _ in range({steps}):",
                "    rule.zero_grad()",
                f"    {slope}",
                "    rule.step()",
                *(["rule.eval()"] if averages else []),
                _ended(script),
            ]
        )

    return lines


def by_closure(script: Script) -> str:
    """torch's L-BFGS, which asks a closure."""
    if script.changed or not script.open or not (script.tensors or script.slope):
        return ""
    value = [f"    f = {script.f}(x)", "    f.backward()", "    return f"]
    if not script.tensors:
        value = [
            f"    x.grad = torch.tensor({script.slope}(x.detach().numpy()))",
            f"    return torch.tensor({script.f}(x.detach().numpy()))",
        ]
    most = max(1, script.budget // PRICE)
    return "\n".join(
        [
            "import torch",
            _begun(script),
            f'rule = torch.optim.LBFGS([x], max_iter={most}, line_search_fn="strong_wolfe")',
            "def closure():",
            "    rule.zero_grad()",
            *value,
            "rule.step(closure)",
            _ended(script),
        ]
    )


def _begun(script: Script) -> str:
    if script.tensors:
        return f"x = {script.start}.detach().clone().requires_grad_()"
    return f"x = torch.tensor({script.start}, dtype=torch.float64, requires_grad=True)"


def _ended(script: Script) -> str:
    at = "x" if script.tensors else "x.detach().numpy()"
    return f"print(float({script.f}({at})), x.detach())"


def _value(script: Script, name: str | Sequence[str]) -> Any:
    if isinstance(name, str):
        return script.values[name]
    return tuple(script.values[each] for each in name)
