# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to errors has every code and every message that a user can meet, and none that there is not."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
from collections.abc import Iterator

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.outcomes import FAILING_OUTCOMES, StopReason
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.errors import ErrorCodes, ErrorKind
from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.variables import PREFIX
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.unit.docs.printed import (
    GUIDES,
    HERE,
    LEFT_OUT,
    Reader,
    blocks,
    environment,
    literals,
    tables,
)

GUIDE = GUIDES / "errors.rst"
CLOUDS = sorted(path.parent.name for path in (HERE / "plugins/module_utils/_providers").glob("*/errors.py"))
#: What begins a table of messages.
MESSAGE = "Message"
#: Documentation; what only the preflight tells, each with its remedy; and what only the page of a report tells.
ELSEWHERE = {
    *(HERE / "plugins").glob("modules/*.py"),
    *(HERE / "plugins").glob("doc_fragments/*.py"),
    *(HERE / "plugins/module_utils").rglob("preflight.py"),
    HERE / "plugins/plugin_utils/_cleanup_records/page.py",
}
#: What the filter has as documentation.
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
#: What no user ever reads: it is caught, or would be a bug.
NEVER_SHOWN = {"timed out", "urlsplit would drop line breaks and tabs", "… already has the outcome …"}
#: What codes mean has a table of its own.
MEANINGS = {kind.value for kind in ErrorKind} - {ErrorKind.STOPPED.value}
#: From so many words on a text is a message that needs a row, and from so many on where it is raised or can have one.
FEWEST_WORDS = 4
FEWEST_WORDS_RAISED = 2


# What the code can say.


def template(node: ast.AST) -> str | None:
    """Give the text of a string, with what is filled in left out; None where it is no string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_part, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [template(node.left), template(node.right)]
        return None if sides == [None, None] else "".join(LEFT_OUT if side is None else side for side in sides)
    return None


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    return PREFIX if ast.unparse(node.value).rpartition(".")[2] == "PREFIX" else LEFT_OUT


def sentences(node: ast.AST, fewest: int = FEWEST_WORDS, raised: bool = False) -> Iterator[str]:
    """Yield the templates of messages below a node of the code.

    :param fewest: the words that one has at least.
    :param raised: whether the node is what an error or a warning is made of.
    """
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in DOCUMENTATION:
        return
    text = template(node)
    if text is None:
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            raised = name.endswith("Error") or name == "warn"
        else:
            raised = raised and isinstance(node, ast.IfExp)
        for child in ast.iter_child_nodes(node):
            yield from sentences(child, fewest, raised)
        return
    words = [word for word in text.split() if re.search("[A-Za-z]{2}", word)]
    if len(words) >= (FEWEST_WORDS_RAISED if raised else fewest):
        yield normal(text)
    for inner in ast.walk(node):
        if isinstance(inner, ast.FormattedValue):
            yield from sentences(inner.value, fewest)


def normal(text: str) -> str:
    """Make texts comparable: what is left out in one piece, blanks as one, no punctuation at the ends."""
    return re.sub(f"(?:{LEFT_OUT} ?)*{LEFT_OUT}", LEFT_OUT, " ".join(text.split())).strip(" ;:,.")


def said(fewest: int = FEWEST_WORDS) -> set[str]:
    paths = sorted({*(HERE / "plugins").rglob("*.py")} - ELSEWHERE)
    found = {text for path in paths for text in sentences(ast.parse(path.read_text(encoding="utf-8")), fewest)}
    assert found >= NEVER_SHOWN
    return found - NEVER_SHOWN


# What the guide says.


def messages() -> list[str]:
    return [normal(text) for head, *rows in tables(GUIDE) if head[0] == MESSAGE for text in literals(rows)]


def tells(message: str, text: str) -> bool:
    """Tell whether a message of the guide is, or has as a part, what the code says.

    What stands for anything must not stand for most of it.
    """
    if re.search(pattern(text), message):
        return True
    return 2 * len(message.replace(LEFT_OUT, "")) >= len(text) and re.fullmatch(pattern(message), text) is not None


def pattern(text: str) -> str:
    return ".*".join(map(re.escape, text.split(LEFT_OUT)))


def test_a_message_is_found_in_the_code_however_it_is_written() -> None:
    code = (
        "def f(x):\n"
        "    'Not a message but a docstring.'\n"
        "    raise InputError('name', f'is {x} and not ' + str(x) + ' at all' if x else 'is empty')\n"
        "    y = f'three words {x}'\n"
        "    return f'{variables.PREFIX}name says that {\"it is so and so\" if x else x} today'\n"
    )
    assert list(sentences(ast.parse(code))) == [
        "is … and not … at all",
        "is empty",
        "private_ip_cleanup_name says that … today",
        "it is so and so",
    ]


def test_what_stands_for_anything_is_not_a_message_of_its_own() -> None:
    assert tells("… is refused: it is old", "it is old")
    assert tells("it is … hours old", "it is … hours old")
    assert not tells("…: …", "it is … hours old")
    assert not tells("… is refused: …", "… is refused: it has … removals of several plans")


def test_every_message_of_the_collection_has_a_row() -> None:
    rows = messages()
    assert [text for text in sorted(said() - MEANINGS) if not any(tells(row, text) for row in rows)] == []


def test_no_row_is_about_a_message_that_there_is_not() -> None:
    texts = said(FEWEST_WORDS_RAISED)
    assert [row for row in messages() if not any(tells(row, text) for text in texts)] == []


# Codes.


def codes(cloud: str) -> ErrorCodes:
    providers = "ansible_collections.edgecloud.nic.plugins.module_utils._providers"
    found: ErrorCodes = importlib.import_module(f"{providers}.{cloud}.errors").CODES
    return found


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_code_has_a_row_that_says_what_it_means_and_there_is_no_other(cloud: str) -> None:
    known = codes(cloud)
    head, *rows = tables(GUIDE, f".. _ansible_collections.edgecloud.nic.docsite.errors.{cloud}:")[0]
    assert head[0] == "Code"
    means = {code: row[1] for row in rows for code in literals([row])}
    families = {code.rstrip(LEFT_OUT): meaning for code, meaning in means.items() if code.endswith(LEFT_OUT)}
    exact = {code: meaning for code, meaning in means.items() if not code.endswith(LEFT_OUT)}
    assert exact == {code: kind.value for code, kind in known.kinds.items()}
    assert families == {code: known.classify(f"{code}_X", 400).value for code in families}
    for searched in known.patterns:
        for word in re.findall("[A-Za-z][A-Za-z_]+", searched):
            assert any(code.startswith(word) for code in families), word


# Results.


def test_what_fails_a_task_and_what_stops_it_is_explained() -> None:
    failing, stopped, *_others = tables(GUIDE)
    assert literals(failing[1:]) == list(FAILING_OUTCOMES)
    assert sorted(literals(stopped[1:])) == sorted(reason.value for reason in StopReason)


# What is to be copied.


def test_the_play_shows_what_the_cloud_refused_and_removes_the_others(sim: Simulator, tmp_path: pathlib.Path) -> None:
    locked = {
        "network_interface_id": "eni-hangzhou-web-1",
        "private_ip_address": "10.10.1.12",
        "code": "OperationDenied",
        "message": "The address is locked.",
    }
    sim.set(refuse=[locked])
    Reader(tmp_path, environment(sim)).follow(blocks(GUIDE))
    assert sim.addresses("eni-hangzhou-web-1") == ("10.10.1.10", ["10.10.1.12"])
