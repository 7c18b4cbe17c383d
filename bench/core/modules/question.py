"""The functions of an objective that is a network: its loss and its metrics, for one vector or for many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from bench.core.modules.net import CPU_CHUNK, GPU_CHUNK, Net, equal

STATE = "state "  # begins the name of each constant that is a frozen parameter or a buffer
KNOWN = "known "  # begins the name of rows of training data of which batch norms take the statistics


@dataclass(frozen=True)
class Term:
    """A number that a function of the network's outputs and the targets gives, with its weight in a sum."""

    function: Callable[..., Any]
    weight: float = 1.0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and self.weight == other.weight and equal(self.function, other.function)

    def __hash__(self) -> int:
        return hash(self.weight)


@dataclass(frozen=True)
class Question:
    """x (*points, dim), the state and rows of data by keyword -> the weighted sum of terms (*points).

    rows: the names of the inputs, and of the targets where there are some, with the axes of each array.
    targets: whether the last of them are targets. of_training: whether batch norms take the statistics of other rows.
    means: whether it is a mean over rows, so that it may be taken from pieces of them.
    more: further sums of terms that the same forward pass gives. shared: see `Shared`.
    Arrays may have the axes (R, 1) in front, x being (R, points, dim): a network, and data, for each lane.
    """

    net: Net
    terms: tuple[Term, ...]
    rows: tuple[tuple[str, int], ...]
    targets: bool
    trains: bool = False
    of_training: bool = False
    means: bool = False
    more: tuple[tuple[Term, ...], ...] = ()
    shared: "Shared | None" = field(default=None, compare=False, repr=False)

    def __call__(self, x: Tensor, *, noise: Any = None, **arrays: Tensor) -> Tensor:
        if self.shared is not None and noise is None and not x.requires_grad and not x.is_meta:
            return self.shared.answer(self, x, arrays)
        return self.sums(x, noise, arrays)[0]

    def sums(self, x: Tensor, noise: Any, arrays: Mapping[str, Tensor]) -> list[Tensor]:
        """The weighted sum of the terms, and of `more`, each (*points)."""
        name, axes = self.rows[0]
        layered = arrays[name].ndim > axes
        points, flat = tuple(x.shape[:-1]), x.reshape(-1, x.shape[-1])
        shared, per_lane = dict(arrays), {}
        if layered:
            for name, value in arrays.items():
                if len(value) == 1 or value.stride(0) == 0:
                    shared[name] = value[0, 0]
                else:  # of a lane's own, for all its points
                    del shared[name]
                    per_lane[name] = value[:, 0] if points[1] == 1 else value[:, 0].repeat_interleave(points[1], 0)
        train = self.trains and not (noise is None and self.net.random[0])
        seeds = self._seeds(noise, len(flat), train, flat.device)
        first = shared.get(self.rows[0][0])
        rows = len(first) if first is not None else per_lane[self.rows[0][0]].shape[1]
        return [sums.reshape(points) for sums in self._by_rows(flat, shared, per_lane, seeds, train, rows)]

    def _seeds(self, noise: Any, count: int, train: bool, device: torch.device) -> Tensor | None:
        """One a vector, where there are random operations; those of an evaluation are the same for all."""
        if not self.net.random[0 if train else 1]:
            return None
        if noise is None or not train:
            return torch.zeros(count, dtype=torch.int64, device=device)
        return torch.as_tensor(noise, dtype=torch.int64, device=device).reshape(-1)

    def _by_rows(
        self,
        x: Tensor,
        shared: Mapping[str, Tensor],
        per_lane: Mapping[str, Tensor],
        seeds: Tensor | None,
        train: bool,
        rows: int,
    ) -> Sequence[Tensor]:
        """The answers, from chunks of the rows where only their mean is asked for, and all would take much memory."""
        limit = CPU_CHUNK if x.device.type == "cpu" else GPU_CHUNK
        size = max(1, int(limit / max(self.net.held, 1.0)))
        graph = torch.is_grad_enabled() and x.requires_grad
        if rows <= size or graph or not self.means or self.net.norms or seeds is not None:
            return self._by_points(x, shared, per_lane, seeds, train, rows)
        totals = [torch.zeros(len(x), dtype=x.dtype, device=x.device) for _ in (self.terms, *self.more)]
        data = {name for name, _ in self.rows}
        for at in range(0, rows, size):
            piece = {name: value[at : at + size] if name in data else value for name, value in shared.items()}
            each = {name: value[:, at : at + size] if name in data else value for name, value in per_lane.items()}
            n = min(size, rows - at)
            for total, of_piece in zip(totals, self._by_points(x, piece, each, None, train, n), strict=True):
                total += of_piece * (n / rows)
        return totals

    def _by_points(
        self,
        x: Tensor,
        shared: Mapping[str, Tensor],
        per_lane: Mapping[str, Tensor],
        seeds: Tensor | None,
        train: bool,
        rows: int,
    ) -> Sequence[Tensor]:
        """The answers, as many at once as the network takes."""
        width = self.net.width(rows, str(x.device))
        chunks = []
        for at in range(0, len(x), width):
            few = slice(at, at + width)
            each = {name: value[few] for name, value in per_lane.items()}
            chunks.append(self._together(x[few], shared, each, None if seeds is None else seeds[few], train))
        return chunks[0] if len(chunks) == 1 else [torch.cat(sums) for sums in zip(*chunks, strict=True)]

    def _together(
        self, x: Tensor, shared: Mapping[str, Tensor], per_lane: Mapping[str, Tensor], seeds: Tensor | None, train: bool
    ) -> Sequence[Tensor]:
        if len(x) == 1:
            vector = {name: value[0] for name, value in per_lane.items()}
            with self.net.modes(seeds, alone=True):
                return [sums.reshape(1) for sums in self._of_vector(x[0], {**shared, **vector}, train)]
        # what a pass writes must be of each lane's own
        written = {name for name in shared if name.removeprefix(STATE) in self.net.written and name.startswith(STATE)}
        per_lane = {**per_lane, **{name: shared[name].expand(len(x), *shared[name].shape) for name in written}}
        shared = {name: value for name, value in shared.items() if name not in written}
        with self.net.modes(seeds, alone=False):
            together = vmap(
                lambda x, per_lane: self._of_vector(x, {**shared, **per_lane}, train), randomness="different"
            )
            return together(x, dict(per_lane))

    def _of_vector(self, x: Tensor, arrays: Mapping[str, Tensor], train: bool) -> tuple[Tensor, ...]:
        state = {name.removeprefix(STATE): value for name, value in arrays.items() if name.startswith(STATE)}
        copied = [name for name in arrays if name.removeprefix(KNOWN) in self.net.overwritten]
        arrays = {**arrays, **{name: arrays[name].clone() for name in copied}}
        names = [name for name, _ in self.rows]
        inputs, targets = (names[:-1], names[-1:]) if self.targets else (names, [])
        forward = self.net.forward(x, state, train)
        if self.of_training and self.net.norms:
            forward([arrays[KNOWN + name] for name in inputs])
        outputs = forward([arrays[name] for name in inputs])
        answers = [arrays[name] for name in targets]

        def total(terms: Sequence[Term]) -> Any:
            return sum(term.weight * term.function(outputs, *answers) for term in terms)

        return tuple(map(total, (self.terms, *self.more)))


