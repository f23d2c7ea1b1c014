# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an answer must hold to be believed: whatever is not as it should be proves nothing."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.addresses import cloud_address, is_ipv6
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import usable_id
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind


def unreadable(action: str, detail: str) -> ApiError:
    """Make the error of an answer that proves nothing, and that asking again would not mend."""
    return ApiError(action, ErrorKind.NO_ANSWER, detail, final=True)


def objects(value: t.Any, action: str, name: str) -> list[dict[str, t.Any]]:
    """Return a cloud's list of objects; null is an empty one.

    :raises ApiError: it is something else, so that nothing is known.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise unreadable(action, f"{name} in the answer is no list of objects")
    return value


def told_objects(answer: t.Mapping[str, t.Any], action: str, name: str) -> list[dict[str, t.Any]]:
    """Return a list of objects that an answer must have; null is an empty one.

    :raises ApiError: it is missing or something else, so that nothing is known.
    """
    if name not in answer:
        raise unreadable(action, f"the answer has no {name}")
    return objects(answer[name], action, name)


def told_texts(answer: t.Mapping[str, t.Any], action: str, name: str) -> list[str]:
    """Return a list of ids or other texts; empty where it is missing or null.

    :raises ApiError: it is something else, so that nothing is known.
    """
    value = answer.get(name)
    values = [] if value is None else value
    read = [usable_id(item) for item in values] if isinstance(values, list) else [None]
    if None in read:
        raise unreadable(action, f"{name} in the answer is no list of texts")
    return [item for item in read if item]


def told_id(answer: t.Mapping[str, t.Any], action: str, name: str) -> str | None:
    """Return an id; None where it is missing, null or empty.

    :raises ApiError: it can be no id, so that nothing is known.
    """
    if answer.get(name) in (None, ""):
        return None
    return needed_id(answer, action, name)


def needed_id(answer: t.Mapping[str, t.Any], action: str, name: str) -> str:
    """Return an id without which nothing is known.

    :raises ApiError: it is missing, or can be no id.
    """
    found = usable_id(answer.get(name))
    if found is None:
        raise unreadable(action, f"an entry of the answer has no {name}")
    return found


def refuse_if_untold(action: str, *told: t.Any) -> None:
    """Refuse an entry that tells nothing by which it could be known: neither its id, nor what it uses.

    :raises ApiError: all of C(told) are missing, so that what the entry uses is not known.
    """
    if not any(told):
        raise unreadable(action, "an entry of the answer has neither its id nor what it uses")


def told_address(value: t.Any, action: str, what: str) -> str | None:
    """Return an IPv4 address; None where there is none: missing, null, empty, or an IPv6 address.

    :param what: it belongs to, for the message.
    :raises ApiError: it cannot be read, so that nothing is known.
    """
    if value in (None, "") or is_ipv6(value):
        return None
    address = cloud_address(value)
    if address is None:
        raise unreadable(action, f"an entry of the answer has an address that cannot be read ({what})")
    return address


def needed_address(value: t.Any, action: str, what: str) -> str | None:
    """Return an address as C(told_address()) does, of an entry that must have one.

    :raises ApiError: also where there is none.
    """
    if value in (None, ""):
        raise unreadable(action, f"an entry of the answer has no address ({what})")
    return told_address(value, action, what)


def single_address(network: t.Any, action: str, what: str) -> str | None:
    """Return the one IPv4 address that a network in CIDR notation, or a bare address, names; None for a wider one.

    :raises ApiError: it cannot be read, so that nothing is known.
    """
    if network in (None, "") or is_ipv6(network):
        return None
    try:
        parsed = ipaddress.IPv4Interface(network if isinstance(network, str) else "")
    except ValueError:
        raise unreadable(action, f"an entry of the answer has a network that cannot be read ({what})") from None
    return str(parsed.ip) if parsed.network.prefixlen == parsed.max_prefixlen else None
