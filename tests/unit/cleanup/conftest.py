# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulator for all tests of cleanups: each test loads its own estate."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.cleanup.scene import Scene
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(params=CLOUDS)
def scene(request: pytest.FixtureRequest, simulator: Simulator) -> Scene:
    """A scene on each cloud."""
    return Scene(simulator, CLOUDS[request.param])
