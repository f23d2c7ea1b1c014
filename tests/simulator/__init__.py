# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stateful double of Alibaba Cloud ENS and Zenlayer ZEC on loopback; see README.md and the guide."""

from __future__ import annotations

from .schema import EstateError
from .simulator import Simulator

__all__ = ["EstateError", "Simulator"]
