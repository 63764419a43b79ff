"""The cheapest set of lessons that covers what one needs: weighted set cover, solved exactly.

Knows neither guides nor courses: a lesson is here a price in minutes and the set of things that it covers.
Set cover is one of Karp's NP-complete problems; as an integer program HiGHS solves it for hundreds of
lessons in well under a second (`scipy.optimize.milp`).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from moocmap.diagnostics import UsableError

BLOCK = 20
"""So many lessons are ordered by one search: weights up to 2^20 stay far from a double's precision."""
TIME_LIMIT = 60.0
"""Seconds that one search may take before it is given up."""


def cheapest_cover(minutes: Sequence[int], covers: Sequence[Set[str]], wanted: Set[str]) -> list[int]:
    """Return the lessons (ascending indices) that together cover everything wanted for the least minutes.

    `minutes` and `covers` go lesson by lesson, in the order of the data. Of several sets with equally few
    minutes it is one with the fewest lessons, and of these the one that holds the first lesson in which they
    differ. So the answer is unique, and another exact method must find the same.

    Raises ValueError when something wanted is covered by no lesson, UsableError when a search takes longer
    than `TIME_LIMIT`.
    """
    if missing := wanted - set[str]().union(*covers):
        raise ValueError(f"covered by no lesson: {', '.join(sorted(missing))}")
    # A lesson without anything wanted stands in no best set: without it the set has fewer lessons.
    useful = [index for index, covered in enumerate(covers) if covered & wanted]
    if not useful:
        return []
    search = _Search([covers[index] & wanted for index in useful], wanted)
    search.minimise_and_hold([minutes[index] for index in useful])
    best = search.minimise_and_hold([1] * len(useful))
    if search.has_other_than(best):
        best = search.first_in_order()
    return [useful[place] for place in best]


class _Search:
    """One 0/1 variable for each lesson: 1 when it is chosen. Each search adds to what the next must keep."""

    def __init__(self, covers: Sequence[Set[str]], wanted: Set[str]) -> None:
        self.size = len(covers)
        self.rows = [[float(thing in covered) for covered in covers] for thing in sorted(wanted)]
        self.least = [1.0] * len(self.rows)
        """Constraints: a row's coefficients times the variables come at least to this."""
        self.low, self.high = [0.0] * self.size, [1.0] * self.size

    def minimise_and_hold(self, costs: Sequence[int]) -> list[int]:
        """Return a set of least cost, and hold all later searches to that cost."""
        best = self._solve(costs)
        if best is None:
            raise RuntimeError("HiGHS found no set where there is one")
        self._demand([-cost for cost in costs], -sum(costs[place] for place in best))
        return best

    def has_other_than(self, best: Sequence[int]) -> bool:
        """Tell whether another set is possible; all have as many lessons, so it must lack one of these."""
        self._demand([-int(place in best) for place in range(self.size)], 1 - len(best))
        other = self._solve([0] * self.size)
        self.rows.pop()
        self.least.pop()
        return other is not None

    def first_in_order(self) -> list[int]:
        """Return the set that holds the earliest lesson in which it differs from any other.

        Weights 2^k within a block of lessons make the earlier one count more than all later ones together;
        what is found for a block is fixed before the next.
        """
        best: list[int] = []
        for start in range(0, self.size, BLOCK):
            block = range(start, min(start + BLOCK, self.size))
            weights = [
                -(2 ** (block.stop - 1 - place)) if place in block else 0 for place in range(self.size)
            ]
            best = self._solve(weights) or best
            for place in block:
                self.low[place] = self.high[place] = float(place in best)
        return best

    def _demand(self, row: Sequence[int], least: int) -> None:
        self.rows.append([float(number) for number in row])
        self.least.append(float(least))

    def _solve(self, costs: Sequence[int]) -> list[int] | None:
        """Return the places of the chosen lessons, or None when nothing is possible."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp

        found: Any = milp(
            np.array(costs, dtype=float),
            integrality=np.ones(self.size, dtype=np.int64),
            bounds=Bounds(self.low, self.high),
            constraints=LinearConstraint(np.array(self.rows), np.array(self.least), np.inf),
            options={"mip_rel_gap": 0, "time_limit": TIME_LIMIT},
        )
        if found.status == 2:
            return None
        if found.status != 0:
            hint = "name fewer goals, or fewer courses to choose from"
            raise UsableError(f"no plan found within {TIME_LIMIT:g} seconds; {hint}")
        return [place for place in range(self.size) if found.x[place] > 0.5]
