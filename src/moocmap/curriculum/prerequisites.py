"""What topics presuppose, transitively: what `order`, `delta` and `plan` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moocmap.curriculum.model import DEPTHS, Depth, Guide, deeper

TAUGHT: Depth = "uses"
"""From this depth on a lesson teaches a topic; a mention names it, no more."""


def at_least(depth: Depth | None, wanted: Depth) -> bool:
    """Tell whether a depth is there and reaches another one."""
    return depth is not None and DEPTHS.index(depth) >= DEPTHS.index(wanted)


def presupposed(guide: Guide, topic_ids: Iterable[str]) -> set[str]:
    """Return these topics with everything that they require, directly or through others."""
    found: set[str] = set()
    pending = list(topic_ids)
    while pending:
        topic_id = pending.pop()
        if topic_id not in found:
            found.add(topic_id)
            pending += guide.topic_by_id[topic_id].requires
    return found


def deepened(depths: Mapping[str, Depth], more: Mapping[str, Depth]) -> dict[str, Depth]:
    """Return the deeper of two depths for each topic that either knows."""
    merged = dict(depths)
    for topic_id, depth in more.items():
        merged[topic_id] = deeper(merged.get(topic_id, depth), depth)
    return merged
