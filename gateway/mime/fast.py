"""The second reader: fast-mail-parser (Rust), for small mail in memory. Only this module knows that library.

It gives the shape, the labels and the decoded leaves, to be held against the splitter's; two readers that were written
apart rarely misread the same trick in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import fast_mail_parser as rust

SMALL = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Node:
    """One node as the second reader sees it. `content` is None for a container and for a leaf it cannot decode."""

    media_type: str
    file_name: str = field(repr=False)
    is_message: bool
    content: bytes | None = field(repr=False)
    damaged: bool
    children: tuple[Node, ...]
    subject: str = field(repr=False)


def read(source: bytes) -> Node | None:
    """The tree of a mail, or None where this reader gives up."""
    try:
        root = rust.parse_email_tree(source, mode="lazy")
    except rust.ParseError:
        return None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # how a failure inside Rust arrives; it has no importable name
            return None
        raise
    return _node(root)


def _node(part: rust.PyLazyMimePart) -> Node:
    children = tuple(_children(part))
    damaged = False
    content = None
    if not children:
        try:
            content = part.content
        except rust.DecodeError:
            damaged = True
    subject = next((values[0] for name, values in part.headers.items() if name.lower() == "subject" and values), "")
    return Node(part.content_type.lower(), part.filename or "", part.is_message, content, damaged, children, subject)


def _children(part: rust.PyLazyMimePart) -> Iterator[Node]:
    for child in part.children:
        yield _node(child)
