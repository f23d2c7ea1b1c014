# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all clouds do alike: reading lists and network interfaces without believing more than an answer shows."""

from __future__ import annotations

import abc
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import (
    ApiClient,
    Listing,
    Page,
    listed,
    number,
    read_pages,
    text,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import READ_BATCH, Provider, Runtime
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind

#: For lists other than network interfaces; every one of them documents at least this many a page.
_LOOKUP_PAGE_SIZE = 100


class ListAction(t.NamedTuple):
    """A paged action.

    :param path: where the items are in the answer.
    :param id_field: the items' id.
    """

    action: str
    path: tuple[str, ...]
    id_field: str


class PagingFields(t.NamedTuple):
    """What a cloud calls the parameters and fields of paging."""

    page_number: str
    page_size: str
    total: str


class CloudProvider(Provider):
    """The base of every cloud's provider."""

    #: How this cloud lists network interfaces, and the parameter that names some of them.
    network_interfaces: t.ClassVar[ListAction]
    ids_parameter: t.ClassVar[str]
    paging: t.ClassVar[PagingFields]

    def __init__(self, client: ApiClient, secrets: frozenset[str], endpoint: str, runtime: Runtime) -> None:
        self._client = client
        self._secrets = secrets
        self._endpoint = endpoint
        self._runtime = runtime

    @property
    def secrets(self) -> frozenset[str]:
        return self._secrets

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def calls(self) -> dict[str, int]:
        return self._client.calls

    def close(self) -> None:
        self._client.close()

    @abc.abstractmethod
    def _network_interface(self, item: dict[str, t.Any]) -> NetworkInterface:
        """Make a network interface of an entry in the cloud's list."""

    @abc.abstractmethod
    def _filter_parameters(self, filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Translate filters to the parameters of the list action; None leaves a parameter out."""

    def read_network_interfaces(self, ids: t.Sequence[str]) -> dict[str, NetworkInterface]:
        found = self._read_by_id(ids)
        missing = [identifier for identifier in ids if identifier not in found]
        if missing and len(ids) > 1:
            # That one is gone would settle its addresses, so it is not concluded from a long list alone.
            found.update(self._read_by_id(missing))
        return found

    def _read_by_id(self, ids: t.Sequence[str]) -> dict[str, NetworkInterface]:
        try:
            items = self._list_all(self.network_interfaces, {self.ids_parameter: list(ids)}, READ_BATCH)
        except ApiError as error:
            # No page says whether an unknown id gives an error or is passed over. Where it gives one, the halves tell
            # which id it was.
            if error.kind is not ErrorKind.NETWORK_INTERFACE_ABSENT:
                raise
            if len(ids) == 1:
                return {}
            middle = len(ids) // 2
            return {**self._read_by_id(ids[:middle]), **self._read_by_id(ids[middle:])}
        wanted = set(ids)
        read = [self._network_interface(item) for item in items if item.get(self.network_interfaces.id_field) in wanted]
        return {nic.network_interface_id: nic for nic in read}

    def list_network_interfaces(self, filters: t.Mapping[str, t.Any]) -> list[NetworkInterface]:
        id_field = self.network_interfaces.id_field
        listing = self._list(self.network_interfaces, self._filter_parameters(filters), READ_BATCH)
        if listing.missing:
            self._runtime.warn(
                f"{self.name} counts {listing.missing} more network interfaces than it lists; "
                "those that it did not list are not looked at"
            )
        read = [self._network_interface(item) for item in listing.items if text(item.get(id_field))]
        return [nic for nic in read if self._matches(nic, filters)]

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
            detail = f"an entry of the answer has no {action.id_field}"
            raise ApiError(action.action, ErrorKind.NO_ANSWER, detail, final=True)
        return identifier

    def _list_all(
        self, action: ListAction, parameters: t.Mapping[str, t.Any], page_size: int = _LOOKUP_PAGE_SIZE
    ) -> list[dict[str, t.Any]]:
        """Read a list of which nothing may be missing.

        :raises ApiError: also when the cloud counts more items than it shows.
        """
        listing = self._list(action, parameters, page_size)
        if listing.missing:
            raise ApiError(
                action.action,
                ErrorKind.NO_ANSWER,
                f"the cloud counts {listing.missing + len(listing.items)} items and lists {len(listing.items)}",
                final=True,
            )
        return listing.items

    def _list(self, action: ListAction, parameters: t.Mapping[str, t.Any], page_size: int) -> Listing:
        def fetch(page_number: int) -> Page:
            page = {self.paging.page_number: page_number, self.paging.page_size: page_size}
            body = self._client.read(action.action, {**parameters, **page})
            total = number(body.get(self.paging.total))
            if total is None and action.path[0] not in body:
                raise ApiError(action.action, ErrorKind.NO_ANSWER, f"the answer has no {action.path[0]}", final=True)
            return Page(listed(body, *action.path), total)

        return read_pages(action.action, fetch, action.id_field)
