# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zenlayer credentials: an access key pair or a bearer token."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.credentials import (
    Sources,
    find_credentials,
    load_json_file,
    require_together,
)


@dataclasses.dataclass(frozen=True)
class ZecCredentials:
    """A token, or else a key pair; the secret parts do not show in C(repr()).

    :param origin: says where it came from, for a message after the cloud has refused it.
    """

    origin: str = dataclasses.field(repr=False)
    access_key_id: str | None = None
    access_key_secret: str | None = dataclasses.field(default=None, repr=False)
    token: str | None = dataclasses.field(default=None, repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(secret for secret in (self.access_key_secret, self.token) if secret)

    @property
    def parts(self) -> frozenset[str]:
        return self.secrets | ({self.access_key_id} if self.access_key_id else set())


def _current_profile(path: str) -> str | None:
    """Ask the zeno CLI's other file, C({"current_profile": NAME, …}), which stands beside the credentials."""
    config = os.path.join(os.path.dirname(os.path.expanduser(path)), "config.json")
    if not os.path.exists(config):
        return None
    content = load_json_file(config, "credentials_file")
    name = content.get("current_profile") if isinstance(content, dict) else None
    return name if isinstance(name, str) and name else None


SOURCES = Sources(
    variables={
        "access_key_id": ("ZENLAYERCLOUD_ACCESS_KEY_ID", "ZENLAYER_ACCESS_KEY_ID"),
        "access_key_secret": ("ZENLAYERCLOUD_ACCESS_KEY_PASSWORD", "ZENLAYER_ACCESS_KEY_SECRET"),
        "token": ("ZENLAYER_TOKEN",),
    },
    sufficient=("access_key_id", "access_key_secret", "token"),
    profile_variables=("ZENLAYER_PROFILE",),
    default_file="~/.zenlayer/credentials.json",
    current_profile=_current_profile,
)


def zec_credentials(options: t.Mapping[str, t.Any]) -> ZecCredentials:
    """Within the environment or a profile a token beats a key pair, as it does for the zeno CLI.

    :raises InputError: there are none, or they are incomplete, contradictory or cannot be read.
    """
    keys = [option for option in ("access_key_id", "access_key_secret") if options[option] is not None]
    if keys and options["token"] is not None:
        raise InputError("token", f"cannot be combined with {', '.join(keys)}")
    source = find_credentials(options, SOURCES)
    found = source.parts
    if found["token"].value is not None:
        return ZecCredentials(f"the token came from {source.origin('token')}", token=found["token"].checked())
    key_id, secret = require_together(found["access_key_id"], found["access_key_secret"])
    origin = f"the key came from {source.origin('access_key_id', 'access_key_secret')}"
    return ZecCredentials(origin, access_key_id=key_id, access_key_secret=secret)
