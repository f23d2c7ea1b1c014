# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out changes and accounts for every address."""

from __future__ import annotations

import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._engine.changes import Change
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.control import RunControl
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.verification import verify
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.work import EngineSettings, Work
from ansible_collections.edgecloud.nic.plugins.module_utils._engine.writer import Writer
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.contract import Provider


def carry_out(
    provider: Provider, change: Change, settings: EngineSettings, control: RunControl, works: t.Sequence[Work]
) -> None:
    """Send what these works need and verify it; afterwards every address of theirs has exactly one outcome."""
    for work in works:
        Writer(provider, change, settings, control, work).write()
    verify(provider, change, settings, control, works)
