# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that come in pages: read to their end, whatever the order of the pages and whatever the cloud counts."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._providers.answers import objects, told_id, unreadable
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import number, text
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Mapping
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import ListAction

#: Asks for a page, given the parameters that say which.
Ask = t.Callable[[dict[str, t.Any]], dict[str, t.Any]]
#: Makes something of an item. Items are parsed page by page, since raw ones take memory.
Parse = t.Callable[[dict[str, t.Any]], t.Any]

#: A cloud whose pages never end is not to be believed: at 50 items a page, this is half a million items.
_MAX_PAGES = 10_000
#: So many pages are read side by side before looking whether they still bring anything new.
_WINDOW = 40
#: A cap on the length of a page that a cloud does not tell of is a multiple of this, as far as anybody has seen one.
_ROUND = 10


class Page(t.NamedTuple):
    """One page of a list as a cloud gave it.

    :param items: the items by id; one without an id has a key of its own.
    :param total: how many there are on all pages; None where the cloud does not say it.
    :param full: it has as many items as a page can have, for all that is known.
    """

    items: dict[str, t.Any]
    total: int | None
    full: bool = False


class Listing(t.NamedTuple):
    """A list read to its end; C(missing) is how many items more the cloud counted than it showed."""

    items: list[t.Any]
    missing: int


def read_pages(
    action: str,
    fetch: t.Callable[[int], Page],
    page_size: int,
    concurrently: Mapping | None = None,
    to_the_end: bool = False,
) -> Listing:
    """Read a list to its end.

    The first page tells how many there are, and the others are read side by side. Nothing promises that the order is
    stable between pages, so items may come twice (the later one counts) and the total may be met by repetitions; hence
    further pages are read until as many different items came as the cloud counts, or they bring nothing new.

    :param fetch: returns the page with this number, counted from 1.
    :param concurrently: how to read pages side by side; None reads them one after another.
    :param to_the_end: do not take the cloud's count for the end: a full page, and one that is as long as the first of
        several, is followed by one more read.
    :raises ApiError: the pages do not end.
    """
    page = fetch(1)
    items = dict(page.items)
    total = _believable(page.total, items)
    known, last = 0, 1
    # A cloud may have shorter pages than were asked for, and not say so.
    first_length = len(page.items)
    full = page.full
    while len(items) > known and (total is None or len(items) < total or (to_the_end and full)):
        known = len(items)
        counted = 0 if total is None or concurrently is None else min(-(-total // page_size), last + _WINDOW)
        numbers = range(last + 1, max(counted, last + 1) + 1)
        last = numbers[-1]
        if last > _MAX_PAGES:
            raise _endless(action)
        for page in concurrently(fetch, numbers) if concurrently else map(fetch, numbers):
            items.update(page.items)
        full = page.full or len(page.items) >= first_length > 0
        total = _believable(total, items)
    return Listing(list(items.values()), max(0, (total or 0) - len(items)))


def _believable(total: int | None, items: t.Sized) -> int | None:
    """Return the cloud's count; None where the list itself disproves it, so that it must not end the reading."""
    return None if total is None or total < len(items) else total


def _endless(action: str) -> ApiError:
    return ApiError(action, ErrorKind.REFUSED, f"the list does not end after {_MAX_PAGES} pages", final=True)


def _items(listed: ListAction, answer: t.Mapping[str, t.Any], total: int | None = None) -> list[dict[str, t.Any]]:
    """Return the items of a page.

    :raises ApiError: the list is missing although the cloud does not count nothing, or it cannot be read.
    """
    value: t.Any = answer
    for name in listed.path:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None and total != 0:
        raise unreadable(listed.action, f"the answer has no {'.'.join(listed.path)}")
    return objects(value, listed.action, listed.path[-1])


def _by_id(listed: ListAction, items: t.Iterable[dict[str, t.Any]], parse: Parse) -> dict[str, t.Any]:
    return {text(item.get(listed.id_field)) or repr(item): parse(item) for item in items}


class NumberedPages(t.NamedTuple):
    """Pages that are asked for by number, counted from 1, with a count of all items in each: their names for it."""

    page_number: str
    page_size: str
    total: str

    def read(
        self,
        listed: ListAction,
        ask: Ask,
        parse: Parse,
        page_size: int,
        concurrently: Mapping | None = None,
        to_the_end: bool = False,
    ) -> Listing:
        """Read a list as C(read_pages()) does."""

        def fetch(page_number: int) -> Page:
            answer = ask({self.page_number: page_number, self.page_size: page_size})
            items, total = self.items(listed, answer)
            told_size = number(answer.get(self.page_size))
            full = len(items) >= min(page_size, told_size or page_size)
            if told_size is None:
                full = full or (bool(items) and len(items) % _ROUND == 0)
            return Page(_by_id(listed, items, parse), total, full)

        return read_pages(listed.action, fetch, page_size, concurrently, to_the_end)

    def items(self, listed: ListAction, answer: t.Mapping[str, t.Any]) -> tuple[list[dict[str, t.Any]], int | None]:
        """Return the items of a page, and how many the cloud counts on all pages, if it does.

        :raises ApiError: there is no list.
        """
        total = number(answer.get(self.total))
        return _items(listed, answer, total), total


class PageTokens(t.NamedTuple):
    """Pages each of which tells how to ask for the next one, until one tells null: the cloud's names for it."""

    page_size: str
    token: str
    next_token: str

    def read(
        self,
        listed: ListAction,
        ask: Ask,
        parse: Parse,
        page_size: int,
        concurrently: Mapping | None = None,
        to_the_end: bool = False,
    ) -> Listing:
        """Read a list page by page to the one that names no other.

        :param concurrently: of no use, since no page can be asked for before the one before it came.
        :param to_the_end: is done in any case.
        :raises ApiError: a page does not tell whether it is the last one, or they do not end.
        """
        items: dict[str, t.Any] = {}
        told: set[str] = set()
        token: str | None = None
        while len(told) < _MAX_PAGES:
            answer = ask({self.page_size: page_size, self.token: token})
            items.update(_by_id(listed, _items(listed, answer), parse))
            if self.next_token not in answer:
                raise unreadable(listed.action, f"the answer has no {self.next_token}")
            token = told_id(answer, listed.action, self.next_token)
            if token is None:
                return Listing(list(items.values()), missing=0)
            if token in told:
                raise unreadable(listed.action, "the pages of the list lead in a circle")
            told.add(token)
        raise _endless(listed.action)
