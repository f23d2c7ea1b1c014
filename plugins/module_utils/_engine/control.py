# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stopping and pausing: every wait of the engine ends at once when the run is to stop."""

from __future__ import annotations

import threading


class RunControl:
    """One run of the engine. Safe to use from several threads and from signal handlers."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """No new call that changes something is to be started."""
        return self._stop.is_set()

    def stop(self) -> None:
        self._stop.set()

    def sleep(self, seconds: float) -> None:
        """Pause, but not beyond a stop."""
        if seconds > 0:
            self._stop.wait(seconds)
