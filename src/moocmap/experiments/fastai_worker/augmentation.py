"""Applies drawn augmentation (`training.augment`) to images with torch, on their device."""

from __future__ import annotations

import torch
from torch.nn.functional import grid_sample

from moocmap.experiments.training.augment import DARKEST, NEAREST_DEPTH
from moocmap.experiments.training.augmentations import Fill

PADDING: dict[Fill, str] = {"reflect": "reflection", "nearest": "border", "zeros": "zeros"}
"""What torch calls each fill."""


def apply(
    images: torch.Tensor, matrices: torch.Tensor | None, light: torch.Tensor | None, fill: Fill
) -> torch.Tensor:
    """Return augmented images.

    Args:
        images: (n, channels, height, width), float32, 0 to 1.
        matrices: (n, 3, 3), as `augment.Drawn` describes them; None to move no pixels.
        light: (n, 3), as `augment.Drawn` describes it; None to leave values as they are.
        fill: what stands outside an image.
    """
    if matrices is not None:
        grid = _grid(images, matrices.to(images))
        images = grid_sample(images, grid, "bilinear", PADDING[fill], align_corners=False)
    return images if light is None else _lit(images, light.to(images))


def mix(images: torch.Tensor, partners: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Return images of which each keeps a share (n; 0 to 1) and has the rest from its partner (n)."""
    return torch.lerp(images[partners.to(images.device)], images, shares.to(images).view(-1, 1, 1, 1))


def _grid(images: torch.Tensor, matrices: torch.Tensor) -> torch.Tensor:
    """Return where each pixel of the new images comes from: (n, height, width, 2), normalized x and y.

    Positions count pixels from the middle while they are mapped, as in Keras' worker. No matrix product is
    used: on a GPU it may round to ten bits.
    """
    h, w = images.shape[2:]
    x = (torch.arange(w, device=images.device, dtype=images.dtype) - (w - 1) / 2).view(1, 1, -1)
    y = (torch.arange(h, device=images.device, dtype=images.dtype) - (h - 1) / 2).view(1, -1, 1)
    m = matrices.view(-1, 3, 3, 1, 1)
    depth = (m[:, 2, 0] * (2 / w) * x + m[:, 2, 1] * (2 / h) * y + m[:, 2, 2]).clamp(min=NEAREST_DEPTH)
    old_x = (m[:, 0, 0] * x + m[:, 0, 1] * (w / h) * y + m[:, 0, 2] * (w / 2)) / depth
    old_y = (m[:, 1, 0] * (h / w) * x + m[:, 1, 1] * y + m[:, 1, 2] * (h / 2)) / depth
    return torch.stack([old_x * (2 / w), old_y * (2 / h)], dim=-1)


def _lit(images: torch.Tensor, light: torch.Tensor) -> torch.Tensor:
    scale, offset, gain = (light[:, part].view(-1, 1, 1, 1) for part in range(3))
    logits = scale * torch.logit(images, eps=DARKEST) + offset
    is_same = (scale == 1) & (offset == 0)
    return (gain * torch.where(is_same, images, torch.sigmoid(logits))).clamp(0, 1)
