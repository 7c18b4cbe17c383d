"""Networks with batch normalisation, shortcuts or a narrow middle: residual networks and autoencoders."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from bench.core import Objective, problem

from .choices import check_choice
from .datasets import DIABETES, SOURCES, Images, Tables
from .preparation import Scaling, prepared

if TYPE_CHECKING:
    from torch import nn

NEEDS = ("torch", "sklearn")


@problem(family="learning", source=f"He et al. 2016, arXiv:1512.03385; {SOURCES}", needs=NEEDS)
def resnet(
    channels: tuple[int, ...] = (4, 8), blocks: int = 1, data: Images = "digits", copies: int = 1, instance: int = 1
) -> Objective:
    """A small residual network with batch normalisation on images: mean cross entropy. Not convex.

    channels: of each stage; each but the first halves the image. blocks: residual ones a stage, two convolutions each.
    copies: of each training row. f takes the statistics of the rows of a question, the metrics those of all training
    rows. The instance is the random split of the data: 1,437 digits to train on and 360 held out.
    """
    if not channels or min(channels) < 1:
        raise ValueError(f"channels must be one or more numbers >= 1, got {channels}")
    if blocks < 1:
        raise ValueError(f"blocks must be >= 1, got {blocks}")
    rows = prepared(data, instance, copies=copies)

    def net() -> "nn.Module":
        from ._modules import ResNet

        return ResNet(rows.image, channels, blocks, rows.classes)

    from torch.nn.functional import cross_entropy

    from bench.core.modules.module import Metric, from_module

    from ._modules import right

    metrics = {"accuracy": Metric(right, higher=True)}
    train, test = ((part["inputs"].astype(np.float32), part["targets"]) for part in (rows.train, rows.test))
    return from_module(net, cross_entropy, train, test, metrics=metrics)


@problem(
    family="learning",
    source=(
        "Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647; linear: Baldi & Hornik 1989, "
        f"doi:10.1016/0893-6080(89)90014-2; {SOURCES}"
    ),
    needs=NEEDS,
)
def autoencoder(
    widths: tuple[int, ...] = (24, 6),
    activation: Literal["tanh", "sigmoid", "relu", "linear"] = "tanh",
    data: Tables = "digits",
    scaling: Scaling = "raw",
    instance: int = 1,
) -> Objective:
    """An autoencoder: mean squared distance of each input from what is left of it behind a code of few numbers.

    widths: units of each layer from the inputs to the code; the way back mirrors them. activation: of all layers but
    the code and the last. A linear one finds the principal components: its minimum is known, and all other stationary
    points are saddles. The instance is the random split of the data.
    """
    check_choice("activation", activation, Literal["tanh", "sigmoid", "relu", "linear"])
    if not widths or min(widths) < 1:
        raise ValueError(f"widths must be one or more numbers >= 1, got {widths}")
    rows = prepared(data, instance, scaling=scaling)
    train, test = (part["inputs"].astype(np.float32) for part in (rows.train, rows.test))

    def net() -> "nn.Module":
        from ._modules import Autoencoder

        return Autoencoder((rows.features, *widths), activation)

    from dataclasses import replace

    from torch.nn.functional import mse_loss

    from bench.core.modules.module import from_module

    objective = from_module(net, mse_loss, (train, train), (test, test))
    if activation != "linear":
        return objective
    return replace(objective, f_opt=unexplained(train, min(widths)))


def unexplained(rows: np.ndarray, components: int) -> float:
    """What principal components leave of rows (N, features), a number (Baldi & Hornik 1989): the sum of the smaller
    eigenvalues of their covariance, by the number of features."""
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.astype(np.float64).T, bias=True))
    return float(eigenvalues[: max(0, rows.shape[1] - components)].clip(0).sum() / rows.shape[1])


@problem(
    family="learning",
    source=f"Gorishniy et al. 2021, arXiv:2106.11959; {SOURCES}; {DIABETES}",
    version=3,
    needs=NEEDS,
)
def nn_on_tabular(
    data: Literal[Tables, "diabetes"] = "diabetes",
    width: int = 16,
    blocks: int = 2,
    dropout: float = 0.1,
    scaling: Scaling = "standardised",
    instance: int = 1,
) -> Objective:
    """A residual network on a table, with batch normalisation and dropout: mean cross entropy, or squared distance
    where targets are real numbers, in units of their variance over the training rows. Not convex.

    width: units of the stream that blocks add to, each through twice as many. blocks: how many. dropout: fraction that
    a noisy answer sets to 0. The instance is the random split of the data: of diabetes 353 patients to train on and 89
    held out.
    """
    for name, number in (("width", width), ("blocks", blocks)):
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be >= 0 and below 1, got {dropout}")
    rows = prepared(data, instance, scaling=scaling)

    def net() -> "nn.Module":
        from ._modules import Tabular

        return Tabular(rows.features, width, blocks, dropout, max(rows.classes, 1))

    from torch.nn.functional import cross_entropy

    from bench.core.modules.module import Metric, from_module

    from ._modules import distance, right

    train, test = ((part["inputs"].astype(np.float32), part["targets"]) for part in (rows.train, rows.test))
    if rows.classes:
        return from_module(net, cross_entropy, train, test, metrics={"accuracy": Metric(right, higher=True)})
    return from_module(net, distance, train, test)
