# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the campaign plays; apart from what starts it, so that its processes can be told of it."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections import Counter
from collections.abc import Callable

from . import histories, playing
from .fuzz import fuzzers


@dataclasses.dataclass(frozen=True)
class Part:
    """What seeds draw.

    :param count: how many seeds at full size.
    :param play: what was wrong with what a seed draws, or nothing; and how much happened in it.
    """

    what: str
    count: int
    play: Callable[[int], tuple[str, Counter[str]]]


#: The longest first, so that both processes end together.
PARTS = {
    "histories": Part("histories of the role", 50, histories.play_either),
    "scenarios": Part("scenarios of the modules", 1950, playing.play),
    **{
        name: Part(f"damaged {name}", 4000 // fuzzers.SLOWNESS.get(name, 1), functools.partial(fuzzers.play, name))
        for name in fuzzers.FUZZERS
    },
}


def timed(name: str, seed: int) -> tuple[str, Counter[str], float]:
    """Play what a seed draws of a part; see C(Part.play), with the seconds that it took."""
    started = time.monotonic()
    complaint, seen = PARTS[name].play(seed)
    return complaint, seen, time.monotonic() - started
