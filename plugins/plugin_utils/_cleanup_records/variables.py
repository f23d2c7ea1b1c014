# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role: which there are, and what they may say."""

from __future__ import annotations

import difflib
import math
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.words import bad_character
from ansible_collections.edgecloud.nic.plugins.module_utils._module import BREAKS_OFF, impossible_values
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.batches import read_size
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError

PREFIX = "private_ip_cleanup_"
#: The prefix of what the role registers.
OWN_PREFIX = "__private_ip_cleanup_"
#: What the role tells; whoever hands it on to a later run may do so as a variable.
RESULTS = {f"{PREFIX}result", f"{PREFIX}results"}

SELECTION = ("network_interface_ids", "filters", "all_network_interfaces")
#: Where nothing is an answer, and makes no cleanup wider: somebody looked, and there is no evidence.
_MAY_BE_EMPTY = f"{PREFIX}in_use_elsewhere"
_TEN_YEARS = 87600.0
_A_DAY = 86400.0
_RANGES: dict[str, tuple[float, float]] = {
    "max_missing_percent": (0, 100),
    "max_unassign": (0, math.inf),
    "max_unassign_percent": (0, 100),
    "min_age": (0, _TEN_YEARS),
    "pause": (0, _A_DAY),
    "plan_max_age": (0, _TEN_YEARS),
}


def read_variables(spec: Json, given: Json, defaults: t.Mapping[str, t.Any] | None = None) -> Json:
    """Return the role's variables by their names without prefix, in their types and with their defaults.

    :param spec: options of the role's argument specification, by name.
    :param given: the variables that begin with the prefix, by name.
    :param defaults: what C(module_defaults) say where no variable says something else, by the variables' names.
    :raises RefusedError: one is unknown, which may be a misspelt limit or exception; is null or empty, as a template
        that went wrong leaves it; or has a value that cannot be meant.
    """
    for name in sorted(given.keys() - spec.keys() - RESULTS):
        nearest = difflib.get_close_matches(name, spec, 1, 0)
        raise RefusedError(f"there is no variable {name}; the nearest is {nearest[0]}")
    from_defaults = (defaults or {}).keys() - given.keys()
    given = {**(defaults or {}), **given}
    for name, value in given.items():
        text = value.strip() if isinstance(value, str) else value
        if text in (None, "", [], {}) and (name, value) != (_MAY_BE_EMPTY, []):
            what = f"{name.removeprefix(PREFIX)} in module_defaults" if name in from_defaults else name
            raise RefusedError(f"{what} is empty; leave it out where it is not meant")
    try:
        validation = ArgumentSpecValidator(spec).validate({name: given[name] for name in given if name in spec})
    except BREAKS_OFF:
        raise RefusedError(impossible_values(spec, given)) from None
    if validation.error_messages:
        raise RefusedError("; ".join(validation.error_messages))
    values = {
        name.removeprefix(PREFIX): value
        for name, value in validation.validated_parameters.items()
        if value is not None and name in spec
    }
    for name, value in values.items():
        bad = bad_character(value)
        if bad:
            raise RefusedError(f"{PREFIX}{name} has {bad}")
    for name, (low, high) in _RANGES.items():
        # What is no number at all is in no range.
        if name in values and not low <= values[name] <= high:
            limits = f"between {low:g} and {high:g}" if high < math.inf else f"{low:g} or more"
            raise RefusedError(f"{PREFIX}{name} must be {limits}, and is {values[name]}")
    values["batch_size"] = read_size(values["batch_size"], f"{PREFIX}batch_size")
    return values


def selection(variables: Json) -> Json:
    """Return what selects network interfaces.

    :raises RefusedError: there is not exactly one such variable.
    """
    given = {name: variables[name] for name in SELECTION if variables.get(name)}
    if len(given) != 1:
        names = [f"{PREFIX}{name}" for name in SELECTION]
        raise RefusedError(f"exactly one of {', '.join(names[:-1])} and {names[-1]} (true) is needed")
    return given


def chosen(variables: Json, names: t.Iterable[str]) -> Json:
    """Return the variables with these names, as far as they are set."""
    return {name: variables[name] for name in names if name in variables}
