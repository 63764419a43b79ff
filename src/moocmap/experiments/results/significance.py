"""Whether two libraries' predictions differ by more than chance: McNemar's exact test, also over seeds.

The paired differences of `compare` ask how far two libraries are apart over other *random starts* on this
split. The tests here ask about other *test images* with the models as they are. Both matter, and neither
replaces the other.

For one seed this is McNemar's test (1947) in its exact form: of the images that one model gets right and the
other wrong, each model should have half if both are equally accurate; the p-value is the two-sided binomial
one. Over seeds the counts must not be summed: every seed predicts the *same* images, and an image that is
hard for a library is so with every seed. So each image counts once: for the library that got it right with
more of the seeds, or for neither. That is the exact sign test, and with one seed it is McNemar's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import pandas as pd
from scipy.special import bdtr

from moocmap.experiments.results.compare import by_library
from moocmap.experiments.results.record import Record


@dataclass(frozen=True)
class Pair:
    """What two models got right and wrong on the same images: `p` of McNemar's exact test, two-sided."""

    seed: int
    both: int
    only_a: int
    only_b: int
    neither: int
    p: float


@dataclass(frozen=True)
class SignTest:
    """Two libraries with one model and recipe: a table for each seed, and all seeds together.

    Of `images` test images, library `a` was right with more seeds than `b` on `better_a`, and the other way
    round on `better_b`; `p` is that of the exact sign test on these two counts. `adjusted` is `p` after
    Holm's correction for all tests of the experiment.
    """

    a: str
    b: str
    model: str
    recipe: str
    images: int
    pairs: Sequence[Pair]
    better_a: int
    better_b: int
    p: float
    adjusted: float


def mcnemar(a: Record, b: Record) -> Pair:
    """Compare the predictions of two records with McNemar's exact test.

    Raises:
        ValueError: if the records are not of the same test images.
    """
    return _pair(a.seed, _right(a), _right(b))


def sign_tests(records: Iterable[Record]) -> list[SignTest]:
    """Compare each two libraries with the same model and recipe, seed by seed and over all common seeds.

    Libraries without a common seed, or whose records are of different test images, are left out: there is
    nothing to pair.
    """
    found = []
    for (model, recipe), libraries in by_library(records).items():
        for a, b in combinations(libraries, 2):
            seeds = sorted(libraries[a].keys() & libraries[b].keys())
            if seeds and _same_images([libraries[name][seed] for name in (a, b) for seed in seeds]):
                sides = [[_right(libraries[name][seed]) for seed in seeds] for name in (a, b)]
                found.append(_test((a, b, model, recipe), seeds, *sides))
    adjusted = holm([test.p for test in found])
    return [replace(test, adjusted=p) for test, p in zip(found, adjusted, strict=True)]


def exact_p(wins: int, losses: int) -> float:
    """Return the two-sided p-value of these counts if each case could fall on either side alike."""
    # The cumulative binomial distribution; scipy.stats has the test, but takes a second to import.
    return min(1.0, 2 * float(bdtr(min(wins, losses), wins + losses, 0.5)))


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's method (1979), in the order given."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found, least = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(values) - rank) * values[place]))
        found[place] = least
    return found


def _right(record: Record) -> pd.Series[bool]:
    """Return whether the prediction of each test image was right, by the image's id."""
    table = record.predictions
    return (table["label"] == table["prediction"]).set_axis(table["id"].astype(str))


def _same_images(records: Sequence[Record]) -> bool:
    ids = [sorted(record.predictions["id"].astype(str)) for record in records]
    return all(one == ids[0] for one in ids) and len(set(ids[0])) == len(ids[0])


def _pair(seed: int, a: pd.Series[bool], b: pd.Series[bool]) -> Pair:
    if sorted(a.index) != sorted(b.index) or a.index.has_duplicates:
        raise ValueError("expected the predictions of the same images, each once")
    b = b.reindex(a.index)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return Pair(seed, int((a & b).sum()), only_a, only_b, int((~a & ~b).sum()), exact_p(only_a, only_b))


def _test(
    names: tuple[str, str, str, str],
    seeds: Sequence[int],
    a: Sequence[pd.Series[bool]],
    b: Sequence[pd.Series[bool]],
) -> SignTest:
    ids = a[0].index
    counts = [pd.concat([one.reindex(ids) for one in side], axis=1).sum(axis=1) for side in (a, b)]
    ahead = counts[0] - counts[1]
    better_a, better_b = int((ahead > 0).sum()), int((ahead < 0).sum())
    p = exact_p(better_a, better_b)
    pairs = [_pair(seed, one, other) for seed, one, other in zip(seeds, a, b, strict=True)]
    return SignTest(*names, len(ids), pairs, better_a, better_b, p, p)
