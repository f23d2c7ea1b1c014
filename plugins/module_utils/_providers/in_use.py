# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a cloud is asked what uses addresses: all lists side by side, then all that tells more of what they list."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.answers import needed_id


class ListAction(t.NamedTuple):
    """An action that lists something.

    :param path: where the items are in the answer; empty where the answer is the one item.
    :param id_field: the items' id.
    :param paged: the list comes in pages, with a count of the items.
    :param fields: where the items hold secrets, the fields that are kept, and nothing else is.
    """

    action: str
    path: tuple[str, ...]
    id_field: str
    paged: bool = True
    fields: tuple[str, ...] | None = None


class Lookup(t.NamedTuple):
    """A question what uses addresses; equal ones are asked once.

    :param vpc_id: the VPC that it is about; None where it is not about one, or about all.
    """

    action: ListAction
    parameters: tuple[tuple[str, t.Any], ...] = ()
    vpc_id: str | None = None


class Places(t.NamedTuple):
    """Where the network interfaces are.

    :param vpc_ids: None stands for all of them, since the cloud does not tell the VPC of a network interface.
    :param regions: None where the cloud does not tell the region of a network interface.
    """

    vpc_ids: list[str | None]
    regions: list[str] | None

    @classmethod
    def of(cls, network_interfaces: t.Sequence[NetworkInterface]) -> Places:
        regions = {nic.region_id for nic in network_interfaces}
        return cls(
            sorted({nic.vpc_id for nic in network_interfaces}, key=str),
            None if None in regions else sorted(map(str, regions)),
        )


Scope = t.Callable[[Places], "list[Lookup]"]


def in_each_vpc(action: ListAction, parameter: str, listed: bool = False) -> Scope:
    """Ask once for each VPC.

    :param parameter: names the VPC; C(listed) where it takes a list.
    """

    def lookups(places: Places) -> list[Lookup]:
        return [
            Lookup(action, ((parameter, (vpc_id,) if listed and vpc_id else vpc_id),), vpc_id)
            for vpc_id in places.vpc_ids
        ]

    return lookups


def in_each_region(action: ListAction, parameter: str) -> Scope:
    """Ask once for each region, or for all of them at once where one is not known."""

    def lookups(places: Places) -> list[Lookup]:
        if places.regions is None:
            return [Lookup(action)]
        return [Lookup(action, ((parameter, region),)) for region in places.regions]

    return lookups


def more_of(listed: ListAction, detail: ListAction, **parameters: str) -> t.Callable[[dict[str, t.Any]], Lookup]:
    """Return what asks for more of an item of a list by its id, which goes by the same name in both actions."""

    def lookup(item: dict[str, t.Any]) -> Lookup:
        identifier = needed_id(item, listed.action, listed.id_field)
        return Lookup(detail, ((listed.id_field, identifier), *parameters.items()))

    return lookup


class Listed(t.NamedTuple):
    """An item of a list.

    :param vpc_id: where it is; None where that is not told.
    :param details: what the cloud tells of it when asked for more.
    """

    item: dict[str, t.Any]
    vpc_id: str | None
    details: list[dict[str, t.Any]]


class InUseSource(t.NamedTuple):
    """A kind of thing that may use addresses.

    :param name: how the option in_use_sources calls it.
    :param scope: what lists these things.
    :param uses: finds what the listed things use, given the network interfaces as well.
    :param detail: what tells more of a listed thing; None where there is nothing to be told.
    """

    name: str
    scope: Scope
    uses: t.Callable[[list[Listed], t.Sequence[NetworkInterface]], t.Iterable[Use]]
    detail: t.Callable[[dict[str, t.Any]], Lookup | None] = lambda item: None


#: Look-ups, each with the names of the sources that need it.
Asked = dict[Lookup, "list[str]"]
Answers = dict[Lookup, "list[dict[str, t.Any]]"]
