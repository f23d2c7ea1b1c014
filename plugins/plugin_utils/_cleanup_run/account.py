# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of a run, whatever happens to it."""

from __future__ import annotations

import contextlib
import sys
import typing as t

from ansible_collections.edgecloud.nic.plugins.plugin_utils._cleanup_records.common import Json, RefusedError, uses_of

#: What is known of a run that goes on in another task.
_KNOWN = ("used", "checked", "batches", "ages", "digest", "results")
#: Of the result of a batch, what nobody needs once it was shown.
_DROPPED = ("invocation", "diff", "plan", "network_interfaces")
#: In the place of the many lists of outcomes in which nothing is.
_NONE: list[t.Any] = []


class Account:
    """What is known of a run, however far it got."""

    def __init__(self) -> None:
        self.used: Json = {}
        self.checked: Json = {}
        #: None where it was not decided to carry anything out.
        self.batches: list[Json] | None = None
        #: How old what is planned is, and what is too young to be, as C(age_of) tells it.
        self.ages: list[Json] = []
        #: Of the plan that is carried out.
        self.digest: str | None = None
        #: Of modules that may have written, in their order.
        self.results: list[Json] = []
        self.errors: list[str] = []
        #: Why batches are left that were not begun, and after how many; None where that is not so.
        self.ending: str | None = None
        #: Whether the run goes on once a health check has passed.
        self.waits = False
        #: Whether the records belong to another run by now.
        self.displaced = False
        #: What is to end this process as soon as the account is written.
        self.interruption: BaseException | None = None

    @classmethod
    def of(cls, known: Json) -> Account:
        """Return the account of a run that goes on.

        :param known: as C(known) has told it.
        """
        account = cls()
        for name in _KNOWN:
            setattr(account, name, known[name])
        return account

    def known(self) -> Json:
        """Return what the run has to know to go on, in types that JSON has."""
        return {name: getattr(self, name) for name in _KNOWN}

    def add(self, result: Json) -> None:
        """Take in what came of a batch: in a large cleanup these take most of the memory."""
        self.results.append(compact({name: result[name] for name in result if name not in _DROPPED}))

    def uses(self) -> list[Json]:
        """Return what uses addresses: with force, a second look has told it."""
        return uses_of((self.used if "outcomes" in self.used else self.checked).get("outcomes") or ())

    @contextlib.contextmanager
    def survives(self) -> t.Iterator[None]:
        """Go on to the report, whatever happens."""
        try:
            yield
        except RefusedError as error:
            # What was read, if anything, is about another place.
            self.checked = {}
            self.errors.append(str(error))
        except Exception as error:
            self.errors.append(bug(error))
        except BaseException as error:
            self.interruption = error
            self.errors.append(f"interrupted by {type(error).__name__}")


def compact(result: Json) -> Json:
    """Return a result of the cleanup module in less memory, to be read only."""
    if not result.get("outcomes"):
        return result
    outcomes = [{name: _shared(value) for name, value in entry.items()} for entry in result["outcomes"]]
    return {**result, "outcomes": outcomes}


def _shared(value: str | list[t.Any]) -> str | list[t.Any]:
    """Return a field of outcomes, made of what is in memory already: each result brings all ids and addresses anew."""
    if isinstance(value, str):
        return sys.intern(value)
    return [sys.intern(item) if isinstance(item, str) else item for item in value] or _NONE


def bug(error: Exception) -> str:
    return f"edgecloud.nic has a bug, please report it: {type(error).__name__}: {error}"


@contextlib.contextmanager
def collected(trouble: list[str]) -> t.Iterator[None]:
    """Go on after what could not be written: the rest of the account is wanted all the more."""
    try:
        yield
    except RefusedError as error:
        trouble.append(str(error))
    except OSError as error:
        trouble.append(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror))
    except Exception as error:
        trouble.append(bug(error))
