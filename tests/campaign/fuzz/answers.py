# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields of what a cloud answers are given other values: every field of every answer, and every kind of value."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .double import Moment, Spoil, whole

#: Where in an answer.
Path = tuple[Any, ...]

#: JSON that no cloud means, whatever the field. What is text may be meant where a text belongs.
VALUES: dict[str, str] = {
    "null": "null",
    "true": "true",
    "false": "false",
    "zero": "0",
    "negative": "-1",
    "fraction": "0.5",
    "nan": "NaN",
    "infinite": "1e999",
    "huge": "1" + "0" * 40,
    "endless": "1" * 5000,
    "empty": '""',
    "blank": '" "',
    "text": '"abc"',
    "digits": '"7"',
    "control": '"a\\u0000\\n\\u001b[31m"',
    "surrogate": '"\\ud800"',
    "long": json.dumps("x" * 100_000),
    "list": "[]",
    "list of null": "[null]",
    "list of lists": "[[]]",
    "list of text": '["abc"]',
    "object": "{}",
    "object in object": '{"a": {"b": null}}',
    "list of objects": "[{}]",
    "deep": "[" * 500 + "]" * 500,
}
#: What happens to a field beside getting another value.
GONE, TWICE = "gone", "twice"
WAYS = (*VALUES, GONE, TWICE)
#: What a cloud may mean: another thing of the same kind, or that there is nothing of it.
MAY_BE_MEANT = ("null", "empty", "list", GONE, "text", "digits", "zero", "list of text", "long")


class Damage(NamedTuple):
    """What is done to one field of one answer."""

    moment: Moment
    path: Path
    way: str

    def __str__(self) -> str:
        return json.dumps([*self.moment, list(self.path), self.way])


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """Walk through all that an answer holds."""
    if isinstance(value, dict):
        inner: Any = value.items()
    else:
        inner = enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*above, key)
        yield from paths(part, (*above, key))


def damages(answers: dict[Moment, dict[str, Any]]) -> list[Damage]:
    """List everything that can be done to one field of the answers of a run."""
    return [
        Damage(moment, path, way)
        for moment, body in sorted(answers.items())
        for path, way in itertools.product(paths(body), WAYS)
        if way != TWICE or isinstance(path[-1], str)
    ]


def damaged(body: dict[str, Any], done: list[tuple[Path, str]]) -> str:
    """Write an answer with fields damaged; what it does not have is left as it is."""
    body = copy.deepcopy(body)
    written: list[tuple[str, str]] = []
    for number, (path, way) in enumerate(done):
        mark = f"the mark {number}"
        try:
            place: Any = body
            for key in path[:-1]:
                place = place[key]
            before = json.dumps(place[path[-1]])
            if way == GONE:
                del place[path[-1]]
                continue
            place[path[-1]] = mark
        except (LookupError, TypeError):
            continue
        twice = f"{before}, {json.dumps(path[-1])}: null"
        written.append((json.dumps(mark), twice if way == TWICE else VALUES[way]))
    text = json.dumps(body)
    # One may lie in what another is a damage of.
    for mark_text, value in reversed(written):
        text = text.replace(mark_text, value, 1)
    return text


def spoil(*done: Damage) -> dict[Moment, Spoil]:
    """Make the answers of a run come with these damages."""
    found: dict[Moment, list[tuple[Path, str]]] = {}
    for damage in done:
        found.setdefault(damage.moment, []).append((damage.path, damage.way))
    return {moment: _spoil(ones) for moment, ones in found.items()}


def _spoil(done: list[tuple[Path, str]]) -> Spoil:
    def answer(status: int, body: dict[str, Any], send: Callable[[bytes], object]) -> bool:
        send(whole(status, damaged(body, done)))
        return True

    return answer
