"""Augmentation: what is drawn, and that all libraries make the same images of it."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates
from scipy.special import expit, logit

from moocmap.experiments.spec import ExperimentError
from moocmap.experiments.training import augment
from moocmap.experiments.training.augment import DRAW, Drawn, draw
from moocmap.experiments.training.augmentations import (
    SETS,
    TRANSFORMS,
    Augmentation,
    Fill,
    named_or_listed,
)

Arrays = dict[str, np.ndarray[Any, Any]]

STRONG: list[dict[str, Any]] = [
    {"transform": "horizontal-flip", "chance": 1},
    {"transform": "vertical-flip", "chance": 1},
    {"transform": "dihedral", "chance": 1},
    {"transform": "rotate", "degrees": 180},
    {"transform": "zoom", "range": [0.5, 2], "centre": "random"},
    {"transform": "stretch", "range": [0.5, 2]},
    {"transform": "shear", "degrees": 30},
    {"transform": "translate", "share": 1},
    {"transform": "warp", "magnitude": 0.4},
    {"transform": "brightness", "strength": 0.9},
    {"transform": "contrast", "strength": 0.9},
    {"transform": "gain", "range": [0, 3]},
]
"""Every transform, stronger than anybody would ask for."""

AUGMENTATIONS: dict[str, Any] = {
    **{item["transform"]: [item] for item in STRONG},
    **{name: name for name in SETS},
    "all": STRONG,
}


class Highest:
    """A generator that always lets things happen, and draws the upper end of every range."""

    def random(self, n: int) -> Any:
        return np.zeros(n)

    def uniform(self, low: float, high: float, n: int) -> Any:
        return np.full(n, float(high))


def highest(value: object, size: tuple[int, int] = (32, 32)) -> Drawn:
    rng: Any = Highest()
    return draw(named_or_listed(value), 1, rng, size)


def pictures(n: int, height: int, width: int, seed: int = 0) -> Any:
    """Draw images (n, height, width, 3) whose pixels range from black to white."""
    drawn = np.random.default_rng(seed).random((n, height, width, 3), dtype=np.float32)
    drawn[:, 0, 0], drawn[:, -1, -1] = 0, 1
    return drawn


def augmented(images: Any, drawn: Drawn) -> Any:
    """Augment image by image with SciPy, in 64 bits: the definition that libraries are held against."""
    n, height, width, channels = images.shape
    y, x = np.meshgrid(
        (2 * np.arange(height) + 1) / height - 1, (2 * np.arange(width) + 1) / width - 1, indexing="ij"
    )
    mode = {"reflect": "reflect", "nearest": "nearest", "zeros": "grid-constant"}[drawn.fill]
    found = np.empty(images.shape)
    for number in range(n):
        u, v, depth = np.einsum(
            "ij,jhw->ihw", drawn.matrices[number].astype(float), np.stack([x, y, np.ones_like(x)])
        )
        depth = np.maximum(depth, augment.NEAREST_DEPTH)
        rows, columns = ((v / depth + 1) * height - 1) / 2, ((u / depth + 1) * width - 1) / 2
        for channel in range(channels):
            found[number, ..., channel] = map_coordinates(
                images[number, ..., channel].astype(float), [rows, columns], order=1, mode=mode
            )
    scale, offset, gain = drawn.light.astype(float).T[..., np.newaxis, np.newaxis, np.newaxis]
    logits = logit(np.clip(found, augment.DARKEST, 1 - augment.DARKEST))
    is_same = (scale == 1) & (offset == 0)
    return np.clip(gain * np.where(is_same, found, expit(scale * logits + offset)), 0, 1)


# --- what is drawn


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_same_seed_draws_the_same_and_another_does_not(name: str) -> None:
    augmentation = named_or_listed(AUGMENTATIONS[name])
    one, again, other = (draw(augmentation, 5, np.random.default_rng(seed), (8, 8)) for seed in (3, 3, 4))
    assert one.matrices.dtype == one.light.dtype == np.float32
    assert np.array_equal(one.matrices, again.matrices)
    assert np.array_equal(one.light, again.light)
    varies = name not in ("none", "horizontal-flip", "vertical-flip")
    differs = not (np.array_equal(one.matrices, other.matrices) and np.array_equal(one.light, other.light))
    assert differs == varies


@pytest.mark.parametrize("transforms", [[], [{**item, "chance": 0} for item in STRONG]])
def test_what_never_happens_changes_nothing(transforms: list[dict[str, Any]]) -> None:
    drawn = draw(named_or_listed(transforms), 4, np.random.default_rng(0), (6, 9))
    np.testing.assert_allclose(drawn.matrices, np.tile(np.eye(3), (4, 1, 1)), atol=1e-7)
    np.testing.assert_allclose(drawn.light, np.tile([1, 0, 1], (4, 1)), atol=1e-7)


def test_no_transform_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    draw(named_or_listed("none"), 4, rng, (6, 9))
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("item", STRONG, ids=lambda item: item["transform"])
def test_a_transform_happens_as_often_as_its_chance(item: dict[str, Any]) -> None:
    drawn = draw(named_or_listed([{**item, "chance": 0.3}]), 4000, np.random.default_rng(0), (8, 8))
    moved = np.abs(drawn.matrices - np.eye(3)).max(axis=(1, 2)) > 1e-6
    lit = np.abs(drawn.light - [1, 0, 1]).max(axis=1) > 1e-6
    expected = {"dihedral": 0.3 * 7 / 8}.get(item["transform"], 0.3)
    if item["transform"] in ("stretch", "translate", "warp"):
        expected = 1 - 0.7**2  # width and height each have their chance
    assert (moved | lit).mean() == pytest.approx(expected, abs=0.03)
    assert moved.any() == (TRANSFORMS[item["transform"]].changes == "places")
    assert lit.any() == (TRANSFORMS[item["transform"]].changes == "values")


def test_flips_and_symmetries_are_numpys_own() -> None:
    images = pictures(1, 6, 6)
    assert np.allclose(augmented(images, highest([STRONG[0]])), images[:, :, ::-1], atol=1e-6)
    assert np.allclose(augmented(images, highest([STRONG[1]])), images[:, ::-1], atol=1e-6)
    drawn = draw(named_or_listed([STRONG[2]]), 200, np.random.default_rng(0), (6, 6))
    found = {
        augmented(images, Drawn(one[np.newaxis], highest("none").light, "zeros")).round(4).tobytes()
        for one in drawn.matrices
    }
    symmetries = [
        np.rot90(side, turns, (1, 2)) for side in (images, images[:, :, ::-1]) for turns in range(4)
    ]
    assert found == {augmented(one, highest("none")).round(4).tobytes() for one in symmetries}


def test_a_rotation_keeps_distances_in_pixels() -> None:
    matrix = highest([{"transform": "rotate", "degrees": 30}], (20, 40)).matrices[0]
    in_pixels = np.diag([20, 10]) @ matrix[:2, :2] @ np.diag([1 / 20, 1 / 10])
    np.testing.assert_allclose(in_pixels @ in_pixels.T, np.eye(2), atol=1e-6)


def test_zoom_about_a_random_point_shows_only_the_image() -> None:
    zoom = {"transform": "zoom", "range": [1, 2], "centre": "random"}
    matrices = draw(named_or_listed([zoom]), 500, np.random.default_rng(0), (8, 8)).matrices
    magnified = 1 / matrices[:, 0, 0]
    assert 1 <= magnified.min() < 1.05
    assert 1.95 < magnified.max() <= 2
    reach = np.abs(matrices[:, :2, 2]) + matrices[:, [0], 0]
    assert 0.95 < reach.max() <= 1 + 1e-6
    assert np.ptp(matrices[:, 0, 2]) > 0.5
    assert not np.allclose(matrices[:, 0, 2], matrices[:, 1, 2])


def test_a_translation_moves_by_a_share_of_width_and_height() -> None:
    images = pictures(1, 8, 4)
    drawn = highest({"transforms": [{"transform": "translate", "share": 0.25}], "fill": "zeros"}, (8, 4))
    expected = np.zeros_like(images)
    expected[:, :-2, :-1] = images[:, 2:, 1:]
    np.testing.assert_allclose(augmented(images, drawn), expected, atol=1e-6)


def test_a_warp_moves_the_corners_by_its_magnitude() -> None:
    matrix = highest([{"transform": "warp", "magnitude": 0.2}]).matrices[0].astype(float)
    new = np.array([[-1.2, -1.2, 1], [-0.8, 1.2, 1], [1.2, -0.8, 1], [0.8, 0.8, 1]])
    old = new @ matrix.T
    np.testing.assert_allclose(old[:, :2] / old[:, 2:], [[-1, -1], [-1, 1], [1, -1], [1, 1]], atol=1e-6)


def test_light_is_drawn_in_the_ranges_asked_for() -> None:
    def drawn(item: dict[str, Any], part: int) -> Any:
        light = draw(named_or_listed([item]), 2000, np.random.default_rng(0), (8, 8)).light
        assert np.allclose(np.delete(light, part, axis=1), np.delete([1, 0, 1], part), atol=1e-6)
        return light[:, part]

    grey = expit(drawn({"transform": "brightness", "strength": 0.2}, 1))
    factor = drawn({"transform": "contrast", "strength": 0.2}, 0)
    gain = drawn({"transform": "gain", "range": [0.5, 3]}, 2)
    for values, low, high in ((grey, 0.4, 0.6), (np.log(factor), np.log(0.8), -np.log(0.8)), (gain, 0.5, 3)):
        assert low <= values.min() + 1e-6
        assert values.max() <= high + 1e-6
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.03 * (high - low))
        assert values.std() == pytest.approx((high - low) / 12**0.5, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(STRONG[:9]), max_size=4),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 2**32),
)
def test_places_can_always_be_found(
    transforms: list[dict[str, Any]], size: tuple[int, int], seed: int
) -> None:
    drawn = draw(named_or_listed(transforms), 3, np.random.default_rng(seed), size)
    assert np.isfinite(drawn.matrices).all()
    assert (np.abs(np.linalg.det(drawn.matrices.astype(float))) > 1e-6).all()


# --- what may be asked for


@pytest.mark.parametrize("name", SETS)
def test_a_named_set_is_complete_plain_json_of_its_own(name: str) -> None:
    found = named_or_listed(name)
    assert json.loads(json.dumps(found)) == found
    assert named_or_listed(found) == found
    assert named_or_listed(found["transforms"])["transforms"] == found["transforms"]
    for item in found["transforms"]:
        assert set(item) == {"transform", *TRANSFORMS[item["transform"]].options}
        item.clear()
    assert all(named_or_listed(name)["transforms"])


def test_every_fill_and_option_is_read() -> None:
    for fill in get_args(Fill):
        assert named_or_listed({"transforms": STRONG, "fill": fill})["fill"] == fill
    assert {item["transform"] for item in STRONG} == set(TRANSFORMS)
    assert named_or_listed([{"transform": "vertical-flip"}])["transforms"][0]["chance"] == 0.5
    assert named_or_listed([{"transform": "rotate", "degrees": 5}])["transforms"][0]["chance"] == 1


ZOOM: dict[str, Any] = {"transform": "zoom", "range": [1, 1.1]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("fastai-defaults", "no augmentation 'fastai-defaults'; did you mean 'fastai-default'?"),
        ("xyz", "no augmentation 'xyz'; the known ones are none, thesis-keras"),
        (3, "an augmentation is a name (none, thesis-keras, .*) or a list of transforms, not 3"),
        ({"transforms": [], "fil": "zeros"}, "transforms and a fill, but no 'fil'"),
        ({"transforms": [], "fill": "zero"}, "no fill 'zero'; did you mean 'zeros'?"),
        ({"transforms": [], "fill": []}, "no fill []; the known ones are reflect, nearest, zeros"),
        ({"fill": "zeros"}, "'transforms' is to be a list, not None"),
        (["rotate"], "transform 1 is to be like {transform: rotate, degrees: 10}, but it is 'rotate'"),
        ([{"transform": "rotat", "degrees": 1}], "no transform 'rotat'; did you mean 'rotate'?"),
        ([{"transform": 5}], "no transform 5; the known ones are horizontal-flip"),
        ([{"transform": "rotate"}], "'rotate' lacks the option 'degrees'"),
        ([{"transform": "rotate", "degree": 10}], "'rotate' has no option 'degree'; did you mean 'degrees'?"),
        ([{**ZOOM, "chance": 1.5}], "'chance' of 'zoom' is to be a number from 0 to 1, not 1.5"),
        ([{**ZOOM, "chance": True}], "'chance' of 'zoom' is to be a number from 0 to 1, not True"),
        ([{**ZOOM, "chance": float("nan")}], "'chance' of 'zoom' is to be a number from 0 to 1, not nan"),
        ([{**ZOOM, "centre": "top"}], "'centre' of 'zoom' is to be middle or random, not 'top'"),
        ([{**ZOOM, "range": 1.1}], "two numbers from 0.25 to 4, the lower one first, not 1.1"),
        ([{**ZOOM, "range": [1.1, 1]}], "two numbers from 0.25 to 4, the lower one first, not [1.1, 1]"),
        ([{**ZOOM, "range": [0, 1]}], "two numbers from 0.25 to 4, the lower one first, not [0, 1]"),
    ],
)
def test_what_cannot_be_asked_for(value: object, message: str) -> None:
    with pytest.raises(ExperimentError, match=re.escape(message).replace(re.escape(".*"), ".*")):
        named_or_listed(value)


# --- what libraries make of it

BACKENDS = ("tensorflow", "jax", "torch", "fastai")
SIZE = (20, 30)
OWN = pictures(3, 32, 32, seed=9)
needs_libraries = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("keras", "tensorflow", "jax", "fastai", "torch")),
    reason="needs both libraries and JAX: pip install -e '.[experiments,jax]'",
)


def drawn_for(name: str, fill: Fill) -> Drawn:
    """Draw for five images: with every fill, whatever the augmentation's own."""
    augmentation: Augmentation = {**named_or_listed(AUGMENTATIONS[name]), "fill": fill}
    return draw(augmentation, 5, np.random.default_rng(2), SIZE)


