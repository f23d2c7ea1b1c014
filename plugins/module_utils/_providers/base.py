# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all clouds do alike: reading lists and network interfaces without believing more than an answer shows."""

from __future__ import annotations

import abc
import json
import typing as t
import weakref

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import (
    InUse,
    NetworkInterface,
    is_id,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import first_few
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import (
    ApiClient,
    Page,
    number,
    read_pages,
    text,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import READ_BATCH, Provider, Runtime
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import match_in_use

#: For lists other than network interfaces; every one of them documents at least this many a page.
_LOOKUP_PAGE_SIZE = 100


class Credentials(t.Protocol):
    """What a cloud's calls are signed with; equal ones are the same."""

    @property
    def secrets(self) -> frozenset[str]:
        """The parts that must not appear in any output."""

    def __hash__(self) -> int:
        """Hash all parts."""


#: What was told over connections that the items of a loop share, by credentials: these never change hands.
_accounts: weakref.WeakKeyDictionary[HttpSession, dict[Credentials, str]] = weakref.WeakKeyDictionary()


class ListAction(t.NamedTuple):
    """A paged action.

    :param path: where the items are in the answer.
    :param id_field: the items' id.
    """

    action: str
    path: tuple[str, ...]
    id_field: str


class IdentityAction(t.NamedTuple):
    """An action that tells whose the credentials are.

    :param field: where the id of the account is in the answer.
    :param permission: says what it takes to call the action.
    """

    action: str
    field: str
    permission: str


class PagingFields(t.NamedTuple):
    """What a cloud calls the parameters and fields of paging."""

    page_number: str
    page_size: str
    total: str


class InUseSource(t.NamedTuple):
    """Something in a VPC that may use private addresses.

    :param scope: makes the list's parameters for one VPC, or for all where the id is None.
    :param uses: finds what an item of the list uses, with a call of its own where the list does not tell.
    """

    action: ListAction
    scope: t.Callable[[str | None], dict[str, t.Any]]
    uses: t.Callable[[dict[str, t.Any]], t.Iterable[InUse | None]]


class EipSource(t.NamedTuple):
    """Elastic IPs.

    :param network_interface: the parameter that asks for those of one network interface; likewise C(region).
    :param uses: finds the network interfaces that an elastic IP uses.
    """

    action: ListAction
    network_interface: str
    region: str
    uses: t.Callable[[dict[str, t.Any]], t.Iterable[tuple[str, InUse]]]


def _unreadable(action: str, detail: str) -> ApiError:
    """Make the error of an answer that proves nothing, and that asking again would not mend."""
    return ApiError(action, ErrorKind.NO_ANSWER, detail, final=True)


def objects(value: t.Any, action: str, name: str) -> list[dict[str, t.Any]]:
    """Return a cloud's list of objects.

    :raises ApiError: it is something else, so that nothing is known.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _unreadable(action, f"{name} in the answer is no list of objects")
    return value


class CloudProvider(Provider):
    """The base of every cloud's provider."""

    #: How this cloud lists network interfaces, and the parameter that names some of them.
    network_interfaces: t.ClassVar[ListAction]
    ids_parameter: t.ClassVar[str]
    paging: t.ClassVar[PagingFields]
    identity: t.ClassVar[IdentityAction]

    def __init__(
        self,
        client: ApiClient,
        credentials: Credentials,
        endpoint: str,
        runtime: Runtime,
        identity_client: t.Callable[[], ApiClient] | None = None,
    ) -> None:
        """
        :param identity_client: makes the client for C(identity) where that belongs to another service.
        """
        self._client = client
        self._identity_client = identity_client
        self._clients = [client]
        self._credentials = credentials
        self._endpoint = endpoint
        self._runtime = runtime

    @property
    def secrets(self) -> frozenset[str]:
        return self._credentials.secrets

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def calls(self) -> dict[str, int]:
        return {action: count for client in self._clients for action, count in client.calls.items()}

    @property
    def throttled(self) -> int:
        return sum(client.throttled for client in self._clients)

    def account(self) -> str:
        client = self._client
        if self._identity_client is not None:
            client = self._identity_client()
            self._clients.append(client)
        told = _accounts.setdefault(client.session, {})
        if self._credentials not in told:
            told[self._credentials] = self._ask_account(client)
        return told[self._credentials]

    def _ask_account(self, client: ApiClient) -> str:
        action, field, permission = self.identity
        try:
            value = client.read(action, {}).get(field)
        except ApiError as error:
            if error.kind is not ErrorKind.AUTH:
                raise
            raise ApiError(
                action,
                error.kind,
                f"{error.detail}; {permission}",
                code=error.code,
                status=error.status,
                request_id=error.request_id,
            ) from None
        account = str(value) if number(value) is not None else value
        if not is_id(account):
            raise _unreadable(action, f"the answer has no {field} that could be one")
        return str(account)

    @abc.abstractmethod
    def _network_interface(self, item: dict[str, t.Any]) -> NetworkInterface:
        """Make a network interface of an entry in the cloud's list."""

    @abc.abstractmethod
    def _filter_parameters(self, filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Translate filters to the parameters of the list action; None leaves a parameter out."""

    def read_network_interfaces(self, ids: t.Sequence[str]) -> dict[str, NetworkInterface | None]:
        read = self._read_by_id(ids)
        gone = [identifier for identifier, nic in read.items() if nic is None]
        if gone and len(ids) > 1:
            # That one is gone would settle its addresses, so it is not concluded from a long list alone.
            for identifier in gone:
                del read[identifier]
            read.update(self._read_by_id(gone))
        return read

    def _read_by_id(self, ids: t.Sequence[str]) -> dict[str, NetworkInterface | None]:
        try:
            entries = self._list_all(
                self.network_interfaces, {self.ids_parameter: list(ids)}, READ_BATCH, self._identified
            )
        except ApiError as error:
            # No page says whether an unknown id gives an error or is passed over. Where it gives one, the halves tell
            # which id it was.
            if error.kind is not ErrorKind.NETWORK_INTERFACE_ABSENT:
                raise
            if len(ids) == 1:
                return {ids[0]: None}
            middle = len(ids) // 2
            return {**self._read_by_id(ids[:middle]), **self._read_by_id(ids[middle:])}
        # An entry that is not one of those asked for may be the one that is missed: then nothing is gone.
        complete = all(nic is not None and nic.network_interface_id in ids for nic in entries)
        found = {nic.network_interface_id: nic for nic in entries if nic is not None}
        return {
            identifier: found.get(identifier)
            for identifier in ids
            if (found[identifier].addresses_told if identifier in found else complete)
        }

    def _identified(self, item: dict[str, t.Any]) -> NetworkInterface | None:
        """Parse a network interface; None for one without a usable id, about which nothing can be asked."""
        return self._network_interface(item) if is_id(item.get(self.network_interfaces.id_field)) else None

    def list_network_interfaces(self, filters: t.Mapping[str, t.Any]) -> list[NetworkInterface]:
        action = self.network_interfaces
        fetch = self._fetch(action, self._filter_parameters(filters), READ_BATCH, self._identified)
        listing = read_pages(action.action, fetch, READ_BATCH, self._runtime.map)
        if listing.missing:
            self._runtime.warn(
                f"{self.name} counts {listing.missing} more network interfaces than it lists; "
                "those that it did not list are not looked at"
            )
        nameless = sum(nic is None for nic in listing.items)
        if nameless:
            self._runtime.warn(f"{self.name} lists {nameless} network interfaces without a usable id, left alone")
        found = [nic for nic in listing.items if nic is not None and self._matches(nic, filters)]
        for nic in found:
            if not nic.addresses_told:
                self._runtime.warn(
                    f"{self.name} does not tell the addresses of {nic.network_interface_id}, which is left alone"
                )
        if not (listing.missing or nameless):
            self._warn_of_unmatched(found, filters)
        return found

    def _warn_of_unmatched(self, found: t.Sequence[NetworkInterface], filters: t.Mapping[str, t.Any]) -> None:
        """Name what matches nothing: more likely than a place without network interfaces is a slip."""
        regions = {nic.region_id for nic in found}
        empty = [region for region in filters.get("region_ids") or () if region not in regions]
        if not filters and not found:
            self._runtime.warn(f"there is no network interface at {self._endpoint}")
        elif not found:
            self._runtime.warn(f"filters: no network interface matches {json.dumps(filters, ensure_ascii=False)}")
        elif empty:
            self._runtime.warn(f"filters.region_ids: no network interface matches {first_few(empty)}")

    @staticmethod
    def _matches(nic: NetworkInterface, filters: t.Mapping[str, t.Any]) -> bool:
        """Check the filters that a result shows: a cloud that overlooks one must not widen the selection."""
        for name in ("region_id", "vpc_id", "subnet_id", "instance_id", "status", "type"):
            if filters.get(name) is not None and filters[name] != getattr(nic, name):
                return False
        if filters.get("region_ids") is not None and nic.region_id not in filters["region_ids"]:
            return False
        group = filters.get("security_group_id")
        if group is not None and group not in (nic.security_group_ids or ()):
            return False
        tags = nic.tags or {}
        wanted_tags = {key: str(value) for key, value in (filters.get("tags") or {}).items()}
        return all(tags.get(key) == value for key, value in wanted_tags.items()) and all(
            key in tags for key in filters.get("tag_keys") or ()
        )

    @staticmethod
    def _id(item: t.Mapping[str, t.Any], action: ListAction) -> str:
        """Return the id by which more is to be asked about this item.

        :raises ApiError: it has none, so that what it uses cannot be known.
        """
        identifier = text(item.get(action.id_field))
        if identifier is None:
            raise _unreadable(action.action, f"an entry of the answer has no {action.id_field}")
        return identifier

    @staticmethod
    def _told(body: t.Mapping[str, t.Any], action: str, name: str) -> list[dict[str, t.Any]]:
        """Return a list of an answer that is about one thing; null is an empty one.

        :raises ApiError: it is missing or no list of objects, so that nothing is known.
        """
        if name not in body:
            raise _unreadable(action, f"the answer has no {name}")
        return objects(body[name] or [], action, name)

    def _list_all(
        self,
        action: ListAction,
        parameters: t.Mapping[str, t.Any],
        page_size: int = _LOOKUP_PAGE_SIZE,
        parse: t.Callable[[dict[str, t.Any]], t.Any] = dict,
    ) -> list[t.Any]:
        """Read a list of which nothing may be missing, page by page.

        :raises ApiError: also when the cloud counts more items than it shows.
        """
        fetch = self._fetch(action, parameters, page_size, parse)
        listing = read_pages(action.action, fetch, page_size, to_the_end=action != self.network_interfaces)
        if listing.missing:
            raise _unreadable(
                action.action,
                f"the cloud counts {listing.missing + len(listing.items)} items and lists {len(listing.items)}",
            )
        return listing.items

    def _fetch(
        self,
        action: ListAction,
        parameters: t.Mapping[str, t.Any],
        page_size: int,
        parse: t.Callable[[dict[str, t.Any]], t.Any],
    ) -> t.Callable[[int], Page]:
        """Return a function that reads a page of this list; items are parsed at once, since raw ones take memory."""

        def fetch(page_number: int) -> Page:
            page = {self.paging.page_number: page_number, self.paging.page_size: page_size}
            body = self._client.read(action.action, {**parameters, **page})
            total = number(body.get(self.paging.total))
            value: t.Any = body
            for name in action.path:
                value = value.get(name) if isinstance(value, dict) else None
            if value is None and total != 0:
                raise _unreadable(action.action, f"the answer has no {'.'.join(action.path)}")
            items = objects(value or [], action.action, action.path[-1])
            full = len(items) >= min(page_size, number(body.get(self.paging.page_size)) or page_size)
            return Page({text(item.get(action.id_field)) or repr(item): parse(item) for item in items}, total, full)

        return fetch

    def find_in_use(self, network_interfaces: t.Sequence[NetworkInterface]) -> dict[str, list[InUse]]:
        vpc_ids = sorted({nic.vpc_id for nic in network_interfaces}, key=str)
        sources = [(source, vpc_id) for vpc_id in vpc_ids for source in self._in_use_sources()]
        eips = self._eip_source()
        lookups = [(source.action, source.scope(vpc_id)) for source, vpc_id in sources]
        lookups += [(eips.action, scope) for scope in self._eip_scopes(eips, network_interfaces)]
        lists = self._runtime.map(lambda lookup: self._list_all(*lookup), lookups)
        found = [(source, vpc_id, item) for (source, vpc_id), items in zip(sources, lists) for item in items]
        uses = self._runtime.map(lambda entry: list(entry[0].uses(entry[2])), found)
        uses_in_vpc: dict[str | None, set[InUse]] = {vpc_id: set() for vpc_id in vpc_ids}
        for (_source, vpc_id, _item), entries in zip(found, uses):
            uses_in_vpc[vpc_id].update(entry for entry in entries if entry is not None)
        eip_uses = (use for items in lists[len(sources) :] for eip in items for use in eips.uses(eip))
        return match_in_use(network_interfaces, uses_in_vpc, eip_uses)

    @staticmethod
    def _eip_scopes(source: EipSource, network_interfaces: t.Sequence[NetworkInterface]) -> list[dict[str, t.Any]]:
        """Return what elastic IPs to ask for: those of one network interface by its id, those of several by region."""
        if len(network_interfaces) == 1:
            return [{source.network_interface: network_interfaces[0].network_interface_id}]
        regions = {nic.region_id for nic in network_interfaces}
        # A network interface without a region may be in any of them.
        return [{}] if None in regions else [{source.region: region} for region in sorted(map(str, regions))]

    @abc.abstractmethod
    def _in_use_sources(self) -> tuple[InUseSource, ...]:
        """Return what can use addresses in a VPC."""

    @abc.abstractmethod
    def _eip_source(self) -> EipSource:
        """Return where elastic IPs are found."""
