# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clouds that are simulated, and what each of them must know."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from .calls import Call
from .ens import Ens
from .errors import ApiError
from .signatures import Incoming
from .state import CloudState
from .zec import Zec


class Api(Protocol):
    """One cloud's side of the conversation, over its state."""

    cloud: ClassVar[str]
    #: Methods and paths that it answers.
    routes: ClassVar[tuple[tuple[str, str], ...]]

    def __init__(self, state: CloudState) -> None:
        """Answer from this state."""

    def read_call(self, incoming: Incoming) -> Call:
        """Tell what a request asks for, whether or not it may."""

    def authorize(self, incoming: Incoming, call: Call, now: float) -> None:
        """Find out who calls; raises ApiError for who may not."""

    def run(self, call: Call) -> dict[str, Any]:
        """Carry out a call and give the fields of its answer; raises ApiError for a refusal."""

    def success(self, fields: dict[str, Any], call: Call) -> dict[str, Any]:
        """Wrap the fields of an answer."""

    def failure(self, error: ApiError, call: Call, host: str, /) -> dict[str, Any]:
        """Word a refusal."""

    def throttled(self, retry_after_ms: int | None) -> ApiError:
        """Refuse a call that comes too soon."""


APIS: tuple[type[Api], ...] = (Ens, Zec)
