"""Operations on images that are flat rows: the patches that a convolution sees, and shifts by a pixel."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

PATCH = 9  # pixels
SHIFTS = 9  # none, and one pixel in each of eight directions


def halved(image: tuple[int, int]) -> tuple[int, int]:
    """The height and width that a convolution with stride 2 leaves."""
    return (image[0] + 1) // 2, (image[1] + 1) // 2


def patches(inputs: "torch.Tensor", image: tuple[int, int]) -> "torch.Tensor":
    """The 3 x 3 pixels around every second pixel, zeros beyond the edge.

    inputs (..., N, height * width * channels) -> (..., N * positions, 9 * channels). A convolution with stride 2 is
    then a dense layer, and many of them, each with weights of its own, are one batched product.
    """
    from torch.nn.functional import pad

    framed = pad(inputs.unflatten(-1, (*image, -1)), (0, 0, 1, 1, 1, 1))
    windows = framed.unfold(-3, 3, 2).unfold(-3, 3, 2).movedim(-3, -1)  # (..., N, rows, columns, 3, 3, channels)
    return windows.flatten(-3).flatten(-4, -2)


def shifted(inputs: "torch.Tensor", which: "torch.Tensor", image: tuple[int, int]) -> "torch.Tensor":
    """Each image moved by a pixel or not, zeros moving in: inputs (R, N, pixels), which (R, P, N) in 0 ... 8 ->
    (R, P, N, pixels)."""
    import torch

    outside = inputs.new_zeros(*inputs.shape[:-1], 1)
    framed = torch.cat([inputs, outside], -1)[:, None].expand(*which.shape, -1)
    return framed.gather(-1, torch.as_tensor(_sources(image), device=inputs.device)[which])


def _sources(image: tuple[int, int]) -> np.ndarray:
    """Where each pixel of each shifted image comes from, as an index into the flat one: (9, pixels).

    The index `pixels`, one beyond the last, stands for all that lies outside.
    """
    height, width = image
    number = np.full((height + 2, width + 2), height * width)
    number[1:-1, 1:-1] = np.arange(height * width).reshape(image)
    return np.stack([number[i : i + height, j : j + width].ravel() for i in range(3) for j in range(3)])
