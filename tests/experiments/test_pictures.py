import base64
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moocmap.experiments.results.inspection import DamagedRecordError
from moocmap.experiments.results.pictures import (
    activations_plot,
    activations_size,
    heatmaps_plot,
    heatmaps_size,
    read_arrays,
)
from moocmap.experiments.results.plots import PALETTES

SVG = "{http://www.w3.org/2000/svg}"


def arrays(k: int = 3, *, images: bool = False, channels: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    found = {
        "ids": np.array([f"{n}.png" for n in range(k)]),
        "labels": np.array(["cat", "dog", "cat"] * k)[:k],
        "predictions": np.array(["cat", "cat", "dog"] * k)[:k],
        "heatmaps": np.linspace(0, 1, k * 4 * 4).reshape(k, 4, 4).astype(np.float16),
        "activation0": rng.integers(0, 256, (8, 8, 20), dtype=np.uint8),
        "activation1": rng.integers(0, 256, (4, 4, 5), dtype=np.uint8),
        "layers": np.array(["conv1", "conv2"]),
    }
    if images:
        found["images"] = np.full((k, 16, 16, channels), 120, np.uint8)
    return found


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def pictures(svg: str) -> list[Image.Image]:
    found = re.findall(r"data:image/\w+;base64,([^\"]+)", svg)
    return [Image.open(io.BytesIO(base64.b64decode(one))).convert("RGB") for one in found]


def test_each_image_has_its_class_and_prediction_above() -> None:
    svg = heatmaps_plot(arrays(), False, {"predicted": "tomada por {prediction}"}, class_name=str.upper)
    assert texts(svg) == ["CAT: right", "is DOG", "tomada por CAT", "is CAT", "tomada por DOG"]
    assert len(pictures(svg)) == 3


def test_the_order_is_that_of_the_losses() -> None:
    svg = heatmaps_plot(arrays(), False, order=["9.png", "2.png", "1.png"])
    assert texts(svg)[:2] == ["is cat", "taken for dog"]
    assert texts(svg)[-1] == "cat: right"


def test_the_heat_lies_over_the_image_or_stands_alone() -> None:
    alone, over = (pictures(heatmaps_plot(arrays(images=there), False)) for there in (False, True))
    cold, hot = (np.asarray(alone[n]).mean() for n in (0, 2))
    assert hot > cold + 50, "bright is what spoke for the class"
    assert abs(np.asarray(over[0]).mean() - np.asarray(alone[0]).mean()) > 20, "the image shows through"
    grey = pictures(heatmaps_plot(arrays(images=True, channels=1), False))
    assert np.abs(np.asarray(grey[0], int) - np.asarray(over[0], int)).max() < 3


@pytest.mark.parametrize("k", [1, 6, 7, 30])
def test_the_size_is_known_before_it_is_drawn(k: int) -> None:
    svg = heatmaps_plot(arrays(k), False)
    assert (
        int(ET.fromstring(svg).get("width", 0)),
        int(ET.fromstring(svg).get("height", 0)),
    ) == heatmaps_size(arrays(k))
    assert len(pictures(svg)) == min(k, 12)
    drawn = ET.fromstring(activations_plot(arrays(k), True))
    assert (int(drawn.get("width", 0)), int(drawn.get("height", 0))) == activations_size(arrays(k))


def test_activations_are_a_row_for_each_layer_of_its_most_varied_channels() -> None:
    found = arrays()
    found["activation0"][:, :, 3] = 7  # a channel that says nothing
    svg = activations_plot(found, False, at_most=19)
    assert texts(svg) == ["conv1 (8 × 8; 19 channels)", "conv2 (4 × 4; 5 channels)"]
    assert len(pictures(svg)) == 19 + 5
    assert all(np.asarray(one).std() > 0 for one in pictures(svg))


def test_long_names_are_wrapped_and_markup_is_text() -> None:
    svg = heatmaps_plot(
        arrays(2), False, class_name=lambda label: f"<b>{label}</b> & a very long name of a class"
    )
    assert all(len(line) <= 23 for line in texts(svg))
    assert "<b>" not in svg
    assert "<b>cat</b>" in " ".join(texts(svg))


@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_is_the_same_each_time_in_its_palette(dark: bool) -> None:
    svg = heatmaps_plot(arrays(images=True), dark)
    assert svg == heatmaps_plot(arrays(images=True), dark)
    assert PALETTES[dark]["ink"] in svg
    assert PALETTES[not dark]["ink"] not in svg


def test_a_model_without_maps_shows_its_images_alone() -> None:
    found = {name: values for name, values in arrays(images=True).items() if name != "heatmaps"}
    assert len(pictures(heatmaps_plot(found, False))) == 3
    assert np.ptp(np.asarray(pictures(heatmaps_plot(found, False))[0], int)) < 3, "no colour lies over it"


def test_arrays_are_read_from_a_file_or_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "explanations.npz"
    np.savez_compressed(path, **arrays(images=True))
    found = read_arrays(path)
    assert found.keys() == arrays(images=True).keys()
    assert heatmaps_plot(found, False) == heatmaps_plot(arrays(images=True), False)
    np.savez_compressed(path, **{**arrays(), "labels": np.array(["cat"])})
    with pytest.raises(DamagedRecordError, match="of the same images"):
        read_arrays(path)
    path.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(DamagedRecordError, match="expected arrays") as caught:
        read_arrays(path)
    assert caught.value.file == path
    np.savez(path, ids=np.array([object()]))
    with pytest.raises(DamagedRecordError):
        read_arrays(path)


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="of the same images"):
        heatmaps_plot({**arrays(), "labels": np.array(["cat"])}, False)
    with pytest.raises(ValueError, match="of the same images"):
        heatmaps_plot({"ids": np.array([])}, False)
    with pytest.raises(ValueError, match="got 2 for 1"):
        activations_plot({**arrays(), "layers": np.array(["conv1"])}, False)
