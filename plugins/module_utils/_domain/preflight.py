# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a preflight concludes from what was read, and what of it may be shown to everybody."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import first_few

PASSED = "passed"
FAILED = "failed"
UNKNOWN = "unknown"
SKIPPED = "skipped"

#: Signatures of both clouds stay valid for minutes, but a clock that is a minute off is on its way there.
MOST_SECONDS_OFF = 60.0

_HIDDEN = "(an address)"
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?")
#: What may be an IPv6 address; the times of a day look alike.
_WITH_COLONS = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*[0-9A-Fa-f:]")


def without_addresses(value: t.Any) -> t.Any:
    """Return the same texts, lists and mappings without the IP addresses in them."""
    if isinstance(value, str):
        return _WITH_COLONS.sub(_hide_ipv6, _IPV4.sub(_HIDDEN, value))
    if isinstance(value, (list, tuple)):
        return [without_addresses(item) for item in value]
    if isinstance(value, t.Mapping):
        return {name: without_addresses(item) for name, item in value.items()}
    return value


def _hide_ipv6(match: re.Match[str]) -> str:
    for end in range(len(match.group()), 1, -1):
        try:
            ipaddress.IPv6Address(match.group()[:end])
        except ValueError:
            continue
        return _HIDDEN + match.group()[end:]
    return match.group()


def paging_fault(rounds: t.Sequence[t.Sequence[t.Sequence[str]]], total: int | None, to_the_end: bool) -> str | None:
    """Tell what is wrong with a list that was read page by page, more than once; None where nothing is.

    :param rounds: the ids on each page, each time.
    :param total: how many the cloud counts; None where it does not say.
    :param to_the_end: the pages should show all there are.
    """
    for pages in rounds:
        ids = [identifier for page in pages for identifier in page]
        twice = [identifier for identifier in dict.fromkeys(ids) if ids.count(identifier) > 1]
        if twice:
            return f"{first_few(twice)} came on more than one page"
        if to_the_end and total is not None and len(ids) != total:
            return f"the pages show {len(ids)} network interfaces, and the cloud counts {total}"
    different = sorted({frozenset(identifier for page in pages for identifier in page) for pages in rounds}, key=len)
    if len(different) > 1:
        changed = frozenset.union(*different) - frozenset.intersection(*different)
        return f"the same pages show {first_few(sorted(changed))} one time and not the other"
    return None
