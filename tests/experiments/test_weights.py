import numpy as np

from moocmap.experiments.models import weights, zoo

LAYERS = zoo.body("small-cnn") + zoo.head(3, hidden=[8])


def test_shapes_follow_the_layers() -> None:
    shapes = weights.shapes(LAYERS, 1)
    assert shapes["conv1/kernel"] == (3, 3, 1, 16)
    assert shapes["conv3/kernel"] == (3, 3, 32, 32)
    assert shapes["norm2/variance"] == (32,)
    assert shapes["head1/kernel"] == (32, 8)
    assert shapes["head-logits/bias"] == (3,)


def test_kernels_are_he_normal_and_the_rest_constant() -> None:
    drawn = weights.draw(LAYERS, 1, seed=3)
    kernel = drawn["conv3/kernel"]  # 9,216 values: the standard deviation's own error is below 1%
    assert abs(kernel.std() / np.sqrt(2 / (9 * 32)) - 1) < 0.03
    assert abs(kernel.mean()) < 0.005
    assert kernel.dtype == np.float32
    for name in ("norm1/gamma", "norm1/variance"):
        assert (drawn[name] == 1).all()
    for name in ("norm1/beta", "norm1/mean", "head1/bias"):
        assert (drawn[name] == 0).all()


def test_an_array_depends_on_seed_and_name_alone() -> None:
    one, same, other = (weights.draw(LAYERS, 1, seed) for seed in (1, 1, 2))
    assert weights.digest(one) == weights.digest(same) != weights.digest(other)
    elsewhere = weights.draw(zoo.body("small-cnn") + zoo.head(5, prefix="source"), 1, 1)
    assert (elsewhere["conv2/kernel"] == one["conv2/kernel"]).all()


def test_count_leaves_out_moving_statistics() -> None:
    drawn = weights.draw(LAYERS, 1, seed=0)
    by_hand = 9 * 16 + 9 * 16 * 32 + 9 * 32 * 32 + 2 * (16 + 32 + 32) + 32 * 8 + 8 + 8 * 3 + 3
    assert weights.count(drawn) == by_hand
    assert weights.count(weights.of_layers(drawn, zoo.head(3, hidden=[8]))) == 32 * 8 + 8 + 8 * 3 + 3


def test_digest_sees_values_names_and_shapes() -> None:
    zeros = np.zeros((2, 3), np.float32)
    digests = {
        weights.digest(arrays)
        for arrays in (
            {"a": zeros},
            {"b": zeros},
            {"a": zeros.reshape(3, 2)},
            {"a": zeros + 1},
            {"a": zeros.astype(np.float64)},
        )
    }
    assert len(digests) == 5
