# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests share: no settings of the machine, and a simulator of the demo estate."""

from __future__ import annotations

import os
import pathlib
import signal
from collections.abc import Iterator

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS
from hypothesis import HealthCheck, Phase, settings

_PREFIXES = tuple(prefix for cloud in CLOUDS.values() for prefix in cloud.variables)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_VARIABLES = (*_PROXIES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "SSL_CERT_FILE", "SSL_CERT_DIR")

# Examples share processors, and some of them a simulator, so the time of one says nothing; fixtures do not change
# between examples.
settings.register_profile(
    "edgecloud", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
settings.load_profile("edgecloud")
# Any example kills a mutant: nobody waits for a smaller one.
if "MUTANT_UNDER_TEST" in os.environ:
    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")

# What runs in the background of a shell is born deaf to interruptions, and so would be what the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """An empty home directory, and an environment without settings that the collection reads."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES):
            monkeypatch.delenv(name)
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    directory = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(directory))
    return directory


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """The demo estate, fresh for every test."""
    with Simulator() as simulator:
        yield simulator
