"""Classifiers: softmax regression and linear classifiers, which are convex, and networks, which are not."""

from typing import Literal

from bench.core import Objective, Sampling, problem

from .datasets import SOURCES, Images, Tables
from .features import Features
from .losses import Loss
from .networks import Activation, Init, Network, Norm, convolutional
from .preparation import Scaling, prepared
from .training import Augmentation, learner

NEEDS = ("torch", "sklearn")


@problem(family="learning", source=f"Bishop 2006, section 4.3.4, ISBN 978-0-387-31073-2; {SOURCES}", needs=NEEDS)
def softmax(
    l2: float = 1e-4,
    data: Tables = "digits",
    features: Features = "none",
    scaling: Scaling = "raw",
    init: Init = "small",
    l1: float = 0.0,
    label_noise: float = 0.0,
    copies: int = 1,
    sampling: Sampling = "shuffle",
    instance: int = 1,
) -> Objective:
    """Softmax regression: mean cross entropy of a linear classifier, plus l2 / 2 |x|^2 + l1 sum |x_i|. Convex.

    features: fixed ones in front of it: none, polynomial, random-relu or random-relu:NUMBER, rbf or rbf:WIDTH (in the
    units of the scaled inputs). scaling: of the inputs. init: how starts are drawn; normal, 0.01 wide, unless
    given. label_noise: fraction of training rows with a wrong class. copies: of each training row.
    sampling: how mini-batches come: in a new order each epoch, always the same, with replacement, sorted by class,
    balanced over the classes, or with the hardest rows first (see `bench.core.sampling`).
    The instance is the random split of the data, or their draw: 1,437 digits to train on and 360 held out.
    """
    rows = prepared(data, instance, scaling=scaling, features=features, label_noise=label_noise, copies=copies)
    return learner(rows, Network((rows.features, rows.classes)), init=init, l1=l1, l2=l2, sampling=sampling)


@problem(
    family="learning",
    source=f"Crammer & Singer 2001, JMLR 2:265-292; ranking: Weston & Watkins 1999; {SOURCES}",
    needs=NEEDS,
)
def linear_classifier(
    loss: Literal["hinge", "ranking", "squared"] = "hinge",
    data: Tables = "breast-cancer",
    features: Features = "none",
    scaling: Scaling = "standardised",
    init: Init = "small",
    l1: float = 0.0,
    l2: float = 1e-3,
    label_noise: float = 0.0,
    copies: int = 1,
    sampling: Sampling = "shuffle",
    instance: int = 1,
) -> Objective:
    """A linear classifier, one output a class: mean loss, plus l2 / 2 |x|^2 + l1 sum |x_i|. Convex.

    loss: "hinge" makes it a support vector machine, with a kernel if features=rbf; "ranking" adds up all wrong classes;
    "squared" is the distance to 1 and 0. The other factors are those of `softmax`.
    The instance is the random split of the data, or their draw.
    """
    rows = prepared(data, instance, scaling=scaling, features=features, label_noise=label_noise, copies=copies)
    return learner(rows, Network((rows.features, rows.classes)), loss=loss, init=init, l1=l1, l2=l2, sampling=sampling)


@problem(
    family="learning",
    source=f"Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; {SOURCES}",
    version=2,
    needs=NEEDS,
)
def mlp(
    widths: tuple[int, ...] = (32,),
    activation: Activation = "relu",
    l2: float = 0.0,
    data: Literal[Tables, "diabetes"] = "digits",
    loss: Loss = "cross-entropy",
    init: Init = "kaiming",
    scaling: Scaling = "raw",
    norm: Norm = "none",
    dropout: float = 0.0,
    l1: float = 0.0,
    augmentation: Augmentation = "none",
    label_noise: float = 0.0,
    copies: int = 1,
    sampling: Sampling = "shuffle",
    instance: int = 1,
) -> Objective:
    """A multilayer perceptron: mean loss, cross entropy unless given, plus l2 / 2 |x|^2 + l1 sum |x_i|. Not convex.

    widths: units of each hidden layer, one layer at least. init: how starts are drawn: see `networks.initial`.
    norm: of each hidden layer, before its activation. dropout: fraction of hidden units that a noisy answer sets to 0
    (Srivastava et al. 2014, JMLR 15:1929-1958). augmentation: of images, by shifts of a pixel, a noise as well.
    scaling: of the inputs. label_noise: fraction of training rows with a wrong class. copies: of each training row.
    sampling: how mini-batches come: in a new order each epoch, always the same, with replacement, sorted by class,
    balanced over the classes, or with the hardest rows first (see `bench.core.sampling`).
    The instance is the random split of the data, or their draw: 1,437 digits to train on and 360 held out.
    """
    if not widths or min(widths) < 1:
        raise ValueError(f"widths must be one or more numbers >= 1, got {widths}")
    rows = prepared(data, instance, scaling=scaling, label_noise=label_noise, copies=copies)
    network = Network((rows.features, *widths, max(rows.classes, 1)), activation, norm, dropout)
    return learner(rows, network, loss=loss, init=init, l1=l1, l2=l2, augmentation=augmentation, sampling=sampling)


@problem(
    family="learning",
    source=f"LeCun et al. 1989, doi:10.1162/neco.1989.1.4.541; {SOURCES}",
    version=2,
    needs=NEEDS,
)
def convnet(
    channels: tuple[int, ...] = (3, 6),
    activation: Activation = "relu",
    l2: float = 0.0,
    data: Images = "digits",
    loss: Loss = "cross-entropy",
    init: Init = "kaiming",
    norm: Norm = "none",
    dropout: float = 0.0,
    l1: float = 0.0,
    augmentation: Augmentation = "none",
    label_noise: float = 0.0,
    copies: int = 1,
    sampling: Sampling = "shuffle",
    instance: int = 1,
) -> Objective:
    """A small convolutional network on images: 3 x 3 pixels with stride 2 in each layer, then a dense one. Not convex.

    channels: of each convolution, one at least. The other factors are those of `mlp`.
    The instance is the random split of the data: 1,437 digits to train on and 360 held out.
    """
    if not channels or min(channels) < 1:
        raise ValueError(f"channels must be one or more numbers >= 1, got {channels}")
    rows = prepared(data, instance, label_noise=label_noise, copies=copies)
    network = convolutional(rows.image, channels, rows.classes, activation=activation, norm=norm, dropout=dropout)
    return learner(rows, network, loss=loss, init=init, l1=l1, l2=l2, augmentation=augmentation, sampling=sampling)
