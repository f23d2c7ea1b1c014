# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What flows and engine know of a cloud. A third cloud is one more implementation of this."""

from __future__ import annotations

import abc
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import NetworkInterface
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.uses import Use
from ansible_collections.edgecloud.nic.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSession, HttpSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._http.trace import Trace
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ApiError

#: Network interfaces that one read call may name or return; both clouds document at least this many.
READ_BATCH = 50
#: Calls in flight where a module has no option for it: what may use one network interface's addresses is up to seven
#: lists, which are to be read side by side.
FEW_CALLS = 8


class Pacing(t.Protocol):
    """Decides when a call may be sent."""

    def wait_turn(self, action: str, must_wait: t.Callable[[], bool], /) -> float | None:
        """Wait until a call of this action may be sent; C(ended()) must follow.

        :param must_wait: asked now and then; once it is false, the call may be sent whatever its turn.
        :returns: the (monotonic) time at which it may be sent; None if it may not, since the cloud has refused all
            calls for so long that there is no sense in waiting.
        """

    def ended(self, action: str, sent_at: float, overloaded: bool | None, wait: float | None, /) -> None:
        """Note how a call ended.

        :param sent_at: what C(wait_turn()) returned.
        :param overloaded: whether it was answered as one too many; None where the answer, or its lack, does not tell.
        :param wait: seconds that the cloud asked to wait.
        """

    def accepted(self, action: str, /) -> int:
        """Return how many calls of this action the cloud did not refuse as one too many."""

    def worth_waiting(self, action: str, /) -> bool:
        """Tell whether a refused call of this action may get through after some waiting."""


class Mapping(t.Protocol):
    """Applies a function to items, to several of them side by side, and returns the results in their order."""

    def __call__(self, function: t.Callable[[t.Any], t.Any], items: t.Iterable[t.Any], /) -> list[t.Any]:
        """Return the results."""


class Runtime(t.NamedTuple):
    """What a provider needs from whoever runs it.

    :param session: opens, or finds, the connections to an endpoint.
    :param sleep: pauses for a number of seconds.
    :param warn: shows a sentence to the user.
    :param stopped: tells whether no call that changes something may be sent any more.
    :param stop: orders that, with the reason in words.
    :param interrupted: tells whether the run is to end at once, so that nothing is tried again.
    :param time_left: seconds until an interrupted run has to have ended; None while nothing has interrupted it.
    :param trace: where every call is told of, if anywhere.
    """

    session: t.Callable[[Endpoint, HttpSettings], HttpSession]
    sleep: t.Callable[[float], object]
    pace: Pacing
    map: Mapping
    warn: t.Callable[[str], object]
    stopped: t.Callable[[], bool]
    stop: t.Callable[[StopReason, str], object]
    interrupted: t.Callable[[], bool]
    time_left: t.Callable[[], float | None]
    trace: Trace | None = None


class Question(t.NamedTuple):
    """A read call of a preflight; equal ones are sent once.

    :param parameters: a JSON object, so that equal ones compare equal.
    :param repetition: tells calls apart that are to be sent several times.
    """

    action: str
    parameters: str = "{}"
    repetition: int = 0


#: What came of questions: the answer, or why there is none.
Known = t.Dict[Question, t.Union[t.Dict[str, t.Any], ApiError]]  # noqa: UP006


class NotAskedError(Exception):
    """A check needs an answer that nobody asked for, since something before it failed."""


class Seen(t.NamedTuple):
    """What a check found.

    :param result: C(passed), C(failed), C(unknown) or C(skipped).
    :param remedy: one sentence; None where nothing needs one.
    :param ends: nothing that comes after it can be looked at.
    """

    result: str
    seen: str
    remedy: str | None = None
    facts: t.Mapping[str, t.Any] | None = None
    ends: bool = False


class Check(t.NamedTuple):
    """One thing to know about a cloud before anything is changed there.

    :param expected: what it takes to pass, in words.
    :param judge: tells what was seen in the answers; raises C(NotAskedError), or the C(ApiError) of one that it needs.
    :param questions: what to ask in view of what is known so far; asked until nothing new comes up.
    """

    id: str
    expected: str
    judge: t.Callable[[Known], Seen]
    questions: t.Callable[[Known], list[Question]] = lambda known: []


class Preflight(abc.ABC):
    """What can be learnt about a cloud, its endpoint and the credentials without changing anything."""

    @abc.abstractmethod
    def first_contact(self) -> list[Check]:
        """Return the checks of connection, clock and credentials, each of which the next one stands on."""

    @abc.abstractmethod
    def checks(self) -> list[Check]:
        """Return the checks that need credentials which are accepted, in the order in which one explains the next."""

    @abc.abstractmethod
    def ask(self, question: Question) -> dict[str, t.Any]:
        """Send a question; returns the fields of the answer.

        :raises ApiError: there is no answer, or a refusal.
        """

    @abc.abstractmethod
    def account(self, known: Known) -> str | None:
        """Return whose the credentials are; None where that is not known."""

    @abc.abstractmethod
    def try_to_write(self, known: Known) -> Seen:
        """Send the one call that could change something, about a network interface that is known not to exist."""


