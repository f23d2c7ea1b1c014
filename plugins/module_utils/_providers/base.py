# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all clouds do alike: reading lists and network interfaces without believing more than an answer shows."""

from __future__ import annotations

import abc
import json
import os
import typing as t
import weakref

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface, is_id
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import first_few
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint, parse_endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.answers import told_objects, unreadable
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import (
    ApiClient,
    Clocks,
    Credentials,
    number,
    usable_id,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import READ_BATCH, Provider, Runtime
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import (
    Answers,
    Asked,
    InUseSource,
    ListAction,
    Listed,
    Lookup,
    Places,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.paging import (
    Listing,
    NumberedPages,
    PageTokens,
    Parse,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import client_settings, http_settings

#: For lists other than network interfaces; every one of them documents at least this many a page.
LOOKUP_PAGE_SIZE = 100


#: What was told over connections that the items of a loop share, by credentials: these never change hands.
_accounts: weakref.WeakKeyDictionary[HttpSession, dict[Credentials, str]] = weakref.WeakKeyDictionary()


class IdentityAction(t.NamedTuple):
    """An action that tells whose the credentials are.

    :param field: where the id of the account is in the answer.
    :param permission: says what it takes to call the action.
    """

    action: str
    field: str
    permission: str


class CloudProvider(Provider):
    """The base of every cloud's provider."""

    client_class: t.ClassVar[type[ApiClient]]
    #: The host of the API, and the environment variable that names another one.
    default_endpoint: t.ClassVar[str]
    endpoint_variable: t.ClassVar[str]
    #: How this cloud lists network interfaces, and the parameter that names some of them.
    network_interfaces: t.ClassVar[ListAction]
    ids_parameter: t.ClassVar[str]
    paging: t.ClassVar[NumberedPages | PageTokens]
    identity: t.ClassVar[IdentityAction]
    #: The field of a listed thing that tells its VPC.
    vpc_field: t.ClassVar[str]
    #: What can use addresses; C(in_use_sources) are their names.
    sources: t.ClassVar[tuple[InUseSource, ...]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.in_use_sources = tuple(source.name for source in cls.sources)
        cls.read_action = cls.network_interfaces.action

    def __init__(
        self,
        client: ApiClient,
        credentials: Credentials,
        endpoint: str,
        runtime: Runtime,
        identity_client: t.Callable[[], ApiClient],
    ) -> None:
        """
        :param identity_client: gives the client for C(identity).
        """
        self._client = client
        self._identity_client = identity_client
        self._identity_service: ApiClient | None = None
        self._clients = [client]
        self._credentials = credentials
        self._endpoint = endpoint
        self._runtime = runtime

    @classmethod
    def connect(cls, options: t.Mapping[str, t.Any], runtime: Runtime) -> CloudProvider:
        endpoint = parse_endpoint(options["endpoint"] or os.environ.get(cls.endpoint_variable) or cls.default_endpoint)
        credentials = cls.find_credentials(options)
        http, settings = http_settings(options), client_settings(options)

        def client(at: Endpoint) -> ApiClient:
            return cls.client_class(runtime.session(at, http), credentials, settings, runtime)

        main, identity_endpoint = client(endpoint), cls.identity_endpoint(options, endpoint)
        return cls(
            main,
            credentials,
            endpoint.authority,
            runtime,
            lambda: main if identity_endpoint == endpoint else client(identity_endpoint),
        )

    @staticmethod
    @abc.abstractmethod
    def find_credentials(options: t.Mapping[str, t.Any], /) -> Credentials:
        """Find the credentials that a module's options, or the machine, give.

        :raises InputError: there are none, or they are incomplete, contradictory or cannot be read.
        """

    @classmethod
    def identity_endpoint(cls, options: t.Mapping[str, t.Any], endpoint: Endpoint) -> Endpoint:
        """Return where C(identity) is asked.

        :raises InputError: an option names one that cannot be used.
        """
        return endpoint

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

    @property
    def clocks(self) -> Clocks | None:
        """What time an answer told and what time it was here; None where none did."""
        return next((client.clocks for client in self._clients if client.clocks), None)

    def account(self) -> str:
        client = self.client_for(self.identity.action)
        told = _accounts.setdefault(client.session, {})
        if self._credentials not in told:
            try:
                answer = client.read(self.identity.action, {})
            except ApiError as error:
                if error.kind is not ErrorKind.AUTH:
                    raise
                raise error.with_more(self.identity.permission) from None
            told[self._credentials] = self.told_account(answer)
        return told[self._credentials]

    def told_account(self, answer: t.Mapping[str, t.Any]) -> str:
        """Return whose the credentials are, as an answer to C(identity) tells.

        :raises ApiError: it does not.
        """
        action, field, _permission = self.identity
        value = answer.get(field)
        account = str(value) if number(value) is not None else value
        if not is_id(account):
            raise unreadable(action, f"the answer has no {field} that could be one")
        return str(account)

    def client_for(self, action: str) -> ApiClient:
        """Return the client of the service that an action belongs to."""
        if action != self.identity.action:
            return self._client
        if self._identity_service is None:
            self._identity_service = self._identity_client()
            if self._identity_service is not self._client:
                self._clients.append(self._identity_service)
        return self._identity_service

    @abc.abstractmethod
    def _network_interface(self, item: dict[str, t.Any]) -> NetworkInterface:
        """Make a network interface of an entry in the cloud's list."""

    @abc.abstractmethod
    def filter_parameters(self, filters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
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
                self.network_interfaces, {self.ids_parameter: list(ids)}, READ_BATCH, self.identified
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

    def identified(self, item: dict[str, t.Any]) -> NetworkInterface | None:
        """Parse a network interface; None for one without a usable id, about which nothing can be asked."""
        return self._network_interface(item) if is_id(item.get(self.network_interfaces.id_field)) else None

    def list_network_interfaces(self, filters: t.Mapping[str, t.Any]) -> list[NetworkInterface]:
        action, parameters = self.network_interfaces, self.filter_parameters(filters)
        listing = self._read(action, parameters, READ_BATCH, self.identified, concurrently=self._runtime.map)
        if listing.missing:
            self._runtime.warn(
                f"{self.name} counts {listing.missing} more network interfaces than it lists; "
                "those that it did not list are not looked at"
            )
        nameless = sum(nic is None for nic in listing.items)
        if nameless:
            self._runtime.warn(f"{self.name} lists {nameless} network interfaces without a usable id, left alone")
        found = [nic for nic in listing.items if nic is not None and self.matches(nic, filters)]
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
    def matches(nic: NetworkInterface, filters: t.Mapping[str, t.Any]) -> bool:
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

    def _list_all(
        self,
        action: ListAction,
        parameters: t.Mapping[str, t.Any],
        page_size: int = LOOKUP_PAGE_SIZE,
        parse: Parse = dict,
    ) -> list[t.Any]:
        """Read a list of which nothing may be missing, page by page.

        :raises ApiError: also when the cloud counts more items than it shows.
        """
        listing = self._read(action, parameters, page_size, parse, to_the_end=action != self.network_interfaces)
        if listing.missing:
            raise unreadable(
                action.action,
                f"the cloud counts {listing.missing + len(listing.items)} items and lists {len(listing.items)}",
            )
        return listing.items

    def _read(
        self, action: ListAction, parameters: t.Mapping[str, t.Any], page_size: int, parse: Parse, **how: t.Any
    ) -> Listing:
        def ask(page: dict[str, t.Any]) -> dict[str, t.Any]:
            return self._client.read(action.action, {**parameters, **page})

        return self.paging.read(action, ask, parse, page_size, **how)

    def find_uses(self, network_interfaces: t.Sequence[NetworkInterface], sources: t.Collection[str]) -> set[Use]:
        places = Places.of(network_interfaces)
        chosen = [source for source in self.sources if source.name in sources]
        scopes = [(source, lookup) for source in chosen for lookup in source.scope(places)]
        asked = self.cross_checks(places, sources)
        for source, lookup in scopes:
            asked.setdefault(lookup, []).append(source.name)
        lists = self._ask(asked)
        things = [
            (source, item, lookup.vpc_id or usable_id(item.get(self.vpc_field)), source.detail(item))
            for source, lookup in scopes
            for item in lists[lookup]
        ]
        self._compare(lists)
        more: Asked = {}
        for source, _item, _vpc_id, detail in things:
            if detail is not None:
                more.setdefault(detail, []).append(source.name)
        details = self._ask(more)
        listed: dict[str, list[Listed]] = {source.name: [] for source in chosen}
        for source, item, vpc_id, detail in things:
            listed[source.name].append(Listed(item, vpc_id, [] if detail is None else details[detail]))
        return {use for source in chosen for use in source.uses(listed[source.name], network_interfaces)}

    def _ask(self, asked: Asked) -> Answers:
        """Ask all questions side by side."""

        def answer(lookup: Lookup) -> list[dict[str, t.Any]]:
            try:
                return self._answer(lookup)
            except ApiError as error:
                if error.kind not in (ErrorKind.AUTH, ErrorKind.REFUSED):
                    raise
                denied = error.kind is ErrorKind.AUTH
                needed = f"this look-up needs the permission {self.permission(error.action)}; " if denied else ""
                names = ", ".join(dict.fromkeys(asked[lookup]))
                raise error.with_more(f"{needed}to do without it, leave {names} out of in_use_sources") from None

        return dict(zip(asked, self._runtime.map(answer, asked)))

    def _answer(self, lookup: Lookup) -> list[dict[str, t.Any]]:
        action, parameters = lookup.action, dict(lookup.parameters)

        def kept(item: dict[str, t.Any]) -> dict[str, t.Any]:
            return item if action.fields is None else {name: item.get(name) for name in action.fields}

        if action.paged:
            return self._list_all(action, parameters, parse=kept)
        answer = self._client.read(action.action, parameters)
        items = told_objects(answer, action.action, action.path[0]) if action.path else [answer]
        return [kept(item) for item in items]

    @classmethod
    def permission(cls, action: str) -> str:
        """Return what this cloud calls the permission for an action."""
        return action

    def cross_checks(self, places: Places, sources: t.Collection[str]) -> Asked:
        """Return what to ask beside the lists, to see whether they are complete."""
        return {}

    def _compare(self, lists: Answers) -> None:
        """Compare the lists with the answers to the cross-checks.

        :raises ApiError: something is missing from the lists.
        """
