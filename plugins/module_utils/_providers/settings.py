# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options that every cloud has, and what is made of them."""

from __future__ import annotations

import typing as t
import urllib.parse
import urllib.request

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._http.session import HttpSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.client import ClientSettings
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import FEW_CALLS

CONNECTION_SPEC: dict[str, t.Any] = {
    "profile": {"type": "str"},
    "credentials_file": {"type": "path"},
    "endpoint": {"type": "str"},
    "expected_account": {"type": "str"},
    "timeout": {"type": "float", "default": 30.0},
    "connect_timeout": {"type": "float", "default": 10.0},
    "max_retries": {"type": "int", "default": 5},
    "retry_max_delay": {"type": "float", "default": 30.0},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "proxy": {"type": "str"},
    "trace": {"type": "path"},
}

#: A day, in seconds: what is longer is a mistake, and systems have clocks that end somewhere.
LONGEST_WAIT = 86_400


def http_settings(options: t.Mapping[str, t.Any]) -> HttpSettings:
    """
    :raises InputError: for a time-out that is not positive, or longer than a day.
    """
    for option in ("timeout", "connect_timeout"):
        # "not >" refuses NaN as well.
        if not 0 < options[option] <= LONGEST_WAIT:
            raise InputError(option, f"must be a number of seconds above 0, and at most {LONGEST_WAIT}")
    return HttpSettings(
        timeout=options["timeout"],
        connect_timeout=options["connect_timeout"],
        validate_certs=options["validate_certs"],
        ca_path=options["ca_path"],
        proxy=options["proxy"],
        pool_size=options.get("concurrency", FEW_CALLS),
    )


def client_settings(options: t.Mapping[str, t.Any]) -> ClientSettings:
    """
    :raises InputError: for a number of retries or a delay that cannot be meant.
    """
    if not 0 <= options["max_retries"] <= 100:
        raise InputError("max_retries", "must be between 0 and 100")
    if not 0 <= options["retry_max_delay"] <= LONGEST_WAIT:
        raise InputError("retry_max_delay", f"must be a number of seconds from 0 to {LONGEST_WAIT}")
    return ClientSettings(options["max_retries"], options["retry_max_delay"])


def url_passwords(options: t.Mapping[str, t.Any]) -> frozenset[str]:
    """Return the passwords in URLs that the options or the environment give, to be hidden from every output.

    They are returned as they are written, and decoded. What is no URL is looked through as well: it is shown when it
    is refused.

    :param options: as they were given, validated or not.
    """
    texts = [value for name, value in options.items() if name == "proxy" or name.endswith("endpoint")]
    texts += urllib.request.getproxies_environment().values()
    passwords: set[str] = set()
    for text in texts:
        if not isinstance(text, str):
            continue
        rest = text.partition("://")[2] or text
        # Up to the last "@", and up to the last one before a path: a password with a slash is no valid one, but one.
        for part in (rest, rest.split("/")[0]):
            password = part.rpartition("@")[0].partition(":")[2]
            passwords.update((password, urllib.parse.unquote(password)))
    return frozenset(passwords - {""})