class Provider(abc.ABC):
    """One cloud, reached with one set of credentials at one endpoint. Safe to use from several threads."""

    #: The short name of the cloud in messages.
    name: t.ClassVar[str]
    #: Its full name, in what is read apart from a task.
    title: t.ClassVar[str]
    #: Names of the options that select network interfaces, with their argument specification.
    filters_spec: t.ClassVar[dict[str, t.Any]]
    #: Argument specification of credentials and endpoint, and of C(expected_account).
    connection_spec: t.ClassVar[dict[str, t.Any]]
    #: Whether the cloud can assign an address that the caller chose.
    can_assign: t.ClassVar[bool] = False
    #: The action that reads network interfaces, for messages.
    read_action: t.ClassVar[str]
    #: What may use addresses, as far as the cloud can be asked; the choices of the option in_use_sources.
    in_use_sources: t.ClassVar[tuple[str, ...]]
    #: What an elastic IP makes untouchable unless the user says otherwise.
    eip_protects: t.ClassVar[str]
    #: How ids of network interfaces begin in other clouds, and are not known to begin in this one.
    foreign_id_prefixes: t.ClassVar[tuple[str, ...]] = ()

    @classmethod
    def id_hint(cls, network_interface_id: str) -> str:
        """Return a clause for messages about an id that was not found; empty where it may well be one of this cloud.

        It is a guess: nothing may be refused or passed over because of it.
        """
        for prefix in cls.foreign_id_prefixes:
            if network_interface_id.startswith(prefix):
                return f"; an id that begins with {prefix} looks like one of another cloud, not of {cls.name}"
        return ""

    @classmethod
    @abc.abstractmethod
    def connect(cls, options: t.Mapping[str, t.Any], runtime: Runtime) -> Provider:
        """Make a provider from a module's options; sends nothing.

        :raises InputError: credentials, endpoint or transport options that cannot be used.
        """

    @property
    @abc.abstractmethod
    def secrets(self) -> frozenset[str]:
        """Values that must not appear in any output, wherever they came from."""

    @property
    @abc.abstractmethod
    def endpoint(self) -> str:
        """Host of the API, for messages."""

    @property
    @abc.abstractmethod
    def calls(self) -> dict[str, int]:
        """Requests sent so far by action."""

    @property
    @abc.abstractmethod
    def throttled(self) -> int:
        """Requests that the cloud refused as too many."""

    @abc.abstractmethod
    def account(self) -> str:
        """Ask the cloud for the id of the account that the credentials belong to.

        :raises ApiError: it does not tell; where that takes a permission, the message names it.
        """

    @abc.abstractmethod
    def read_network_interfaces(self, ids: t.Sequence[str]) -> dict[str, NetworkInterface | None]:
        """Read up to READ_BATCH network interfaces by id.

        :returns: None for one that there is not; what the answer leaves open, be it the addresses alone, is missing.
        :raises ApiError: the read failed, or contradicts itself so that nothing can be concluded from it.
        """

    @abc.abstractmethod
    def list_network_interfaces(self, filters: t.Mapping[str, t.Any]) -> list[NetworkInterface]:
        """Read every network interface that matches all filters; an empty mapping means all there are.

        :raises ApiError: a read failed.
        """

    @abc.abstractmethod
    def find_uses(
        self, network_interfaces: t.Sequence[NetworkInterface], sources: t.Collection[str]
    ) -> t.Collection[Use]:
        """Find what uses addresses of these network interfaces; uses of others may be among the answer.

        The cost grows with VPCs, regions and the things in them, not with the number of network interfaces.

        :param sources: which of C(in_use_sources) to ask for.
        :raises ApiError: a look-up failed, so that nothing is known.
        """

    @abc.abstractmethod
    def unassign(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        """Unassign secondary addresses with one call; returns the request id.

        :raises ApiError: the call failed; its kind tells whether it may have had an effect.
        """

    def assign(self, network_interface_id: str, addresses: t.Sequence[str]) -> str | None:
        """Assign chosen addresses with one call; returns the request id. Only where C(can_assign).

        :raises ApiError: the call failed; its kind tells whether it may have had an effect.
        """
        raise NotImplementedError(f"{self.name} cannot assign a chosen address")

    def preflight(self, sources: t.Collection[str]) -> Preflight:
        """Return what can be checked before anything is changed. Only where the cloud has such a module.

        :param sources: those of C(in_use_sources) that are going to be asked.
        """
        raise NotImplementedError(f"{self.name} has no preflight")
