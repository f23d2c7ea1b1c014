# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of options that several flows have."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.validation import check_type_dict
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.network_interface import is_id
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import MOST_CALLS
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import FEW_CALLS
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.settings import LONGEST_WAIT


def network_interface_id(value: str, option: str) -> str:
    """Return an id that may be sent.

    :raises InputError: it is empty, or has a blank or control character, as a template that went wrong leaves them.
    """
    if not value:
        raise InputError(option, "is empty")
    if not is_id(value):
        raise InputError(option, "has a blank or a control character, which no id has")
    return value


def engine_settings(options: t.Mapping[str, t.Any]) -> EngineSettings:
    """
    :raises InputError: for a waiting time that is no number of seconds, or longer than a day.
    """
    if not 0 <= options["wait_timeout"] <= LONGEST_WAIT:
        raise InputError("wait_timeout", f"must be a number of seconds from 0 to {LONGEST_WAIT}")
    return EngineSettings(
        wait=options["wait"],
        wait_timeout=options["wait_timeout"],
        max_retries=options["max_retries"],
        retry_max_delay=options["retry_max_delay"],
        stop_on_error=options.get("on_error") == "stop",
        force=options["force"],
    )


def concurrency_and_ceiling(options: t.Mapping[str, t.Any]) -> tuple[int, float | None]:
    """Return how many calls may be in flight, and how many a second may be sent (None: as many as the cloud allows).

    :raises InputError: for numbers that cannot be meant.
    """
    concurrency, ceiling = options.get("concurrency", FEW_CALLS), options.get("requests_per_second")
    if not 1 <= concurrency <= MOST_CALLS:
        raise InputError("concurrency", f"must be between 1 and {MOST_CALLS}")
    if ceiling is not None and not 0 < ceiling < float("inf"):
        raise InputError("requests_per_second", "must be a number above 0")
    return concurrency, ceiling


#: Options that narrow what a task touches: Ansible takes null for "not given", and then they would not narrow it.
_NARROWING = (
    "private_ip_addresses",
    "network_interface_ids",
    "filters",
    "targets",
    "only",
    "keep",
    "keep_network_interfaces",
    "max_unassign",
    "max_unassign_percent",
    "max_missing_percent",
    "plan_digest",
    "expected_account",
    "in_use_elsewhere",
)

_OMIT = "to leave the option out, use the omit variable of Ansible"


def reject_null(given: t.Mapping[str, t.Any]) -> None:
    """Refuse a null where it would silently widen the selection, as an undefined variable with a default does.

    From a template of ansible-core 2.18, a null comes as an empty text.

    :raises InputError: naming the option.
    """
    filters = given.get("filters")
    for name in _NARROWING:
        if given.get(name, 0) in (None, ""):
            what = "is null" if given[name] is None else "is null or empty"
            raise InputError(name, f"{what}; {_OMIT}")
    for name, value in filters.items() if isinstance(filters, dict) else ():
        if value is None:
            raise InputError(f"filters.{name}", f"is null; {_OMIT}")


def reject_structures(given: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Any], above: str = "") -> None:
    """Refuse a list or an object where a text belongs: Ansible would take how it is printed, which nobody means.

    Numbers and booleans are what YAML makes of texts that look like them, so that their text is meant.

    :param spec: an argument specification that the options as they were given are valid by.
    :raises InputError: naming the option, and below it the suboption.
    """
    for name, option in spec.items():
        for value in (given.get(each) for each in (name, *option.get("aliases", ()))):
            items, item_type = [value], option["type"]
            if item_type == "list" and isinstance(value, list):
                items, item_type = value, option.get("elements")
            for item in items:
                if item_type in ("str", "path") and isinstance(item, (list, tuple, dict)):
                    kind = "an object" if isinstance(item, dict) else "a list"
                    raise InputError(above + name, f"has {kind} where a text belongs")
                if item_type == "dict" and item is not None:
                    # As Ansible reads JSON and key=value.
                    reject_structures(check_type_dict(item), option.get("options", {}), f"{above}{name}.")