class Shared:
    """Questions about the same rows, asked in one forward pass: the answers of all are kept until another x comes.

    Where a pass fails each is asked alone, so that the one that is to blame says so.
    """

    def __init__(self, questions: Sequence[Question]):
        first, *rest = questions
        self.terms = [question.terms for question in questions]
        self.all = replace(first, more=tuple(question.terms for question in rest))
        self.x: Tensor | None = None
        self.arrays: dict[str, Tensor] = {}
        self.sums: list[Tensor] = []

    def answer(self, question: Question, x: Tensor, arrays: dict[str, Tensor]) -> Tensor:
        """What the question gives at x (*points, dim), which is one of these."""
        if not self._holds(x, arrays):
            try:
                self.sums = self.all.sums(x, None, arrays)
            except Exception:
                return question.sums(x, None, arrays)[0]
            self.x, self.arrays = x.clone(), arrays
        return self.sums[self.terms.index(question.terms)].clone()

    def _holds(self, x: Tensor, arrays: Mapping[str, Tensor]) -> bool:
        same = self.arrays.keys() == arrays.keys() and all(self.arrays[key] is each for key, each in arrays.items())
        if not same or self.x is None or (self.x.device, self.x.dtype) != (x.device, x.dtype):
            return False
        return torch.equal(self.x, x)

    def __reduce__(self) -> tuple[Any, ...]:
        return _shared, (self.all,)


def _shared(together: Question) -> Shared:
    """As it was pickled, without answers."""
    alone = replace(together, more=())
    return Shared([alone, *(replace(alone, terms=terms) for terms in together.more)])


def share(questions: Mapping[str, Question]) -> dict[str, Question]:
    """Questions by name, of which those about the same rows share forward passes; none where evaluation is random."""
    kinds: dict[tuple[bool, bool], list[str]] = {}
    for name, question in questions.items():
        if not question.net.random[0 if question.trains else 1]:
            kinds.setdefault((question.of_training, question.means), []).append(name)
    shared = dict(questions)
    for names in kinds.values():
        if len(names) > 1:
            group = Shared([questions[name] for name in names])
            shared |= {name: replace(questions[name], shared=group) for name in names}
    return shared
