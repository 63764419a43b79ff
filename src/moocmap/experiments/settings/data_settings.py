"""What an experiment says under `data`: where its images come from, how they are cleaned and split.

The classes are the schema. `DataSettings.as_spec` turns them into the plain data that a run's specification
holds, and that `data.tasks` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from moocmap.diagnostics import did_you_mean
from moocmap.fields import Closed, Distinct, NonEmpty, Share, WebUrl

PIXELS = (0.0, 255.0)
"""The lowest and highest value of a pixel, for all sources but scikit-learn."""


def _check_inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in value or ":" in value:
        raise PydanticCustomError(
            "folder", "expected a folder below another, such as images/train, without '..' or a drive"
        )
    return path.as_posix()


def _named_by(key: str, known: Sequence[str]) -> Callable[[Any], Any]:
    """Return a check that the object's `key` is a known word, which says so better than pydantic does."""

    def check(value: Any) -> Any:
        word = value.get(key) if isinstance(value, dict) else None
        if isinstance(word, str) and word not in known:
            hint = did_you_mean(word, known) or f"known: {', '.join(known)}"
            raise PydanticCustomError("unknown_word", f"no {key} '{word}'; {hint}")
        return value

    return check


Folder = Annotated[NonEmpty, AfterValidator(_check_inside)]
"""A folder (or a folder in a folder), seen from one that differs from machine to machine."""
KaggleName = Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+(/versions/[0-9]+)?$")]
"""A data set on Kaggle: `owner/name`, or `owner/name/versions/3` for one version of it."""


# Sources --------------------------------------------------------------------------------------------


class SklearnSource(Closed):
    """Images that scikit-learn carries: `name` is that of its loader without `load_`."""

    kind: Literal["sklearn"]
    name: NonEmpty


class Parts(Closed):
    """The folders of a data set that comes divided into training and test images."""

    train: Folder
    test: Folder


class FolderSource(Closed):
    """Images in folders named like their classes, below `path` in the folder of all data.

    Where they are not there, they can be had from `kaggle`, or from the archive at `url`, whose checksum
    is `sha256`.
    """

    kind: Literal["folder"]
    path: Folder
    parts: Parts | None = None
    kaggle: KaggleName | None = None
    url: WebUrl | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _is_checked(self) -> FolderSource:
        if (self.url is None) != (self.sha256 is None):
            raise PydanticCustomError("checksum", "expected url and sha256 together: a download is checked")
        return self


class KaggleSource(Closed):
    """A data set on Kaggle; the folders of its classes lie in `path`, or where they are found."""

    kind: Literal["kaggle"]
    dataset: KaggleName
    path: Folder | None = None
    parts: Parts | None = None


class KerasSource(Closed):
    """A data set of `keras.datasets` by its name there, such as `mnist`: images of one size."""

    kind: Literal["keras"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class FastaiSource(Closed):
    """A data set of fastai by its name in `URLs`, such as `IMAGENETTE_160`: images in folders."""

    kind: Literal["fastai"]
    name: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9_]*$")]
    parts: Parts | None = None


Source = Annotated[
    Annotated[
        SklearnSource | FolderSource | KaggleSource | KerasSource | FastaiSource, Field(discriminator="kind")
    ],
    BeforeValidator(_named_by("kind", ("sklearn", "folder", "kaggle", "keras", "fastai"))),
]
ElsewhereKeys = {"kaggle", "url", "sha256"}
"""Keys of a source that only say where it can be had."""


# Cleaning -------------------------------------------------------------------------------------------


class DropUnreadable(Closed):
    """Drop files that are no image, or cut short."""

    drop: Literal["unreadable"]


class DropCrossClassDuplicates(Closed):
    """Drop all copies of an image that stands in more than one class."""

    drop: Literal["cross-class-duplicates"]


class DropDuplicates(Closed):
    """Drop copies of an image within its class, but one (the test's, if there is one)."""

    drop: Literal["duplicates"]


class DropSmallClasses(Closed):
    """Drop the images of classes with fewer than `fewer_than`."""

    drop: Literal["small-classes"]
    fewer_than: Annotated[int, Field(ge=2)]


Step = Annotated[
    Annotated[
        DropUnreadable | DropCrossClassDuplicates | DropDuplicates | DropSmallClasses,
        Field(discriminator="drop"),
    ],
    BeforeValidator(
        _named_by("drop", ("unreadable", "cross-class-duplicates", "duplicates", "small-classes"))
    ),
]
"""A step of cleaning; see `data.cleaning`."""


# Classes, split and the whole -----------------------------------------------------------------------


