"""Comments of a YAML file: where they stand, and what they are about.

PyYAML drops them, so they are found here between its tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

_COMMENT = re.compile(r"#[^\n]*")
_END = 1 << 62

Item = tuple[yaml.Node | None, yaml.Node]
"""A member of a collection: its key (None in a list) and its value."""


@dataclass(frozen=True)
class Comment:
    """A comment and its place in the text; `is_alone` when nothing else stands in its line."""

    index: int
    line: int
    column: int
    text: str
    is_alone: bool


@dataclass
class Notes:
    """The comments of one member of a collection, or of the collection itself; "" is a blank line."""

    before: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def find_comments(text: str) -> list[Comment]:
    """Find the comments: what follows a '#' outside of all tokens, or in the header of a folded text."""
    spans, end = [], 0
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        start = token.start_mark.index
        spans.append((end, start))
        end = max(end, token.end_mark.index)
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            spans.append((start, text.index("\n", start)))
    spans.append((end, len(text)))
    return [_comment(text, found) for a, b in spans for found in _COMMENT.finditer(text, a, b)]


def _comment(text: str, found: re.Match[str]) -> Comment:
    start = found.start()
    line_start = text.rfind("\n", 0, start) + 1
    is_alone = not text[line_start:start].strip(" -")
    return Comment(start, text.count("\n", 0, start), start - line_start, found.group().rstrip(), is_alone)


class Attachment:
    """Gives each comment to a node: to the one that follows it, or beside which it stands.

    `notes` holds them by the identity of the key, in lists of the value, or of the collection.
    """

    def __init__(self, root: yaml.Node, text: str) -> None:
        self.notes: dict[int, Notes] = {}
        self._root = root
        self._lines = re.split("[\n\x85\u2028\u2029]", text)  # what ends a line in YAML
        self._waiting = find_comments(text)
        self._met: list[tuple[int, int]] = []  # nodes so far, with the end of the flow collection around
        self._visit(root, _END, _END)
        self._of(root).after += self._take(_END)

    def _of(self, node: yaml.Node) -> Notes:
        return self.notes.setdefault(id(node), Notes())

    def _visit(self, node: yaml.Node, limit: int, flow_end: int) -> None:
        """Walk in the order of the text; `limit` is where the next node after this one starts."""
        if not isinstance(node, yaml.CollectionNode):
            return
        flow_end = node.end_mark.index if node.flow_style else flow_end
        items = [(key or value, value) for key, value in items_of(node)]
        limits = [*(member.start_mark.index for member, _ in items[1:]), limit][: len(items)]
        for position, ((member, value), following) in enumerate(zip(items, limits, strict=True)):
            self._of(member).before += self._take(member.start_mark.index)
            if (position or node is self._root) and self._follows_blank_line(member.start_mark):
                self._of(member).before.append("")
            self._met.append((id(member), flow_end))
            self._visit(value, following, flow_end)
        column = 0 if node.flow_style else node.start_mark.column
        self._of(node).after += self._take(node.end_mark.index if node.flow_style else limit, column)

    def _take(self, limit: int, column: int = 0) -> list[str]:
        """Take the comments before `limit`, from `column` on; those beside something go to it at once."""
        taken: list[str] = []
        while self._waiting and self._waiting[0].index < limit:
            comment = self._waiting[0]
            if comment.is_alone and comment.column < column:
                break
            self._waiting.pop(0)
            if comment.is_alone or not self._met:
                is_apart = comment.line > 0 and not self._lines[comment.line - 1].strip()
                taken += ["", comment.text] if is_apart else [comment.text]
            else:
                owner = next(member for member, end in reversed(self._met) if comment.index < end)
                self.notes[owner].beside.append(comment.text)
        return taken

    def _follows_blank_line(self, start: yaml.Mark) -> bool:
        is_first = not self._lines[start.line][: start.column].strip(" -")
        return is_first and start.line > 0 and not self._lines[start.line - 1].strip()


def items_of(node: yaml.CollectionNode) -> list[Item]:
    """Return the members of a collection, in the order of the text."""
    if isinstance(node, yaml.MappingNode):
        return list(node.value)
    return [(None, value) for value in node.value]
