# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns a trace into a recording, and answers as recorded; see README.md."""

from __future__ import annotations

from .recording import Recording, TraceError, read, record
from .replay import Replay

__all__ = ["Recording", "Replay", "TraceError", "read", "record"]
