"""Operations on images that are flat rows: the patches that a convolution sees, and shifts by a pixel."""

from typing import TYPE_CHECKING

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
    from torch.nn.functional import pad

    width = image[1]
    framed = pad(inputs.unflatten(-1, image), (1, 1, 1, 1)).flatten(-2)[:, None]
    rows, columns = (torch.arange(size, device=inputs.device) for size in image)
    inner = (rows[:, None] * (width + 2) + columns).flatten()  # of the frame, where the upper left of nine shifts reads
    source = inner + (which // 3 * (width + 2) + which % 3)[..., None]
    return framed.expand(*which.shape, -1).gather(-1, source)