@pytest.fixture(scope="session")
def probes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Arrays]:
    """What `augment_probe.py` made of the same batches, by backend."""
    home = tmp_path_factory.mktemp("augment")
    batches: Arrays = {"own:images": OWN}
    images = pictures(5, *SIZE)
    for fill in get_args(Fill):
        drawn = [drawn_for(name, fill) for name in AUGMENTATIONS]
        batches[f"all:{fill}:images"] = np.concatenate([images] * len(drawn))
        batches[f"all:{fill}:matrices"] = np.concatenate([one.matrices for one in drawn])
        batches[f"all:{fill}:light"] = np.concatenate([one.light for one in drawn])
    batches |= {"mix:images": images, "mix:partners": np.array([2, 1, 4, 0, 3])}
    batches["mix:shares"] = np.array([0.5, 0.9, 1, 0.7, 0.6], np.float32)
    np.savez(home / "in.npz", allow_pickle=False, **batches)
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parent.parent),
        # All run at once: on a GPU none may take all memory.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    command = [sys.executable, "-m", "experiments.augment_probe"]
    running = [
        subprocess.Popen([*command, backend, home / "in.npz", home / f"{backend}.npz"], env=environment)
        for backend in BACKENDS
    ]
    assert [process.wait() for process in running] == [0] * len(BACKENDS)
    found = {}
    for backend in BACKENDS:
        with np.load(home / f"{backend}.npz") as arrays:
            found[backend] = dict(arrays)
    return found


