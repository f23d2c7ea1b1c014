# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all unit tests of the collection share: quick properties, and no credentials or proxies of the machine."""

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.plugins.module_utils.clouds import CLOUDS
from hypothesis import HealthCheck, settings

# Examples share one simulator, so the time of a single one says nothing; fixtures do not change between examples.
settings.register_profile(
    "edgecloud", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
settings.load_profile("edgecloud")

_PREFIXES = ("ALIBABA_CLOUD_", "ALICLOUD_", "ZENLAYER", "ENS_")
_VARIABLES: tuple[str, ...] = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
)
_VARIABLES += ("SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """An empty home directory and an environment without settings that the collection reads."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES):
            monkeypatch.delenv(name)
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    directory = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(directory))
    return directory


@pytest.fixture(scope="session")
def sim():
    """One simulator for all; every test loads the estate that it needs."""
    with Simulator() as running:
        yield running


@pytest.fixture(params=["ens", "zec"])
def cloud(request, sim):
    """Each of the two clouds."""
    return CLOUDS[request.param](sim)


@pytest.fixture
def ens(sim):
    return CLOUDS["ens"](sim)


@pytest.fixture
def zec(sim):
    return CLOUDS["zec"](sim)
