# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of what runs on managed nodes share: one simulator for all."""

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS


@pytest.fixture(scope="session")
def sim():
    """One simulator for all; every test loads the estate that it needs."""
    with Simulator() as running:
        yield running


@pytest.fixture(params=CLOUDS)
def cloud(request, sim):
    """Each of the clouds."""
    return CLOUDS[request.param](sim)


@pytest.fixture
def ens(sim):
    return CLOUDS["ens"](sim)


@pytest.fixture
def zec(sim):
    return CLOUDS["zec"](sim)
