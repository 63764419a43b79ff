"""Which ImageNet weights Keras and torchvision publish for our models: where, which version, which checksum.

Keras' are those of `keras.applications` without the top, with the MD5 that Keras itself checks. It names none
for MobileNet; then the record's own hash of the weights is all that pins them. torchvision's are
`IMAGENET1K_V1`, those of the papers' recipes: some models have a better-trained V2, and "DEFAULT" would be
that one. torchvision writes the first eight digits of the file's SHA-256 into its name. Its VGGs are those
with BatchNorm, as fastai uses them; it has no MobileNet v1.

A test holds this table against the installed libraries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.models import zoo
from moocmap.experiments.models.zoo import VariantName
from moocmap.experiments.spec import ExperimentError

Publisher = Literal["keras", "torchvision"]

VARIANT_OF: dict[str, VariantName] = {"keras": "keras", "torchvision": "torch"}
"""The variant of the architectures that each publisher's weights were trained in."""

CALLED = {"keras": "Keras", "torchvision": "torchvision"}
"""Publishers as sentences call them."""


@dataclass(frozen=True)
class Published:
    """One published file of weights.

    `checksum` is "md5:…" or "sha256:…" (perhaps the first digits only), None where the publisher names none.
    `license` says what is known about the terms; ImageNet's own, for research, stand beside them.
    """

    model: str
    publisher: Publisher
    version: str
    address: str
    checksum: str | None
    license: str

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.address.rpartition("/")[2]


_KERAS_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications"
_KERAS_FILES = {
    "vgg16": ("vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc"),
    "vgg19": ("vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", "253f8cb515780f3b799900260a226db6"),
    "resnet50": (
        "resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    "resnet101": (
        "resnet/resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "88cf7a10940856eca736dc7b7e228a21",
    ),
    "densenet121": (
        "densenet/densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "30ee3e1110167f948a6b9946edeeb738",
    ),
    "densenet169": (
        "densenet/densenet169_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "b8c4d4c20dd625c148057b9ff1c1176b",
    ),
    "mobilenet": ("mobilenet/mobilenet_1_0_224_tf_no_top.h5", None),
    "mobilenet-0.75": ("mobilenet/mobilenet_7_5_224_tf_no_top.h5", None),
    "mobilenet-0.5": ("mobilenet/mobilenet_5_0_224_tf_no_top.h5", None),
    "mobilenet-0.25": ("mobilenet/mobilenet_2_5_224_tf_no_top.h5", None),
}
_KERAS_LICENSES = {
    "vgg": "Creative Commons Attribution (ported from VGG, Oxford)",
    "resnet": "MIT (ported from Kaiming He's)",
    "densenet": "BSD 3-Clause (ported from the authors')",
    "mobilenet": "Apache 2.0 (Google's)",
}

_TORCH_ADDRESS = "https://download.pytorch.org/models"
_TORCH_FILES = {
    "vgg16": "vgg16_bn-6c64b313.pth",
    "vgg19": "vgg19_bn-c79401a0.pth",
    "resnet50": "resnet50-0676ba61.pth",
    "resnet101": "resnet101-63fe2227.pth",
    "densenet121": "densenet121-a639ec97.pth",
    "densenet169": "densenet169-b2777c0a.pth",
}
_TORCH_LICENSE = "not stated; torchvision's code is BSD 3-Clause"


def _of_keras(model: str, file: str, md5: str | None) -> Published:
    return Published(
        model,
        "keras",
        "imagenet",
        f"{_KERAS_ADDRESS}/{file}",
        f"md5:{md5}" if md5 else None,
        _KERAS_LICENSES[zoo.MODELS[model].family],
    )


def _of_torchvision(model: str, file: str) -> Published:
    digits = re.findall(r"-([0-9a-f]{8})\.pth$", file)[0]
    return Published(
        model, "torchvision", "IMAGENET1K_V1", f"{_TORCH_ADDRESS}/{file}", f"sha256:{digits}", _TORCH_LICENSE
    )


PUBLISHED: dict[tuple[str, str], Published] = {
    (one.publisher, one.model): one
    for one in (
        *(_of_keras(model, *file) for model, file in _KERAS_FILES.items()),
        *(_of_torchvision(model, file) for model, file in _TORCH_FILES.items()),
    )
}
"""What is published, by publisher and model."""


def published(publisher: str, model: str) -> Published:
    """Return what a publisher has for a model.

    Raises:
        ExperimentError: if it has nothing; the message says what there is.
    """
    found = PUBLISHED.get((publisher, model))
    if found is None:
        raise ExperimentError(
            f"{CALLED[publisher]} publishes no ImageNet weights of '{model}'; {_else(model)}"
        )
    return found


def _else(model: str) -> str:
    for publisher, name in PUBLISHED:
        if name == model:
            return (
                f"{CALLED[publisher]} does, and every library can load them: "
                f"weights: {{kind: imagenet, publisher: {publisher}}}"
            )
    if model in zoo.MODELS:
        return "nobody does: use `weights: random`, a file of your own, or pretrain it on a source task"
    return did_you_mean(model, zoo.MODELS)


def by_file(file: str) -> Published | None:
    """Return what is published under the name of a file, None for a file of somebody else's."""
    return next((one for one in PUBLISHED.values() if one.file == file), None)
