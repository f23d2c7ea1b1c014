# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alibaba Cloud credentials: an access key, with a security token where it is a temporary one (STS)."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._providers.credentials import (
    Sources,
    find_credentials,
    require_together,
)

#: Modes of the aliyun CLI's profiles that hold the keys themselves; all others need calls to other services.
_MODES = ("AK", "StsToken")


@dataclasses.dataclass(frozen=True)
class EnsCredentials:
    """An access key; its secret parts do not show in C(repr()).

    :param origin: says where it came from, for a message after the cloud has refused it.
    """

    access_key_id: str
    access_key_secret: str = dataclasses.field(repr=False)
    origin: str = dataclasses.field(repr=False)
    security_token: str | None = dataclasses.field(default=None, repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(secret for secret in (self.access_key_secret, self.security_token) if secret)

    @property
    def parts(self) -> frozenset[str]:
        return self.secrets | {self.access_key_id}


def _read_profile(content: t.Any, name: str | None) -> tuple[str, dict[str, t.Any]]:
    """Find a profile in the aliyun CLI's file: C({"current": NAME, "profiles": [{"name", "mode", …}]})."""
    profiles = content.get("profiles") if isinstance(content, dict) else None
    if not isinstance(profiles, list):
        raise ValueError("has no list of profiles")
    wanted = name or content.get("current") or "default"
    for profile in profiles:
        if isinstance(profile, dict) and profile.get("name") == wanted:
            break
    else:
        raise ValueError(f"has no profile '{wanted}'")
    mode = profile.get("mode") or "AK"
    if mode not in _MODES:
        raise ValueError(f"has a profile '{wanted}' of mode '{mode}', and only {' and '.join(_MODES)} are supported")
    fields = {key: profile.get(key) for key in ("access_key_id", "access_key_secret")}
    if mode == "StsToken":
        if not profile.get("sts_token"):
            raise ValueError(f"has a profile '{wanted}' of mode StsToken without an sts_token")
        fields["security_token"] = profile["sts_token"]
    return wanted, fields


SOURCES = Sources(
    variables={
        "access_key_id": ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY"),
        "access_key_secret": ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECRET_KEY"),
        "security_token": ("ALIBABA_CLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN"),
    },
    sufficient=("access_key_id", "access_key_secret"),
    profile_variables=("ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE"),
    default_file="~/.aliyun/config.json",
    read_profile=_read_profile,
)


def ens_credentials(options: t.Mapping[str, t.Any]) -> EnsCredentials:
    """
    :raises InputError: there are none, or they are incomplete or cannot be read.
    """
    source = find_credentials(options, SOURCES)
    found = source.parts
    key_id, secret = require_together(found["access_key_id"], found["access_key_secret"])
    token = found["security_token"]
    origin = f"the key came from {source.origin(*SOURCES.variables)}"
    return EnsCredentials(key_id, secret, origin, None if token.value is None else token.checked())
