# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other people's text on its way into our messages: one line, printable, of a bounded length, without secrets."""

from __future__ import annotations

import html
import re
import typing as t

#: Of a text of any length, no more than this is looked at.
_LOOKED_AT = 10_000
_NOT_TEXT = re.compile(
    r"<(script|style|head|title)\b.*?(</\1\s*>|$)|<!--.*?(-->|$)|<[^>]*(>|$)", re.DOTALL | re.IGNORECASE
)
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title\s*>", re.DOTALL | re.IGNORECASE)
#: Shorter ones would take harmless words out of a text.
_SHORTEST_SECRET = 6


def one_line(text: str, longest: int = 500) -> str:
    """Return the text in one line of at most C(longest) characters, marked where it was cut.

    What cannot be printed is left out: control characters, and halves of surrogate pairs, which no JSON can hold.
    """
    words = "".join(c if c.isprintable() else " " for c in text[:_LOOKED_AT]).split()
    line = " ".join(words)
    return line if len(line) <= longest and len(text) <= _LOOKED_AT else line[: longest - 1] + "…"


def web_page_excerpt(content: bytes, secrets: t.Iterable[str] = (), longest: int = 100) -> str | None:
    """Return what a web page says, without its tags; None for anything else, and for a page without words.

    :param secrets: what must not be in it, should the page repeat the request.
    """
    text = content[:_LOOKED_AT].decode("utf-8", "replace")
    if not text.lstrip("\ufeff \r\n\t").startswith("<"):
        return None
    title = _TITLE.search(text)
    said = f"{title.group(1) if title else ''} {_NOT_TEXT.sub(' ', text)}"
    said = html.unescape(said)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            said = said.replace(secret, "***")
    return one_line(said, longest) or None
