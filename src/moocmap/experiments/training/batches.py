"""The training batches of a phase: the same for every library, random numbers included.

Order, augmentation and mixing are drawn with NumPy from the run's seed, the phase, the epoch and the batch,
so that a batch can be made again at any time: by another library, or after a kill.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.data.tasks import Part
from moocmap.experiments.spec import Phase
from moocmap.experiments.training import augment, augmentations
from moocmap.experiments.training.targets import Targets, batch_targets, class_weights, draw_mix

Pixels = NDArray[Any]


INFERENCE_BATCH = 64
"""So many images are predicted at a time, in validation and test."""


@dataclass(frozen=True)
class Batch:
    """Images of one step, and what is done with them.

    `images` (n, height, width, channels) are uint8 (0 to 255) or float32 (0 to 1), as the data set keeps
    them; `matrices` and `light` say how they are moved and lit (`augment.Drawn`; None: not at all), `targets`
    what they are to be recognised as, and how they are mixed.
    """

    images: Pixels
    targets: Targets
    matrices: NDArray[np.float32] | None = None
    light: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Batches:
    """The training batches of a phase; `seed` is the run's and the number of the phase."""

    part: Part
    classes: int
    phase: Phase
    seed: tuple[int, int]

    def __len__(self) -> int:
        return math.ceil(len(self.part) / self.size)

    @property
    def size(self) -> int:
        """The number of images of a batch; the last of an epoch may have fewer."""
        return self.phase["batch_size"]

    @cached_property
    def _class_weights(self) -> NDArray[np.float64] | None:
        return class_weights(self.phase["class_weights"], self.part.labels, self.classes)

    @cached_property
    def _changes(self) -> frozenset[str]:
        """What the augmentation changes: "places" of pixels, their "values", both or nothing."""
        transforms = self.phase["augment"]["transforms"]
        return frozenset(augmentations.TRANSFORMS[item["transform"]].changes for item in transforms)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the positions of the part's images in the order of an epoch (from 0)."""
        return np.random.default_rng([*self.seed, epoch]).permutation(len(self.part))

    def batch(self, epoch: int, number: int, order: NDArray[np.int64] | None = None) -> Batch:
        """Return one batch of an epoch (both from 0); `order` spares drawing the epoch's order again."""
        order = self.order(epoch) if order is None else order
        chosen = order[number * self.size : (number + 1) * self.size]
        images, augmentation = self.part.images[chosen], self.phase["augment"]
        rng = np.random.default_rng([*self.seed, epoch, 2, number])
        matrices = light = None
        if self._changes:
            drawn = augment.draw(augmentation, len(chosen), rng, images.shape[1:3])
            matrices = drawn.matrices if "places" in self._changes else None
            light = drawn.light if "values" in self._changes else None
        alpha = self.phase["mixup"]
        targets = batch_targets(
            self.part.labels[chosen],
            self.classes,
            smoothing=self.phase["label_smoothing"],
            class_weights=self._class_weights,
            mix=draw_mix(len(chosen), alpha, rng) if alpha else None,
        )
        return Batch(images, targets, matrices, light)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Go through the batches of an epoch (from 0)."""
        order = self.order(epoch)
        for number in range(len(self)):
            yield self.batch(epoch, number, order)

    def library_seed(self, epoch: int) -> int:
        """Return the seed (32 bits) that a library's own random numbers start from in an epoch."""
        return int(np.random.SeedSequence([*self.seed, epoch, 1]).generate_state(1)[0])
