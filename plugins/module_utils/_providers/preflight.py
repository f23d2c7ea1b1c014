# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all clouds are asked alike before anything is changed there: the calls that tasks make later, each of them once.

Every check says which questions it has and judges the answers; so what several checks want to know is asked once, and
all that is open is asked side by side. At most 60 calls are made, whatever the estate: the questions are about one page
of network interfaces, about the VPCs that most of these are in, and about the first thing of each list there.
"""

from __future__ import annotations

import abc
import collections
import json
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.preflight import (
    FAILED,
    MOST_SECONDS_OFF,
    PASSED,
    SKIPPED,
    UNKNOWN,
    paging_fault,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import first_few
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.answers import told_id
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.base import LOOKUP_PAGE_SIZE, CloudProvider
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import as_text, number, text
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import (
    READ_BATCH,
    Check,
    Known,
    NotAskedError,
    Preflight,
    Question,
    Seen,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError, ErrorKind
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.in_use import (
    InUseSource,
    ListAction,
    Lookup,
    Places,
)
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.paging import NumberedPages

#: An address of a network that is set aside for documentation (RFC 5737), so that no network interface has it.
_NOBODYS_ADDRESS = "192.0.2.1"
_FEW_ITEMS = 10
_MOST_PAGES = 5
_MOST_VPCS = 3
_REPORT_IT = "report it together with this result"

_Item = dict[str, t.Any]


def answer_to(known: Known, question: Question) -> dict[str, t.Any]:
    """Return an answer.

    :raises ApiError: there is none.
    :raises NotAskedError: nobody has asked.
    """
    if question not in known:
        raise NotAskedError
    answer = known[question]
    if isinstance(answer, ApiError):
        raise answer
    return answer


def question(action: str, parameters: t.Mapping[str, t.Any], repetition: int = 0) -> Question:
    return Question(action, json.dumps(parameters, sort_keys=True), repetition)


class CloudPreflight(Preflight):
    """The base of every cloud's preflight; of clouds whose pages are numbered."""

    #: How codes of refusals begin that say: the clock is off, and valid credentials lack the permission.
    clock_codes: t.ClassVar[tuple[str, ...]]
    denied_codes: t.ClassVar[tuple[str, ...]]
    #: By how far clocks may differ before the cloud refuses everything.
    clock_tolerance: t.ClassVar[str]
    #: What to do about a refusal of the credentials, by the beginning of its code.
    credential_remedies: t.ClassVar[t.Mapping[str, str]]
    #: What to do where there is no network interface.
    other_site: t.ClassVar[str]
    #: An id that no network interface of the cloud can have, since they all look different.
    absent_id: t.ClassVar[str]
    #: The look-up of elastic IPs, and its parameter for a network interface and field for where one is bound.
    eips: t.ClassVar[ListAction]
    eip_filter: t.ClassVar[str]
    eip_bound_to: t.ClassVar[str]

    def __init__(self, provider: CloudProvider, sources: t.Collection[str]) -> None:
        self.provider = provider
        self.paging: NumberedPages = t.cast(t.Any, provider.paging)
        self.sources: list[InUseSource] = [source for source in provider.sources if source.name in sources]
        self.source_names = list(sources)
        self._identity = question(provider.identity.action, {})
        self._first_page = self.page_of(provider.network_interfaces, {}, READ_BATCH)
        self._read: list[NetworkInterface] | None = None

    # What is asked.

    def ask(self, question: Question) -> dict[str, t.Any]:
        answer = self.provider.client_for(question.action).read(question.action, json.loads(question.parameters))
        return self._without_secrets(question.action, answer)

    def _without_secrets(self, action: str, answer: dict[str, t.Any]) -> dict[str, t.Any]:
        """Keep no more of listed things than look-ups do: there may be secrets in them."""
        return answer

    def page_of(
        self, action: ListAction, parameters: t.Mapping[str, t.Any], size: int, number: int = 1, repetition: int = 0
    ) -> Question:
        page = {self.paging.page_number: number, self.paging.page_size: size} if action.paged else {}
        return question(action.action, {**parameters, **page}, repetition)

    def of_lookup(self, lookup: Lookup) -> Question:
        return self.page_of(lookup.action, dict(lookup.parameters), LOOKUP_PAGE_SIZE)

    def _selection(self, parameters: t.Mapping[str, t.Any], size: int = READ_BATCH) -> Question:
        return self.page_of(self.provider.network_interfaces, parameters, size)

    def _by_id(self, ids: t.Sequence[str]) -> Question:
        return self._selection({self.provider.ids_parameter: list(ids)})

    # What is known.

    def page(self, known: Known, asked: Question, action: ListAction) -> tuple[list[_Item], int | None]:
        """Return the items of a page, and how many the cloud counts on all of them."""
        answer = answer_to(known, asked)
        if action.paged:
            return self.paging.items(action, answer)
        return (self.paging.items(action, answer)[0] if action.path else [answer]), None

    def everything(self, known: Known, lookup: Lookup) -> list[_Item]:
        """Return a list of which one page has everything.

        :raises NotAskedError: it has more pages.
        """
        items, total = self.page(known, self.of_lookup(lookup), lookup.action)
        if total is not None and total > len(items):
            raise NotAskedError(f"{lookup.action.action} has more than one page, which is not compared")
        return items

    def first_items(self, known: Known) -> list[_Item]:
        """Return the first page of network interfaces as they came."""
        return self.page(known, self._first_page, self.provider.network_interfaces)[0]

    def network_interfaces(self, known: Known) -> list[NetworkInterface]:
        """Return those of the first page that have an id; empty where the page is not known."""
        if self._read is None:
            try:
                read = [self.provider.identified(item) for item in self.first_items(known)]
            except (ApiError, NotAskedError):
                return []
            self._read = [nic for nic in read if nic is not None]
        return self._read

    def sample(self, known: Known) -> NetworkInterface | None:
        """Return the network interface that tells most, of the VPC that most of the first page are in."""
        nics = self.network_interfaces(known)
        vpc_ids = _most_common(nic.vpc_id for nic in nics)
        candidates = [nic for nic in nics if nic.vpc_id == vpc_ids[0]]
        return max(candidates, key=lambda nic: sum(map(bool, nic.as_result().values())), default=None)

    def places(self, known: Known) -> Places | None:
        """Return where look-ups are tried: the VPCs that most of the first page are in."""
        nics = self.network_interfaces(known)
        vpc_ids = _most_common(nic.vpc_id for nic in nics)[:_MOST_VPCS]
        found = {nic.vpc_id: nic for nic in reversed(nics) if nic.vpc_id in vpc_ids}
        return Places.of(list(found.values())) if found else None

    def lookups(self, known: Known) -> dict[Lookup, list[str]]:
        """Return what look-ups ask there, each with the sources that need it."""
        places = self.places(known)
        if places is None:
            return {}
        asked = self.provider.cross_checks(places, self.source_names)
        for source in self.sources:
            for lookup in source.scope(places):
                asked.setdefault(lookup, []).append(source.name)
        return asked

    def details(self, known: Known) -> dict[Lookup, list[str]]:
        """Return what asks for more of the first thing that each source lists."""
        places = self.places(known)
        asked: dict[Lookup, list[str]] = {}
        for source in self.sources if places else ():
            detail = next(self._details_of(source, source.scope(t.cast("Places", places)), known), None)
            if detail is not None:
                asked.setdefault(detail, []).append(source.name)
        return asked

    def _details_of(self, source: InUseSource, scope: list[Lookup], known: Known) -> t.Iterator[Lookup]:
        for lookup in scope:
            try:
                details = map(source.detail, self.page(known, self.of_lookup(lookup), lookup.action)[0])
                yield from (detail for detail in details if detail is not None)
            except (ApiError, NotAskedError):
                continue

    # First contact.

    def first_contact(self) -> list[Check]:
        return [
            Check("connection", "the API answers", self._judge_connection),
            Check(
                "clock",
                f"the clock here is less than {MOST_SECONDS_OFF:g} seconds off the cloud's",
                self._judge_clock,
            ),
            Check(
                "identity",
                "the cloud accepts the credentials and tells whose they are",
                self._judge_identity,
                lambda known: [self._identity],
            ),
        ]

    def _refusals(self, known: Known) -> list[ApiError]:
        answers = (known.get(self._first_page), known.get(self._identity))
        return [answer for answer in answers if isinstance(answer, ApiError)]

    def _judge_connection(self, known: Known) -> Seen:
        # That of the identity may have come from another endpoint.
        answer = known.get(self._first_page, known.get(self._identity))
        if answer is None:
            raise NotAskedError
        if not isinstance(answer, ApiError) or answer.code or answer.kind is ErrorKind.THROTTLED:
            return Seen(PASSED, "the API answers")
        if answer.kind is ErrorKind.NOT_SENT:
            remedy = (
                "Let this machine reach the endpoint, which takes DNS, a route, perhaps proxy, and ca_path for TLS."
            )
        else:
            remedy = "Check endpoint and proxy, since what answers there does not speak as the API does, if at all."
        return Seen(FAILED, str(answer), remedy, ends=True)

    def _judge_clock(self, known: Known) -> Seen:
        clocks = self.provider.clocks
        refused = [error for error in self._refusals(known) if (error.code or "").startswith(self.clock_codes)]
        if clocks is None and not refused:
            return Seen(UNKNOWN, "no answer told the time")
        if clocks is None:
            seen, off = str(refused[0]), MOST_SECONDS_OFF
        else:
            off = abs((clocks.cloud - clocks.here).total_seconds())
            times = [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in clocks]
            seen = f"it is {times[0]} in the cloud and {times[1]} here, {off:.0f} seconds apart"
        if off < MOST_SECONDS_OFF and not refused:
            return Seen(PASSED, f"{off:.0f} seconds apart")
        return Seen(
            FAILED,
            seen,
            f"Let NTP set the clock of this machine; beyond {self.clock_tolerance} the cloud refuses every call.",
            ends=bool(refused),
        )

    def denied(self, error: ApiError) -> bool:
        """Tell whether valid credentials lack a permission."""
        return error.kind is ErrorKind.AUTH and (error.code or "").startswith(self.denied_codes)

    def _judge_identity(self, known: Known) -> Seen:
        for error in self._refusals(known):
            # What has no code is no word of the cloud about the credentials.
            if error.kind is ErrorKind.AUTH and error.code and not self.denied(error):
                code = error.code
                remedies = [text for start, text in self.credential_remedies.items() if code.startswith(start)]
                remedy = remedies[0] if remedies else "Check the credentials."
                return Seen(FAILED, str(error), remedy, ends=True)
        try:
            account = self.provider.told_account(answer_to(known, self._identity))
        except ApiError as error:
            remedy = f"Nothing but expected_account needs it; {self.provider.identity.permission}."
            return Seen(UNKNOWN, f"{error}{self.whereabouts(known)}", remedy)
        return Seen(PASSED, f"the credentials belong to account {account}")

    def whereabouts(self, known: Known) -> str:
        """Return a clause about what else tells accounts apart; empty where nothing does."""
        return ""

    def account(self, known: Known) -> str | None:
        try:
            return self.provider.told_account(answer_to(known, self._identity))
        except (ApiError, NotAskedError):
            return None

    # What needs credentials that are accepted.

    def checks(self) -> list[Check]:
        return [
            Check(
                "permissions",
                "every call that tasks read with may be made",
                self._judge_permissions,
                lambda known: [self._first_page, *map(self.of_lookup, {**self.lookups(known), **self.details(known)})],
            ),
            Check("endpoint", "there are network interfaces", self._judge_endpoint),
            Check("shape", "every network interface tells clearly which of its addresses can go", self._judge_shape),
            Check("page_size", "a page has as many items as were asked for", self._judge_page_size),
            Check("paging", "pages do not overlap, and show the same again", self._judge_paging, self._ask_paging),
            Check("filters", "the cloud heeds ids and filters", self._judge_filters, self._ask_filters),
            Check("many_ids", f"up to {READ_BATCH} ids can be named at once", self._judge_many_ids, self._ask_many_ids),
            Check("in_use_complete", self.complete_means, self._judge_complete, self._ask_eips),
            *self.own_checks(),
        ]

    def own_checks(self) -> list[Check]:
        """Return the checks that this cloud alone has."""
        return []

    @abc.abstractmethod
    def grant(self, actions: t.Sequence[str]) -> str:
        """Return the sentence that tells how to permit these actions."""

    def _judge_permissions(self, known: Known) -> Seen:
        asked = {
            self.of_lookup(lookup): names for lookup, names in {**self.lookups(known), **self.details(known)}.items()
        }
        errors: dict[str, ApiError] = {}
        sources: dict[str, None] = {}
        for one in (self._first_page, *asked):
            answer = known.get(one)
            if isinstance(answer, ApiError):
                errors[one.action] = answer
                sources.update(dict.fromkeys(asked.get(one, ())))
        actions = dict.fromkeys(one.action for one in (self._first_page, *asked) if one in known)
        if not actions:
            raise NotAskedError
        if not errors:
            return Seen(PASSED, f"permitted: {', '.join(actions)}")
        # An answer that cannot be read, or a refusal, would end tasks too; trouble on the way may pass.
        certain = [name for name, error in errors.items() if error.kind in (ErrorKind.AUTH, ErrorKind.REFUSED)]
        denied = [name for name in certain if self.denied(errors[name])]
        remedies = [self.grant(denied)] if denied else [f"If this is so again, {_REPORT_IT}."]
        if sources:
            remedies[0] = f"{remedies[0][:-1]}, or leave {', '.join(sources)} out of in_use_sources."
        return Seen(
            FAILED if certain else UNKNOWN,
            "; ".join(str(error) for error in errors.values()),
            remedies[0],
            ends=self._first_page.action in errors,
        )

    def _judge_endpoint(self, known: Known) -> Seen:
        items, total = self.page(known, self._first_page, self.provider.network_interfaces)
        count = len(items) if total is None else max(total, len(items))
        if not count:
            remedy = f"{self.other_site}, or do without it where the account has none yet."
            return Seen(FAILED, f"no network interface at {self.provider.endpoint}", remedy, ends=True)
        statuses = sorted({as_text(item.get(self.status_field)) for item in items})
        return Seen(PASSED, f"{count} network interfaces", facts={"network_interfaces": count, "statuses": statuses})

    #: The field of a network interface that tells its status.
    status_field: t.ClassVar[str]

    @abc.abstractmethod
    def deviation(self, item: _Item) -> str | None:
        """Return what makes it unclear which addresses of a network interface can go; None where nothing does."""

    def shape_facts(self, items: t.Sequence[_Item]) -> dict[str, t.Any]:
        """Return what can be learnt from how network interfaces look."""
        return {}

    def _judge_shape(self, known: Known) -> Seen:
        action, items = self.provider.network_interfaces, self.first_items(known)
        found = {as_text(item.get(action.id_field)): self.deviation(item) for item in items}
        deviating = [f"{identifier} ({words})" for identifier, words in found.items() if words]
        facts = self.shape_facts(items)
        if not deviating:
            return Seen(PASSED, f"{len(items)} network interfaces look as documented", facts=facts)
        remedy = f"Nothing is removed that is not clearly secondary, so {_REPORT_IT} to have more of it understood."
        return Seen(FAILED, f"{len(deviating)} of {len(items)} do not: {first_few(deviating)}", remedy, facts)

    def _judge_page_size(self, known: Known) -> Seen:
        pages = {self._first_page: (self.provider.network_interfaces, READ_BATCH)}
        pages.update(
            (self.of_lookup(lookup), (lookup.action, LOOKUP_PAGE_SIZE))
            for lookup in self.lookups(known)
            if lookup.action.paged
        )
        sizes: dict[str, int] = {}
        short = []
        for asked, (action, size) in pages.items():
            try:
                items, total = self.page(known, asked, action)
                told = number(answer_to(known, asked).get(self.paging.page_size))
            except (ApiError, NotAskedError):
                continue
            given = size if told is None else told
            if total is not None and len(items) < min(size, total):
                given = min(given, len(items))
            sizes[action.action] = given
            if given != size:
                short.append(f"{action.action} gives {given} instead of {size}")
        if not sizes:
            raise NotAskedError
        facts = {"page_sizes": sizes}
        if not short:
            return Seen(PASSED, f"{READ_BATCH} network interfaces, {LOOKUP_PAGE_SIZE} of other things", facts=facts)
        remedy = f"Nothing is lost, since lists are read to their end, but it takes more calls, so {_REPORT_IT}."
        return Seen(FAILED, "; ".join(short), remedy, facts)

    def _pages(self, known: Known) -> tuple[list[list[Question]], bool]:
        """Return the questions for some pages, each of them twice, and whether these are all there are."""
        try:
            items, total = self.page(known, self._first_page, self.provider.network_interfaces)
        except (ApiError, NotAskedError):
            return [], False
        count = max(total or 0, len(items))
        size = _FEW_ITEMS if count <= _FEW_ITEMS * _MOST_PAGES else READ_BATCH
        pages = min(_MOST_PAGES, -(-count // size))
        action = self.provider.network_interfaces
        rounds = [
            [self.page_of(action, {}, size, number, repetition) for number in range(1, pages + 1)]
            for repetition in (1, 2)
        ]
        return rounds, pages * size >= count

    def _ask_paging(self, known: Known) -> list[Question]:
        return [one for asked in self._pages(known)[0] for one in asked]

    def _judge_paging(self, known: Known) -> Seen:
        action = self.provider.network_interfaces
        questions, to_the_end = self._pages(known)
        rounds, total = [], None
        for asked in questions:
            pages = []
            for one in asked:
                items, total = self.page(known, one, action)
                pages.append([as_text(item.get(action.id_field)) for item in items])
            rounds.append(pages)
        if not rounds:
            raise NotAskedError
        fault = paging_fault(rounds, total, to_the_end)
        if fault is None:
            shown = f"the same {sum(map(len, rounds[0]))} network interfaces twice, page by page"
            return Seen(PASSED, shown if to_the_end else f"{shown}, which are not all there are")
        remedy = (
            "If nothing was changed there meanwhile, select by network_interface_ids and not by filters, and "
            f"{_REPORT_IT}."
        )
        return Seen(FAILED, fault, remedy)

    def _filters(self, known: Known) -> dict[str, tuple[t.Any, Question]]:
        """Return the filters that the sample passes, each with its value."""
        sample = self.sample(known)
        if sample is None:
            return {}
        tag = next(iter((sample.tags or {}).items()), None)
        values: dict[str, t.Any] = {
            "region_id": sample.region_id,
            "region_ids": [sample.region_id] if sample.region_id else None,
            "vpc_id": sample.vpc_id,
            "subnet_id": sample.subnet_id,
            "instance_id": sample.instance_id,
            "status": sample.status,
            "type": sample.type,
            "name": sample.name,
            "security_group_id": next(iter(sample.security_group_ids or ()), None),
            "tags": dict([tag]) if tag else None,
            "tag_keys": [tag[0]] if tag else None,
        }
        # As ids are: null means that there is no such parameter.
        return {
            name: (
                value,
                self._selection(
                    {
                        key: sent
                        for key, sent in self.provider.filter_parameters({name: value}).items()
                        if sent is not None
                    }
                ),
            )
            for name, value in values.items()
            if value and name in self.provider.filters_spec
        }

    def _ask_filters(self, known: Known) -> list[Question]:
        sample = self.sample(known)
        if sample is None:
            return []
        identifier = sample.network_interface_id
        by_id = [self._by_id(ids) for ids in ([identifier], [identifier, self.absent_id], [self.absent_id])]
        return [*by_id, *(asked for _value, asked in self._filters(known).values())]

    def _ids(self, known: Known, asked: Question) -> list[str] | None:
        """Return the ids that an answer lists; None where the cloud says that there is no such network interface."""
        action = self.provider.network_interfaces
        try:
            items, _total = self.page(known, asked, action)
        except ApiError as error:
            if error.kind is not ErrorKind.NETWORK_INTERFACE_ABSENT:
                raise
            return None
        return [as_text(item.get(action.id_field)) for item in items]

    def _unknown_id(self, known: Known) -> str:
        """Tell what an id that no network interface has comes to."""
        try:
            ids = self._ids(known, self._by_id([self.absent_id]))
        except ApiError as error:
            if error.kind is not ErrorKind.REFUSED:
                raise
            return "refused"
        if ids is None:
            return "error"
        return "found" if ids else "left_out"

    def _judge_filters(self, known: Known) -> Seen:
        sample = self.sample(known)
        if sample is None:
            raise NotAskedError
        one, absent = sample.network_interface_id, self.absent_id
        ignored = []
        if self._ids(known, self._by_id([one])) != [one]:
            ignored.append("network_interface_ids")
        unknown_id = self._unknown_id(known)
        if unknown_id == "found":
            ignored.append("network_interface_ids with nothing but an unknown one")
        elif unknown_id != "refused" and self._ids(known, self._by_id([one, absent])) not in ([one], None):
            ignored.append("network_interface_ids with an unknown one")
        fuzzy = None
        for name, (value, asked) in self._filters(known).items():
            items, total = self.page(known, asked, self.provider.network_interfaces)
            found = [nic for nic in map(self.provider.identified, items) if nic is not None]
            all_there = total is None or total <= len(items)
            if name == "name":
                fuzzy = any(nic.name != value for nic in found)
                wrong = any(value.casefold() not in (nic.name or "").casefold() for nic in found)
            else:
                wrong = not all(self.provider.matches(nic, {name: value}) for nic in found)
            if wrong or (all_there and one not in {nic.network_interface_id for nic in found}):
                ignored.append(f"filters.{name}")
        facts = {"unknown_id": unknown_id, "name_filter": _name_filter(fuzzy)}
        if not ignored:
            return Seen(PASSED, f"heeded: network_interface_ids, {', '.join(self._filters(known))}", facts=facts)
        remedy = (
            f"Do without {', '.join(dict.fromkeys(name.split()[0] for name in ignored))}, since a selection may be "
            f"another one than was meant, and {_REPORT_IT}."
        )
        return Seen(FAILED, f"not heeded: {', '.join(ignored)}", remedy, facts)

    def _ask_many_ids(self, known: Known) -> list[Question]:
        ids = [nic.network_interface_id for nic in self.network_interfaces(known)]
        return [self._by_id(ids)] if ids else []

    def _judge_many_ids(self, known: Known) -> Seen:
        wanted = [nic.network_interface_id for nic in self.network_interfaces(known)]
        if not wanted:
            raise NotAskedError
        remedy = f"Tasks name {READ_BATCH} at once, so {_REPORT_IT}."
        try:
            items, total = self.page(known, self._by_id(wanted), self.provider.network_interfaces)
        except ApiError as error:
            if error.kind is not ErrorKind.REFUSED:
                raise
            return Seen(FAILED, f"{len(wanted)} ids: {error}", remedy)
        found = max(len(items), total or 0)
        if found < len(wanted):
            return Seen(FAILED, f"of {len(wanted)} that were named, {found} came", remedy)
        return Seen(PASSED, f"{len(wanted)} named, all of them came")

    # Whether everything that uses addresses is seen.

    #: What it takes for that, in words.
    complete_means: t.ClassVar[str]

    @abc.abstractmethod
    def unseen_uses(self, known: Known) -> list[str]:
        """Return, in words, uses that the look-ups do not show though the cloud knows of them."""

    def completeness_facts(self, known: Known) -> dict[str, t.Any]:
        """Return what can be learnt from how uses are told."""
        asked, sample = self._eips_of_sample(known), self.sample(known)
        if asked is None or sample is None:
            return {}
        bound_to = {text(item.get(self.eip_bound_to)) for item in self.page(known, asked, self.eips)[0]}
        return {"eip_filter": "heeded" if bound_to <= {sample.network_interface_id} else "ignored"}

    #: What to do about uses that are not seen.
    unseen_remedy: t.ClassVar[str]

    def unknown_resources(self, known: Known) -> str | None:
        """Return, in words, what may use addresses in a way that is not known; None where nothing does."""
        return None

    def _eips_of_sample(self, known: Known) -> Question | None:
        sample = self.sample(known)
        if sample is None or "eip" not in self.source_names:
            return None
        return self.page_of(self.eips, {self.eip_filter: sample.network_interface_id}, LOOKUP_PAGE_SIZE)

    def _ask_eips(self, known: Known) -> list[Question]:
        asked = self._eips_of_sample(known)
        return [asked] if asked else []

    def _unlisted_eips(self, known: Known) -> list[str]:
        """Return what is found by network interface and not in its region."""
        asked, sample = self._eips_of_sample(known), self.sample(known)
        if asked is None or sample is None:
            return []
        by_nic, _total = self.page(known, asked, self.eips)
        listed = {
            text(item.get(self.eips.id_field))
            for lookup in self.lookups(known)
            if lookup.action == self.eips
            for item in self.everything(known, lookup)
        }
        return [
            f"elastic IP {item.get(self.eips.id_field)} of {sample.network_interface_id} is not listed in its region"
            for item in by_nic
            if told_id(item, self.eips.action, self.eip_bound_to) == sample.network_interface_id
            and text(item.get(self.eips.id_field)) not in listed
        ]

    def _judge_complete(self, known: Known) -> Seen:
        if not self.lookups(known):
            raise NotAskedError
        facts = self.completeness_facts(known)
        unseen = [*self._unlisted_eips(known), *self.unseen_uses(known)]
        if unseen:
            return Seen(FAILED, first_few(unseen), self.unseen_remedy, facts)
        resources = self.unknown_resources(known)
        if resources is not None:
            return Seen(UNKNOWN, resources, "Give what uses addresses there in in_use_elsewhere, or keep them.", facts)
        return Seen(PASSED, "everything that is told to be there is listed", facts=facts)

    # The one call that could change something.

    def try_to_write(self, known: Known) -> Seen:
        if self._unknown_id(known) not in ("left_out", "error"):
            return Seen(SKIPPED, f"not tried, as the cloud does not say that {self.absent_id} does not exist")
        try:
            self.provider.unassign(self.absent_id, [_NOBODYS_ADDRESS])
        except ApiError as error:
            if error.kind is ErrorKind.NETWORK_INTERFACE_ABSENT:
                return Seen(PASSED, f"refused for nothing but {self.absent_id}, which does not exist: {error}")
            if self.denied(error):
                return Seen(FAILED, str(error), self.grant([error.action]))
            return Seen(UNKNOWN, str(error), f"Whether the permission was looked at is not clear, so {_REPORT_IT}.")
        return Seen(
            UNKNOWN, f"accepted, though {self.absent_id} does not exist", f"Nothing was there, but {_REPORT_IT}."
        )


def _most_common(values: t.Iterable[str | None]) -> list[str | None]:
    return [value for value, _count in collections.Counter(values).most_common()] or [None]


def _name_filter(fuzzy: bool | None) -> str | None:
    return None if fuzzy is None else ("fuzzy" if fuzzy else "exact")
