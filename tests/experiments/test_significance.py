import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from moocmap.experiments.results.record import Record
from moocmap.experiments.results.significance import exact_p, holm, mcnemar, sign_tests

from .made_up import made_up

answers = st.lists(st.booleans(), min_size=1, max_size=30)


def record(library: str, right: list[bool], seed: int = 0, **parts: object) -> Record:
    """A record of images that all are dogs, right where it says so."""
    return made_up(
        library, seed, labels=["dog"] * len(right), dog=[0.9 if one else 0.1 for one in right], **parts
    )


def test_mcnemar_by_hand() -> None:
    a, b = [True] * 8 + [False, True, False], [True] * 2 + [False] * 6 + [True, True, False]
    pair = mcnemar(record("keras", a), record("fastai", b))
    assert (pair.both, pair.only_a, pair.only_b, pair.neither) == (3, 6, 1, 1)
    # Of 7 images, 0 or 1 or 6 or 7 fall on one side with probability 2 (1 + 7) / 2^7.
    assert pair.p == pytest.approx(16 / 128)


@given(a=answers, seed=st.integers(0, 10))
def test_mcnemar_is_the_binomial_test(a: list[bool], seed: int) -> None:
    b = list(np.random.default_rng(seed).random(len(a)) < 0.5)
    pair = mcnemar(record("keras", a), record("fastai", b))
    smaller, n = min(pair.only_a, pair.only_b), pair.only_a + pair.only_b
    assert pair.p == pytest.approx(min(1.0, 2 * stats.binom.cdf(smaller, n, 0.5)))
    assert pair.both + pair.only_a + pair.only_b + pair.neither == len(a)
    [test] = sign_tests([record("keras", a), record("fastai", b)])
    assert test.p == pytest.approx(pair.p), "over one seed the sign test is McNemar's"


def test_an_image_counts_once_however_many_seeds_agree_on_it() -> None:
    a, b = [True] * 5 + [False], [False] * 5 + [True]
    one = [record("keras", a), record("fastai", b)]
    three = [record(lib, right, seed) for seed in (0, 1, 2) for lib, right in (("keras", a), ("fastai", b))]
    [single], [pooled] = sign_tests(one), sign_tests(three)
    assert len(pooled.pairs) == 3
    assert (pooled.a, pooled.b, pooled.better_a, pooled.better_b) == ("fastai", "keras", 1, 5)
    assert pooled.p == single.p == exact_p(1, 5)
    assert pooled.p > exact_p(3, 15), "summed counts would seem three times as sure"


def test_seeds_are_weighed_image_by_image() -> None:
    runs = [
        record("keras", [True, True, False], 0),
        record("keras", [True, False, False], 1),
        record("fastai", [False, False, False], 0),
        record("fastai", [False, True, False], 1),
    ]
    [test] = sign_tests(runs)
    assert (test.images, test.better_a, test.better_b) == (3, 0, 1)
    assert [(pair.only_a, pair.only_b) for pair in test.pairs] == [(0, 2), (1, 1)]


def test_images_are_paired_by_id_whatever_their_order() -> None:
    a = record("keras", [True, False], ids=["x.png", "y.png"])
    b = record("fastai", [True, False], ids=["y.png", "x.png"])
    assert (mcnemar(a, b).only_a, mcnemar(a, b).only_b) == (1, 1)
    other = record("fastai", [True, False], ids=["y.png", "z.png"])
    with pytest.raises(ValueError, match="the same images"):
        mcnemar(a, other)
    assert sign_tests([a, other]) == []
    assert sign_tests([a, record("fastai", [True, False], seed=1, ids=["x.png", "y.png"])]) == []


@given(values=st.lists(st.floats(0, 1), max_size=8))
def test_holm_is_a_correction(values: list[float]) -> None:
    found = holm(values)
    assert all(p <= corrected <= 1 for p, corrected in zip(values, found, strict=True))
    order = np.argsort(values, kind="stable")
    assert list(np.asarray(found)[order]) == sorted(found)


def test_holm_by_hand_and_across_models() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    runs = [
        record(library, right, model=model)
        for model in ("small-cnn", "vgg16")
        for library, right in (("keras", [True] * 8), ("fastai", [False] * 8))
    ]
    found = sign_tests(runs)
    assert [test.model for test in found] == ["small-cnn", "vgg16"]
    assert [test.p for test in found] == pytest.approx([2 / 2**8] * 2)
    assert [test.adjusted for test in found] == pytest.approx([4 / 2**8] * 2)


def test_no_disagreement_is_no_evidence() -> None:
    assert exact_p(0, 0) == 1.0