def made(probes: dict[str, Arrays], backend: str, name: str, fill: str) -> Any:
    """Return the five images that a backend made for an augmentation."""
    start = 5 * list(AUGMENTATIONS).index(name)
    return probes[backend][f"all:{fill}"][start : start + 5]


@needs_libraries
@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("fill", get_args(Fill))
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_libraries_make_the_same_images(
    probes: dict[str, Arrays], name: str, fill: Fill, backend: str
) -> None:
    expected = augmented(pictures(5, *SIZE), drawn_for(name, fill))
    np.testing.assert_allclose(made(probes, backend, name, fill), expected, atol=1e-3)


@needs_libraries
@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_flips_are_exact(probes: dict[str, Arrays], backend: str) -> None:
    images = pictures(5, *SIZE)
    flips = {"horizontal-flip": images[:, :, ::-1], "vertical-flip": images[:, ::-1], "none": images}
    for name, expected in flips.items():
        # torch normalizes positions, which rounds.
        atol = 1e-5 if backend == "fastai" else 0
        np.testing.assert_allclose(made(probes, backend, name, "zeros"), expected, rtol=0, atol=atol)


@needs_libraries
@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_libraries_mix_images(probes: dict[str, Arrays], backend: str) -> None:
    images, shares = pictures(5, *SIZE), np.array([0.5, 0.9, 1, 0.7, 0.6])[:, None, None, None]
    expected = shares * images + (1 - shares) * images[[2, 1, 4, 0, 3]]
    np.testing.assert_allclose(probes[backend]["mix"], expected, atol=1e-6)