def _given_form(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "given" and not (is_number and 0 < value < 1):
        raise PydanticCustomError("test_share", "expected a share between 0 and 1, or given")
    return value


class SplitShares(Closed):
    """How images are divided into training, validation and test.

    `test` is a share, or `given`: then the source's own test images are it, and the other shares are of its
    training images. Without `train`, training gets all that is left. `stratified` (the default) takes the
    rounded share of each class; otherwise shares are of all images together, rounded down, as
    `RandomSplitter` of fastai and `validation_split` of Keras take them.
    """

    train: Share | None = None
    validation: Share
    test: Annotated[Literal["given"] | float, BeforeValidator(_given_form)]
    seed: Annotated[int, Field(ge=0)] = 0
    stratified: bool = True

    @model_validator(mode="after")
    def _fits(self) -> SplitShares:
        test = 0.0 if self.test == "given" else self.test
        if (self.train or 0.0) + self.validation + test > 1.0 + 1e-9:
            raise PydanticCustomError("shares", "expected shares that sum to 1 at most")
        return self

    def as_spec(self) -> dict[str, Any]:
        """Return plain data for a specification; `stratified` stands in it only where it is not so."""
        return self.model_dump(mode="json", exclude={"stratified"} if self.stratified else set())


def _class_form(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise PydanticCustomError("class_name", "expected a class: a number, or the name of a folder")
    return value


ClassName = Annotated[int | str, BeforeValidator(_class_form)]
Classes = Annotated[list[ClassName], Field(min_length=2), Distinct]


class DataSettings(Closed):
    """The images of a task.

    Classes are numbers for images that come as arrays (`sklearn`, `keras`) and names of folders for others.
    Cleaning looks at all classes of the source. Where a step can drop whole classes, `classes` must name
    exactly those that are left; otherwise it chooses among them.
    """

    source: Source
    pixel_range: tuple[float, float] | None = Field(
        None, description="The lowest and highest value of a pixel: asked of scikit-learn's; else 0 to 255."
    )
    classes: Classes
    clean: list[Step] = []
    split: SplitShares
    image_size: Annotated[int, Field(ge=8, le=2048)] | None = Field(
        None, description="Pixels that images from files are resized to, on both sides."
    )

    @property
    def is_of_files(self) -> bool:
        """Tell whether images lie in files, one each."""
        return self.source.kind not in ("sklearn", "keras")

    @model_validator(mode="after")
    def _fits_its_source(self) -> DataSettings:
        self._check_pixels()
        if self.is_of_files != (self.image_size is not None):
            wanted = "expected image_size, in pixels" if self.is_of_files else "expected no image_size"
            raise PydanticCustomError("image_size", f"{wanted} for a source of kind '{self.source.kind}'")
        kind, shown = (str, "names of folders, in quotes") if self.is_of_files else (int, "whole numbers")
        if not all(isinstance(name, kind) for name in self.classes):
            raise PydanticCustomError(
                "classes", f"expected classes that are {shown} for a source of kind '{self.source.kind}'"
            )
        self.check_split(self.split)
        return self

    def _check_pixels(self) -> None:
        if self.source.kind == "sklearn":
            if self.pixel_range is None or self.pixel_range[0] >= self.pixel_range[1]:
                raise PydanticCustomError(
                    "pixel_range", "expected pixel_range: the lowest pixel value, then the highest"
                )
        elif self.pixel_range not in (None, PIXELS):
            raise PydanticCustomError(
                "pixel_range", f"expected no pixel_range: pixels of '{self.source.kind}' are 0 to 255"
            )

    def check_split(self, split: SplitShares) -> None:
        """Check a split of this source, its own or another task's.

        Raises:
            PydanticCustomError: if it takes given test images and the source has none.
        """
        divided = self.source.kind == "keras" or getattr(self.source, "parts", None) is not None
        if split.test == "given" and not divided:
            raise PydanticCustomError(
                "given_test", "expected a share for test: this source does not come with parts"
            )

    def as_spec(self) -> dict[str, Any]:
        """Return plain data for a run's specification: all that decides the images, and nothing else.

        Where the source lies on a machine, or can be had, is left out. So are options that are not used
        (`clean`, `image_size`, `stratified`): records from before an option existed stay comparable.
        """
        found: dict[str, Any] = {
            "source": self.source.model_dump(mode="json", exclude=ElsewhereKeys, exclude_none=True),
            "pixel_range": list(self.pixel_range or PIXELS),
            "classes": list(self.classes),
            "split": self.split.as_spec(),
        }
        if self.clean:
            found["clean"] = [step.model_dump(mode="json") for step in self.clean]
        if self.image_size is not None:
            found["image_size"] = self.image_size
        return found

    def where(self) -> dict[str, Any]:
        """Return the source with all its keys, to be found with `sources.locate`."""
        return self.source.model_dump(mode="json", exclude_none=True)
