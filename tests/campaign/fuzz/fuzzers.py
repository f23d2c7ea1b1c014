# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fuzzers: what each tries is drawn from a seed, and what it complains of has a name that tries it again."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import pathlib
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from typing import Any

from ansible_collections.edgecloud.nic.tests.campaign.worker import Worker

from . import answers, files, judge, options, variables, wire
from .double import Double, Moment

#: So many calls of an action there are whenever there are more: how often something is read again takes its time.
_CERTAIN = 3


@functools.cache
def _answers_of(double: Double, case: judge.Case) -> dict[Moment, dict[str, Any]]:
    """Give the answers of a run in which nothing is spoilt, but for those of which there may be more or fewer."""
    judge.play(double, case, {})
    return {moment: answer for moment, answer in double.answers.items() if moment[1] < _CERTAIN}


@functools.cache
def _damages(double: Double, case: judge.Case) -> list[answers.Damage]:
    return answers.damages(_answers_of(double, case))


def _complaints(double: Double, case: judge.Case, spoils: dict[Moment, Any], may_be_meant: bool) -> list[str]:
    return list(judge.complaints(double, case, judge.play(double, case, spoils), may_be_meant))


def fuzz_answers(double: Double, rng: random.Random) -> tuple[str, list[str]]:
    """Damage one field of an answer, or two."""
    case = rng.choice(judge.CASES)
    done = rng.sample(_damages(double, case), rng.choice((1, 1, 1, 2)))
    may_be_meant = any(damage.way in answers.MAY_BE_MEANT for damage in done)
    return f"{case} {list(map(str, done))}", _complaints(double, case, answers.spoil(*done), may_be_meant)


def fuzz_wire(double: Double, rng: random.Random) -> tuple[str, list[str]]:
    """Send one answer in another way than HTTP and the API have it."""
    case = rng.choice(judge.CASES)
    moment = rng.choice(sorted(_answers_of(double, case)))
    way = rng.choice((*wire.WAYS, "drip", f"cut {rng.randrange(400)}"))
    return f"{case} {moment} {way}", _complaints(double, case, wire.spoil(moment, way), way == wire.MAY_BE_MEANT)


@functools.cache
def _odd_ones() -> list[options.Odd]:
    return list(options.odd_ones())


def fuzz_options(double: Double, rng: random.Random) -> tuple[str, list[str]]:
    """Give an option a value that nobody means."""
    odd = rng.choice(_odd_ones())
    # Files are written where some of the options say.
    with tempfile.TemporaryDirectory(prefix="edgecloud-nic-fuzz.") as directory, contextlib.chdir(directory):
        return str(odd), options.judge(double, odd)


@functools.cache
def _structural() -> list[tuple[str, str, list[Any], str]]:
    return list(files.structural())


def fuzz_files(_double: Double, rng: random.Random) -> tuple[str, list[str]]:
    """Damage a file, in one field or in some bytes."""
    with tempfile.TemporaryDirectory(prefix="edgecloud-nic-fuzz.") as directory:
        if rng.random() < 0.5:
            seed = rng.randrange(2**32)
            found, what = files.noisy(seed, pathlib.Path(directory)), f"bytes of seed {seed}"
        else:
            name, text, path, way = rng.choice(_structural())
            found, what = files.complaint(name, text, pathlib.Path(directory)), f"{name} {json.dumps(path)} {way}"
    return what, [found] if found else []


@functools.cache
def _odd_variables() -> list[variables.Odd]:
    return list(variables.odd_ones())


@functools.cache
def _worker() -> Worker:
    """Start the process that carries out tasks of the role, with a directory of its own, once for all of them."""
    directory = tempfile.TemporaryDirectory(prefix="edgecloud-nic-fuzz.")
    worker = Worker(pathlib.Path(directory.name))
    atexit.register(directory.cleanup)
    atexit.register(worker.close)
    return worker


def fuzz_variables(double: Double, rng: random.Random) -> tuple[str, list[str]]:
    """Give a variable of the role a value that nobody means."""
    odd = rng.choice(_odd_variables())
    try:
        return str(odd), variables.judge(double, _worker(), odd)
    except (TimeoutError, ChildProcessError) as error:
        _worker.cache_clear()
        return str(odd), [str(error)]


FUZZERS: dict[str, Callable[[Double, random.Random], tuple[str, list[str]]]] = {
    "answers": fuzz_answers,
    "wire": fuzz_wire,
    "options": fuzz_options,
    "files": fuzz_files,
    "variables": fuzz_variables,
}
#: What takes so many times as long as the others is tried that much less often.
SLOWNESS = {"wire": 2, "variables": 8}


def fuzz(double: Double, fuzzer: str, seed: int) -> str | None:
    """Try what a seed draws; give what is wrong with what came of it, with how to try it again."""
    what, found = FUZZERS[fuzzer](double, random.Random(seed))
    if not found:
        return None
    again = f"make campaign ONLY={fuzzer}=1 SEED={seed}"
    return "\n".join([again, f"  {what}", *(f"  ! {one}" for one in found)])


@functools.cache
def _double() -> Double:
    """Start the clouds of this process, which end with it."""
    until_the_end = contextlib.ExitStack()
    atexit.register(until_the_end.close)
    return until_the_end.enter_context(Double(judge.ESTATE))


def play(fuzzer: str, seed: int) -> tuple[str, Counter[str]]:
    """Try what a seed draws.

    :returns: what was wrong, with how to try it again, or nothing; and how often.
    """
    complaint = fuzz(_double(), fuzzer, seed)
    return complaint or "", Counter({"wrong": bool(complaint)})