@needs_libraries
@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "value"),
    [
        ("rotate", [{"transform": "rotate", "degrees": 15}]),
        ("brightness", [{"transform": "brightness", "strength": 0.2}]),
        ("default", "fastai-default"),
    ],
)
def test_fastai_itself_makes_the_same(probes: dict[str, Arrays], own: str, value: Any) -> None:
    np.testing.assert_allclose(
        probes["fastai"][f"own:{own}"], augmented(OWN, of_all(highest(value))), atol=1e-3
    )


@needs_libraries
@pytest.mark.slow
def test_fastais_defaults_are_those_of_the_set(probes: dict[str, Arrays]) -> None:
    items = {item["transform"]: item for item in named_or_listed("fastai-default")["transforms"]}
    strengths = {items[name]["strength"] for name in ("brightness", "contrast")}
    values = [items["rotate"]["degrees"], *items["zoom"]["range"], *strengths, items["warp"]["magnitude"]]
    chances = [items["warp"]["chance"], items["contrast"]["chance"]]
    assert probes["fastai"]["own:defaults"].tolist() == [*values, *chances]


@needs_libraries
@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "value"),
    [
        ("rotation", {"transforms": SETS["keras-guide"]["transforms"][1:], "fill": "reflect"}),
        ("generator", {"transforms": SETS["thesis-keras"]["transforms"][:-1], "fill": "nearest"}),
    ],
)
def test_keras_itself_makes_the_same(probes: dict[str, Arrays], own: str, value: Any) -> None:
    expected = augmented(OWN, of_all(highest(value)))
    np.testing.assert_allclose(probes["tensorflow"][f"own:{own}"], expected, atol=1e-3)


def of_all(drawn: Drawn) -> Drawn:
    n = len(OWN)
    return Drawn(np.repeat(drawn.matrices, n, axis=0), np.repeat(drawn.light, n, axis=0), drawn.fill)


def test_every_transform_is_drawn() -> None:
    assert DRAW.keys() == TRANSFORMS.keys()
