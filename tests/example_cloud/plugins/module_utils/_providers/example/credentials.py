# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Example Cloud's credentials: a token."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._providers.credentials import (
    Sources,
    find_credentials,
)

SOURCES = Sources(
    variables={"token": ("EXAMPLE_TOKEN",)},
    sufficient=("token",),
    profile_variables=("EXAMPLE_PROFILE",),
    default_file="~/.example/credentials.json",
)


@dataclasses.dataclass(frozen=True)
class ExampleCredentials:
    """A token, which does not show in C(repr()).

    :param origin: says where it came from, for a message after the cloud has refused it.
    """

    token: str = dataclasses.field(repr=False)
    origin: str = dataclasses.field(repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset({self.token})

    @property
    def parts(self) -> frozenset[str]:
        return self.secrets


def example_credentials(options: t.Mapping[str, t.Any]) -> ExampleCredentials:
    """
    :raises InputError: there is no token, or it cannot be read.
    """
    source = find_credentials(options, SOURCES)
    return ExampleCredentials(source.parts["token"].checked(), f"the token came from {source.origin('token')}")
