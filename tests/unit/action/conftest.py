# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several tests of the role begin with."""

from __future__ import annotations

import pytest
from ansible_collections.edgecloud.nic.tests.simulator import Simulator


@pytest.fixture
def cloud_of_ten(sim: Simulator) -> Simulator:
    sim.load({"zec": {"generate": {"network_interfaces": 10, "secondary_private_ips": 1}}})
    return sim
