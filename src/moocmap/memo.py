"""Remembers what was made of an object, for as long as the object itself stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """Makes each thing once, under a key."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def __call__(self, key: Any, make: Callable[[], T]) -> T:
        """Return what is made under a key; it is made when first asked for."""
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found
