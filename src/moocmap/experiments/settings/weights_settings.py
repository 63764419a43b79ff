"""What experimenters write under `weights`: where a body's first weights come from.

```yaml
weights: random                                          # drawn from the run's seed
weights: imagenet                                        # each library loads what its own community publishes
weights: {kind: imagenet, publisher: keras}              # the same tensors in every library
weights: {kind: file, file: body.safetensors, format: ours}
```

**Which tensors go where.** Each worker builds both variants of each architecture (`zoo.VARIANTS`), so weights
of either publisher go into every library, in the variant that they were trained in. A variant of the other
publisher takes them as follows, and every other combination is refused:

| family    | Keras' and torchvision's own variants                                | the other's tensors |
| --------- | -------------------------------------------------------------------- | ------------------- |
| ours      | one variant (small-cnn, dense-10)                                    | fit                 |
| densenet  | agree but for BatchNorm's epsilon (1.001e-5, 1e-5) and momentum      | fit                 |
| vgg       | torchvision's have BatchNorms here (`vgg16_bn`), Keras' have none    | do not fit          |
| resnet    | Keras' have biases and stride in a block's first convolution;        | do not fit          |
|           | torchvision's have none and stride in the second                     |                     |
| mobilenet | only Keras publishes MobileNet v1, so there is only its variant      | are none            |

torchvision's VGGs without BatchNorm (`vgg16`) fit Keras' variant: give them as a file, `format: torchvision`,
with `architecture: keras`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from moocmap.experiments.models import zoo
from moocmap.experiments.models.published_weights import CALLED, VARIANT_OF, published
from moocmap.experiments.models.zoo import VariantName
from moocmap.experiments.spec import ExperimentError
from moocmap.fields import Closed, kind_or_whole

KINDS = ("random", "imagenet", "file")

FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\]+\.(h5|npz|safetensors|pth|pt)$")]
"""The name of a file of weights, without any folder: it is looked for where weights lie."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

_WHY = {
    "vgg": "torchvision's have BatchNorms, Keras' have none",
    "resnet": "Keras' have biases and stride in another convolution than torchvision's",
}


class WeightsSettings(Closed):
    """Where a body's first weights come from; the base of the three kinds."""

    def as_spec(self, library: str, model: str) -> dict[str, Any]:
        """Return plain JSON that decides the weights of a model in a library: no folders, no addresses.

        Raises:
            ExperimentError: if there are no such weights.
        """
        raise NotImplementedError

    def publisher_for(self, library: str) -> str | None:
        """Return whose weights a library gets, "keras" or "torchvision", None if nobody's."""
        raise NotImplementedError

    def variant_of(self, library: str, model: str, asked: VariantName | None = None) -> VariantName:
        """Return the variant of a model that these weights go into.

        `asked` is the one that the recipe asks for, if it does. Without it, weights that go into any variant
        get torchvision's where there is one.

        Raises:
            ExperimentError: if the weights do not go into the variant, or the model has none such.
        """
        there = zoo.MODELS[model].variants
        if asked is not None and asked not in there:
            raise ExperimentError(
                f"'{model}' has no variant '{asked}', only '{there[0]}'; write architecture: {there[0]}"
            )
        publisher = self.publisher_for(library)
        if publisher is None:
            return asked or ("torch" if "torch" in there else "keras")
        own = VARIANT_OF[publisher]
        self._check_fit(model, publisher, asked or own)
        return asked or own

    def _check_fit(self, model: str, publisher: str, variant: VariantName) -> None:
        family, own = zoo.MODELS[model].family, VARIANT_OF[publisher]
        if own not in zoo.MODELS[model].variants:
            raise ExperimentError(
                f"'{model}' has no variant for weights by {CALLED[publisher]}; "
                "use weights by Keras, or random ones"
            )
        if variant != own and family in _WHY:
            other = next(name for name, fits in VARIANT_OF.items() if fits == variant)
            raise ExperimentError(
                f"weights of '{model}' by {CALLED[publisher]} do not go into the variant '{variant}': "
                f"{_WHY[family]}; write architecture: {own}, or use weights by {CALLED[other]}"
            )


class RandomWeights(WeightsSettings):
    """Weights drawn from the run's seed."""

    kind: Literal["random"] = "random"

    def as_spec(self, library: str, model: str) -> dict[str, Any]:
        """Return `{"kind": "random"}`: the seed stands in the run's specification already."""
        return {"kind": self.kind}

    def publisher_for(self, library: str) -> str | None:
        """Return None."""
        return None


class ImagenetWeights(WeightsSettings):
    """Weights that a library publishes, trained on ImageNet.

    With `own` each library loads what its own community publishes: Keras' applications for Keras,
    torchvision's IMAGENET1K_V1 for fastai. With a publisher's name both load the same tensors.
    """

    kind: Literal["imagenet"]
    publisher: Literal["own", "keras", "torchvision"] = "own"

    def as_spec(self, library: str, model: str) -> dict[str, Any]:
        """Return publisher, version, file and checksum of what a library loads for a model.

        Raises:
            ExperimentError: if nobody publishes this.
        """
        found = published(self.publisher_for(library), model)
        return {
            "kind": self.kind,
            "publisher": found.publisher,
            "version": found.version,
            "file": found.file,
            "checksum": found.checksum,
        }

    def publisher_for(self, library: str) -> str:
        """Return whose weights a library gets."""
        if self.publisher != "own":
            return self.publisher
        return "torchvision" if library == "fastai" else "keras"

    def variant_of(self, library: str, model: str, asked: VariantName | None = None) -> VariantName:
        """Return the variant of a model that these weights go into; see `WeightsSettings`.

        Raises:
            ExperimentError: if nobody publishes this, or it does not go into the variant asked for.
        """
        published(self.publisher_for(library), model)
        return super().variant_of(library, model, asked)


class FileWeights(WeightsSettings):
    """Weights in a file: with the names of Keras' applications, of torchvision's models, or ours.

    A file without `sha256` may be any of this name: only the record then tells which weights it held.
    """

    kind: Literal["file"]
    file: FileName
    format: Literal["keras", "torchvision", "ours"]
    sha256: Sha256 | None = None

    def as_spec(self, library: str, model: str) -> dict[str, Any]:
        """Return the file's name, format and checksum."""
        checksum = f"sha256:{self.sha256}" if self.sha256 else None
        return {"kind": self.kind, "file": self.file, "format": self.format, "checksum": checksum}

    def publisher_for(self, library: str) -> str | None:
        """Return whose names and variant the file has, None for ours: those may be of either variant."""
        return None if self.format == "ours" else self.format

    def _check_fit(self, model: str, publisher: str, variant: VariantName) -> None:
        # torchvision has VGGs with and without BatchNorm; reading the file shows which it is.
        if not (zoo.MODELS[model].family == "vgg" and publisher == "torchvision"):
            super()._check_fit(model, publisher, variant)


AnyWeights = Annotated[
    Annotated[RandomWeights | ImagenetWeights | FileWeights, Field(discriminator="kind")],
    kind_or_whole(*KINDS),
]
"""The field `weights` of an experiment or a recipe: `random`, `imagenet`, or the long form of a kind."""
