# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the place that a plan is for was checked, and passed."""

from __future__ import annotations

import datetime
import json
import os
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.preflight import FAILED, PASSED, SKIPPED, UNKNOWN
from ansible_collections.edgecloud.nic.plugins.plugin_utils import _cleanup_files as files
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.plan_file import refuse_if_old
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.variables import PREFIX

_FILE = "preflight.json"
_MOST_HOURS = 24
_TEXTS = ("provider", "endpoint", "checked")


def passed(directory: str | None, provider: str, account: str | None, sources: t.Collection[str]) -> Json:
    """Return the preflight beside the reports.

    :param account: that is expected; None where nobody in particular is.
    :param sources: what the plan asks for uses of addresses.
    :raises RefusedError: there is none, or it is not what a plan for this account may stand on.
    """
    name = f"{PREFIX}require_preflight"
    if directory is None:
        raise RefusedError(f"{name} needs {PREFIX}report_dir, where {_FILE} is")
    path = os.path.join(directory, _FILE)
    if not os.path.exists(path):
        raise RefusedError(f"{name}: there is no {path}; run the playbook edgecloud.nic.preflight")
    try:
        found = read(files.read(path))
        refuse_unless_passed(found, provider, account, sources, datetime.datetime.now(datetime.timezone.utc))
    except RefusedError as error:
        raise RefusedError(f"{name}: {path} will not do: {error}") from None
    return found


def read(text: str) -> Json:
    """
    :raises RefusedError: it is no file that the playbook wrote.
    """
    try:
        content = json.loads(text)
        texts = [content[name] for name in _TEXTS]
        when = datetime.datetime.fromisoformat(content["checked"].replace("Z", "+00:00"))
        results = [check["result"] for check in content["checks"]]
        account, sources = content["account"], content["in_use_sources"]
        is_one = when.tzinfo is not None and bool(results) and isinstance(sources, list)
        is_one = is_one and all(isinstance(item, str) for item in (*texts, *sources))
        is_one = is_one and all(result in (PASSED, FAILED, UNKNOWN, SKIPPED) for result in results)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        is_one = False
    if not is_one or not isinstance(account, (str, type(None))):
        raise RefusedError("it is no result of a preflight")
    return {
        **{name: content[name] for name in _TEXTS},
        "account": account,
        "in_use_sources": sources,
        "created": when.isoformat(),
        "results": results,
    }


def refuse_unless_passed(
    found: Json, provider: str, account: str | None, sources: t.Collection[str], now: datetime.datetime
) -> None:
    """
    :raises RefusedError: a check failed, it is of another cloud or account, of none that was told, too old, or did not
        ask all of the sources.
    """
    if found["provider"] != provider:
        raise RefusedError(f"it is one of {found['provider']}, not of {provider}")
    if FAILED in found["results"]:
        raise RefusedError("a check failed")
    if found["account"] is None:
        raise RefusedError("it does not tell whose the credentials were")
    if account not in (None, found["account"]):
        raise RefusedError(f"it is about account {found['account']}, not about {account}")
    refuse_if_old(found, _MOST_HOURS, now)
    not_asked = [source for source in sources if source not in found["in_use_sources"]]
    if not_asked:
        raise RefusedError(
            f"it did not ask {', '.join(not_asked)} for uses of addresses, which the plan does; run the playbook "
            f"edgecloud.nic.preflight with the same {PREFIX}in_use_sources"
        )


def refuse_other_endpoint(found: Json | None, endpoint: str) -> None:
    """
    :param found: the preflight that a plan stands on; None where it needs none.
    :raises RefusedError: it was at another endpoint.
    """
    if found is not None and found["endpoint"] != endpoint:
        raise RefusedError(f"{PREFIX}require_preflight: the preflight was at {found['endpoint']}, not at {endpoint}")
