# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same as what all unit tests have."""

from __future__ import annotations

from ansible_collections.edgecloud.nic.tests.unit.conftest import home, sim

__all__ = ["home", "sim"]
