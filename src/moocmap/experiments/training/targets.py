"""What a batch is trained towards: soft targets and weights, the same for every library.

Label smoothing, mixup and class weights all end up in two arrays, `targets` (n, classes; rows sum to 1) and
`sample_weights` (n), for the one loss that both libraries then use: the mean over images of weight times
cross-entropy,

    mean_i( sample_weights[i] * -sum_k( targets[i, k] * log p[i, k] ) ).

The mean is over the number of images, as in Keras; torch's CrossEntropyLoss would divide by the sum of the
weights instead. All random numbers are drawn here, with NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.data.tasks import Floats, Ints
from moocmap.experiments.spec import ExperimentError


@dataclass(frozen=True)
class Mix:
    """Which image of the batch each of its n images is mixed with, and the share (0.5 to 1) that it keeps.

    A mixed image is `share * image + (1 - share) * images[partner]`.
    """

    partners: Ints
    shares: Floats


@dataclass(frozen=True)
class Targets:
    """What a batch of n images is trained towards: targets (n, classes; rows sum to 1) and weights (n).

    The weights are those of the images in the loss. `mix` tells how the images are to be mixed, None if not.
    """

    targets: Floats
    sample_weights: Floats
    mix: Mix | None = None


def batch_targets(
    labels: Ints,
    classes: int,
    *,
    smoothing: float = 0.0,
    class_weights: NDArray[np.floating[Any]] | None = None,
    mix: Mix | None = None,
) -> Targets:
    """Return the targets of a batch.

    Args:
        labels: class numbers (n; from 0).
        classes: how many classes there are.
        smoothing: the share (0 to 1) of each target that is spread evenly over all classes.
        class_weights: one positive weight for each class (see `class_weights`); None to weigh all alike.
        mix: which images are mixed (see `draw_mix`); their targets are mixed in the same shares.
    """
    targets = smooth(one_hot(labels, classes), smoothing)
    if mix is not None:
        shares = mix.shares.astype(np.float64)[:, np.newaxis]
        targets = shares * targets + (1 - shares) * targets[mix.partners]
    if class_weights is None:
        return Targets(targets.astype(np.float32), np.ones(len(labels), np.float32), mix)
    weighted = targets * class_weights
    totals = weighted.sum(axis=1)
    return Targets((weighted / totals[:, np.newaxis]).astype(np.float32), totals.astype(np.float32), mix)


def one_hot(labels: Ints, classes: int) -> NDArray[np.float64]:
    """Return targets (n, classes) that are 1 for each image's class (n; from 0) and 0 for all others."""
    found: NDArray[np.float64] = np.eye(classes)[labels]
    return found


def smooth(targets: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """Return targets (n, classes) of which a share (0 to 1) is spread evenly over all classes.

    As `label_smoothing` in both Keras and torch; Szegedy et al. (2016), "Rethinking the Inception
    architecture for computer vision".
    """
    return np.asarray((1 - smoothing) * targets + smoothing / targets.shape[1])


def draw_mix(n: int, alpha: float, rng: np.random.Generator) -> Mix:
    """Draw how the n images of a batch are mixed.

    Partners are a permutation of the batch; a share is the greater part of a draw from Beta(alpha, alpha),
    one for each image. `alpha` is above 0; the greater, the more images are mixed half and half. As MixUp in
    fastai; Zhang et al. (2018), "mixup: beyond empirical risk minimization".
    """
    shares = rng.beta(alpha, alpha, n)
    return Mix(rng.permutation(n).astype(np.int64), np.maximum(shares, 1 - shares).astype(np.float32))


def class_weights(value: object, labels: Ints, classes: int) -> NDArray[np.float64] | None:
    """Return a weight for each class (classes), as an experiment asks for them.

    Args:
        value: None for no weights, "balanced" for n / (classes * images of the class), as scikit-learn has
            it, or a positive number for each class.
        labels: class numbers (n; from 0) of all images to train on.
        classes: how many classes there are.

    Raises:
        ExperimentError: if weights are not such, or a class without images is to be balanced.
    """
    if value is None:
        return None
    if isinstance(value, str) and value == "balanced":
        counts = np.bincount(labels, minlength=classes)
        if (counts == 0).any():
            raise ExperimentError(
                f"class weights cannot be balanced: class number {int(counts.argmin())} has no images to "
                "train on; drop the class or give a weight for each"
            )
        return np.asarray(len(labels) / (classes * counts), dtype=np.float64)
    if not isinstance(value, Sequence) or isinstance(value, str | Mapping) or len(value) != classes:
        raise ExperimentError(
            f"class weights are 'balanced' or a list of {classes} numbers, one for each class, not {value!r}"
        )
    if not all(
        isinstance(one, int | float) and not isinstance(one, bool) and 0 < one < math.inf for one in value
    ):
        raise ExperimentError(f"class weights are positive numbers, not {value!r}")
    return np.array(value, dtype=np.float64)
