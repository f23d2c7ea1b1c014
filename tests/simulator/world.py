# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that the simulator knows and remembers, in one place that can be set back to its start."""

from __future__ import annotations

import contextlib
import copy
import time
from dataclasses import asdict
from typing import Any

from .calls import Call, CallLog
from .clouds import APIS, Api
from .errors import ApiError, WebPageError
from .estate import CLOUDS, read_clouds
from .schema import EstateError, ImpossibleError, mapping, sequence
from .settings import merge, read_settings
from .state import CloudState
from .weather import Events, Fault, Faults, Throttles


class World:
    """The clouds, their weather, and the log of calls."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.log = CallLog()
        self.sink: list[dict[str, Any]] = []
        #: What no client may write down, of all estates and requests there ever were.
        self.secrets: set[str] = set()
        self.load(document)

    def load(self, document: dict[str, Any]) -> None:
        """Start afresh from an estate document; on a mistake in it, everything stays as it was."""
        wishes = mapping(document.get("settings"), "settings")
        settings = read_settings(wishes)
        states = {cloud: CloudState(estate, settings) for cloud, estate in read_clouds(copy.deepcopy(document)).items()}
        faults = Faults(sequence(document.get("faults"), "faults"))
        events = Events(sequence(document.get("events"), "events"))
        for state in states.values():
            self.secrets |= state.estate.secrets()
        self._document = document
        self._wishes = wishes
        self.settings = settings
        self.states = states
        self.faults = faults
        self.events = events
        self.throttles = Throttles()
        self.apis: dict[str, Api] = {api.cloud: api(states[api.cloud]) for api in APIS}
        self.log.clear()
        self.sink.clear()

    def reset(self) -> None:
        """Go back to the estate, settings, faults and events that were loaded last."""
        self.load(self._document)

    def now(self) -> float:
        """Tell the time on the clouds' clock."""
        return time.time() + self.settings.clock_offset

    def set(self, patch: dict[str, Any]) -> dict[str, Any]:
        """Merge a patch into the settings; on a mistake in it, they stay as they were."""
        wishes = merge(self._wishes, patch)
        self.settings = read_settings(wishes)
        self._wishes = wishes
        for state in self.states.values():
            state.settings = self.settings
        return asdict(self.settings)

    def change(self, wish: dict[str, Any]) -> None:
        """Change the world behind the clients' back."""
        values = dict(wish)
        kind, nic_id = values.pop("kind", None), values.pop("network_interface_id", None)
        cloud = values.pop("cloud", None)
        if not isinstance(kind, str) or not isinstance(nic_id, str):
            raise EstateError("change: needs kind and network_interface_id")
        holding = [name for name in CLOUDS if self.states[name].network_interface(nic_id) and cloud in (None, name)]
        if not holding:
            raise ImpossibleError(f"change: no network interface {nic_id}")
        self.states[holding[0]].change(kind, nic_id, values)

    def fire_events(self, call: Call) -> None:
        """Make the changes that a call sets off, as far as the world allows them by then."""
        for wish in self.events.due(call):
            with contextlib.suppress(ImpossibleError):
                self.change(wish)

    def throttle(self, api: Api, call: Call) -> None:
        """Refuse a call that comes too soon."""
        limit = self.throttles.admit(call, self.settings.throttle)
        if limit is None:
            return
        refusal = api.throttled(limit.retry_after_ms)
        if limit.page_status is not None:
            raise WebPageError(limit.page_status, refusal.headers)
        raise refusal

    def fault_error(self, fault: Fault) -> ApiError:
        """Word the error of an ``error`` fault."""
        return ApiError(fault.status or 500, fault.code, fault.message, fault.headers)

    def uses(self) -> dict[str, list[dict[str, Any]]]:
        """List what truly uses which address, by cloud."""
        return {cloud: state.uses() for cloud, state in self.states.items()}

    def estate(self) -> dict[str, Any]:
        """Give the state of everything as plain data, without credentials."""
        return {
            **{cloud: {"network_interfaces": state.addresses()} for cloud, state in self.states.items()},
            "settings": asdict(self.settings),
            "faults": [asdict(fault) for fault in self.faults.pending],
            "events": [asdict(event) for event in self.events.pending],
        }
