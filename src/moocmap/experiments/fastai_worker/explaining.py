"""What a torch model looks at: maps, gradients and activations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.data.tasks import as_floats
from moocmap.experiments.fastai_worker.backend import device, torch
from moocmap.experiments.fastai_worker.layers import build
from moocmap.experiments.models.weights import Weights
from moocmap.experiments.models.zoo import Layer
from moocmap.experiments.training import explanations
from moocmap.experiments.training.worker import Pixels


def explain(
    layers: list[Layer], weights: Weights, images: Pixels, classes: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return Grad-CAM of a class of each image, and activations of the first; see `explanations`.

    A model without maps gets nothing.
    """
    last, positions = explanations.map_layer(layers), explanations.depths(layers)
    if last is None:
        return {}
    model = build(layers, weights).eval().to(device())
    pictures = torch.from_numpy(as_floats(images).copy()).permute(0, 3, 1, 2).contiguous().to(device())
    made = list(model.outputs(pictures))
    scores = made[-1][torch.arange(len(classes)), torch.from_numpy(classes.copy())].sum()
    (gradients,) = torch.autograd.grad(scores, made[last])
    activations = [_as_numpy(made[position])[0] for position in positions]
    return explanations.described(layers, _as_numpy(made[last]), _as_numpy(gradients), activations)


def _as_numpy(maps: Any) -> NDArray[Any]:
    """Return maps with channels last."""
    return np.asarray(maps.detach().cpu().permute(0, 2, 3, 1).numpy())
