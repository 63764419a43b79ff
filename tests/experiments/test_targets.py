"""Soft targets and weights of a batch, held against the losses of torch, Keras' formula and scikit-learn."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.utils.class_weight import compute_class_weight

from moocmap.experiments.spec import ExperimentError
from moocmap.experiments.training.targets import (
    Mix,
    Targets,
    batch_targets,
    class_weights,
    draw_mix,
    one_hot,
    smooth,
)

CLASSES = 4
seeds = st.integers(0, 2**32)
smoothings = st.sampled_from([0.0, 0.1, 0.5, 1.0])
weights = st.none() | st.lists(st.floats(0.01, 50), min_size=CLASSES, max_size=CLASSES).map(np.array)
alphas = st.none() | st.floats(0.01, 5)


def batch(seed: int, n: int = 6) -> tuple[Any, Any]:
    """Draw logits (n, classes) and class numbers (n) of a batch."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2, (n, CLASSES)), rng.integers(CLASSES, size=n)


def losses(logits: Any, targets: Targets) -> Any:
    """Return each image's share in the loss that both libraries use."""
    return targets.sample_weights * -(targets.targets * log_softmax(logits, axis=1)).sum(axis=1)


def mixed(n: int, alpha: float | None, seed: int) -> Mix | None:
    return None if alpha is None else draw_mix(n, alpha, np.random.default_rng(seed))


@given(seeds, smoothings, weights, alphas)
def test_rows_sum_to_one(seed: int, smoothing: float, weight: Any, alpha: float | None) -> None:
    _, labels = batch(seed)
    mix = mixed(6, alpha, seed)
    found = batch_targets(labels, CLASSES, smoothing=smoothing, class_weights=weight, mix=mix)
    assert found.targets.dtype == found.sample_weights.dtype == np.float32
    assert found.targets.shape == (6, CLASSES)
    assert found.mix is mix
    np.testing.assert_allclose(found.targets.sum(axis=1), 1, atol=1e-6)
    assert (found.targets >= 0).all()
    assert (found.sample_weights > 0).all()


@pytest.mark.slow
@settings(deadline=None)  # importing torch takes its time
@given(seeds, smoothings, weights)
def test_the_loss_is_torchs(seed: int, smoothing: float, weight: Any) -> None:
    torch = pytest.importorskip("torch")
    logits, labels = batch(seed)
    expected = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits),
        torch.from_numpy(labels),
        weight=None if weight is None else torch.from_numpy(weight),
        label_smoothing=smoothing,
        reduction="none",
    )
    found = losses(logits, batch_targets(labels, CLASSES, smoothing=smoothing, class_weights=weight))
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)


@given(seeds, smoothings, weights, st.floats(0.01, 5))
def test_the_loss_of_mixed_images_lies_between_those_of_both(
    seed: int, smoothing: float, weight: Any, alpha: float
) -> None:
    logits, labels = batch(seed)
    mix = draw_mix(6, alpha, np.random.default_rng(seed))
    options: dict[str, Any] = {"smoothing": smoothing, "class_weights": weight}
    own = losses(logits, batch_targets(labels, CLASSES, **options))
    partner = losses(logits, batch_targets(labels[mix.partners], CLASSES, **options))
    found = losses(logits, batch_targets(labels, CLASSES, **options, mix=mix))
    np.testing.assert_allclose(found, mix.shares * own + (1 - mix.shares) * partner, rtol=1e-4, atol=1e-5)


@given(st.integers(1, 40), st.floats(0.01, 5), seeds)
def test_partners_are_a_permutation_and_the_greater_share_is_kept(n: int, alpha: float, seed: int) -> None:
    mix, again = (draw_mix(n, alpha, np.random.default_rng(seed)) for _ in range(2))
    assert np.array_equal(mix.partners, again.partners)
    assert np.array_equal(mix.shares, again.shares)
    assert sorted(mix.partners) == list(range(n))
    assert mix.shares.dtype == np.float32
    assert mix.shares.shape == (n,)
    assert ((mix.shares >= 0.5) & (mix.shares <= 1)).all()


def test_shares_are_the_greater_parts_of_a_beta_distribution() -> None:
    shares = draw_mix(20_000, 1.0, np.random.default_rng(0)).shares  # Beta(1, 1) is uniform
    assert shares.mean() == pytest.approx(0.75, abs=0.005)
    assert draw_mix(2000, 0.05, np.random.default_rng(0)).shares.mean() > 0.95
    assert draw_mix(2000, 500, np.random.default_rng(0)).shares.mean() < 0.52


def test_targets_are_what_the_formulas_say() -> None:
    labels = np.array([2, 0])
    assert one_hot(labels, 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    np.testing.assert_allclose(smooth(one_hot(labels, 3), 0.3), [[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]])
    mix = Mix(np.array([1, 0]), np.array([0.75, 0.5], np.float32))
    assert batch_targets(labels, 3, mix=mix).targets.tolist() == [[0.25, 0, 0.75], [0.5, 0, 0.5]]
    plain = batch_targets(labels, 3, class_weights=np.array([2.0, 1.0, 0.5]))
    assert plain.targets.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert plain.sample_weights.tolist() == [0.5, 2]


@given(st.lists(st.integers(0, CLASSES - 1), min_size=CLASSES, max_size=50).map(np.array))
def test_balanced_weights_are_scikit_learns(labels: Any) -> None:
    assume(len(set(labels.tolist())) == CLASSES)
    found = class_weights("balanced", labels, CLASSES)
    expected = compute_class_weight("balanced", classes=np.arange(CLASSES), y=labels)
    np.testing.assert_allclose(found, expected)
    assert found is not None
    assert found[labels].mean() == pytest.approx(1)


def test_weights_may_be_given_or_not() -> None:
    labels = np.array([0, 1])
    assert class_weights(None, labels, 2) is None
    found = class_weights([1, 2.5], labels, 2)
    assert found is not None
    assert found.tolist() == [1, 2.5]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("balanced", "class number 2 has no images to train on; drop the class or give a weight for each"),
        ("balance", "are 'balanced' or a list of 3 numbers, one for each class, not 'balance'"),
        ("abc", "are 'balanced' or a list of 3 numbers, one for each class, not 'abc'"),
        ([1, 2], "a list of 3 numbers, one for each class, not [1, 2]"),
        ({"a": 1, "b": 2, "c": 3}, "a list of 3 numbers, one for each class, not {'a': 1"),
        (2, "a list of 3 numbers, one for each class, not 2"),
        ([1, 0, 2], "class weights are positive numbers, not [1, 0, 2]"),
        ([1, float("inf"), 2], "class weights are positive numbers, not [1, inf, 2]"),
        ([1, True, 2], "class weights are positive numbers, not [1, True, 2]"),
        ([1, "2", 2], "class weights are positive numbers, not [1, '2', 2]"),
    ],
)
def test_weights_that_cannot_be_used(value: object, message: str) -> None:
    with pytest.raises(ExperimentError, match=re.escape(message)):
        class_weights(value, np.array([0, 1, 1]), 3)
