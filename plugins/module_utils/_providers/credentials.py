# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where credentials may come from, the same order for every cloud: the task's own options, the profile that the task
names, the environment, the default profile. A source counts whole: an id from one is never paired with a secret from
another."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError


class Found(t.NamedTuple):
    """One part of the credentials.

    :param source: the option, variable or profile field, to be named in messages.
    :param value: never to be named in messages; None where the source does not give this part.
    """

    source: str
    value: t.Any

    def checked(self) -> str:
        """Return the value if it can be sent in a header.

        :raises InputError: it is not text, or has a character that no key can have (a line break from a file, say).
        """
        if not isinstance(self.value, str) or not self.value.strip():
            raise InputError(self.source, "is empty")
        value = self.value.strip()
        if not value.isascii() or not value.isprintable():
            raise InputError(self.source, "has a character that no key can have (a line break or a non-ASCII one)")
        return value


class Source(t.NamedTuple):
    """The one source that gave the credentials.

    :param parts: every part by its option.
    :param kind: what the parts are named by, in the singular: an option of the task, or a variable.
    :param profile: the profile that they are from, in words; None where they are from no profile.
    """

    parts: dict[str, Found]
    kind: str = ""
    profile: str | None = None

    def origin(self, *options: str) -> str:
        """Say where these parts came from, for a message after the cloud has refused them; without any of them."""
        if self.profile is not None:
            return self.profile
        names = [self.parts[option].source for option in options if self.parts[option].value is not None]
        *most, last = names
        return f"{self.kind}{'s' if most else ''} {', '.join(most)}{' and ' if most else ''}{last}"


def profile_by_name(content: t.Any, name: str | None) -> tuple[str, dict[str, t.Any]]:
    """Find a profile in a file of the form C({NAME: {OPTION: value}}), by default the one named C(default).

    :raises ValueError: with the reason, where it has none.
    """
    if not isinstance(content, dict):
        raise ValueError("has no profiles")
    wanted = name or "default"
    if not isinstance(content.get(wanted), dict):
        raise ValueError(f"has no profile '{wanted}'")
    # Clients write the parts that a profile does not use as empty text.
    return wanted, {field: value for field, value in content[wanted].items() if value != ""}


class Sources(t.NamedTuple):
    """Where one cloud's credentials may be.

    :param variables: the environment variables of each option, first one first.
    :param sufficient: the options of which one at least must be set for a source to count.
    :param profile_variables: environment variables that name a profile.
    :param default_file: the profile file of the vendor's own command-line client.
    :param read_profile: finds a profile by name (None: the file's current one) in the file's content, returning its
        name and fields; raises C(ValueError) with the reason.
    :param current_profile: tells which profile is the current one where a file beside the profile file says so.
    """

    variables: dict[str, tuple[str, ...]]
    sufficient: tuple[str, ...]
    profile_variables: tuple[str, ...]
    default_file: str
    read_profile: t.Callable[[t.Any, str | None], tuple[str, dict[str, t.Any]]] = profile_by_name
    current_profile: t.Callable[[str], str | None] = lambda path: None


def find_credentials(options: t.Mapping[str, t.Any], sources: Sources) -> Source:
    """Return the first source that has any part.

    :raises InputError: no source has any, or a profile cannot be read.
    """
    given = [option for option in sources.variables if options[option] is not None]
    if options["profile"] is not None:
        if given:
            raise InputError("profile", f"cannot be combined with {', '.join(given)}")
        return _from_profile(options, sources, options["profile"], "profile")
    if given:
        return Source({option: Found(option, options[option]) for option in sources.variables}, "the task's option")
    from_environment = {option: _from_environment(names) for option, names in sources.variables.items()}
    if any(from_environment[option].value for option in sources.sufficient):
        return Source(from_environment, "the environment variable")
    profile = _from_environment(sources.profile_variables)
    return _from_profile(options, sources, profile.value, profile.source if profile.value else None)


def _from_environment(names: t.Sequence[str]) -> Found:
    for name in names:
        if os.environ.get(name):
            return Found(name, os.environ[name])
    return Found(names[0], None)


def _from_profile(
    options: t.Mapping[str, t.Any], sources: Sources, profile: str | None, chosen_by: str | None
) -> Source:
    path = options["credentials_file"] or sources.default_file
    if not options["credentials_file"] and not chosen_by and not os.path.exists(os.path.expanduser(path)):
        wanted = ", ".join(" or ".join(names) for names in sources.variables.values())
        raise InputError(
            next(iter(sources.variables)),
            f"no credentials found in the task's options ({', '.join(sources.variables)}), "
            f"in the environment ({wanted}) or in {sources.default_file}",
        )
    content = load_json_file(path, "credentials_file")
    profile = profile or sources.current_profile(path)
    try:
        name, fields = sources.read_profile(content, profile)
    except ValueError as error:
        raise InputError(chosen_by or "credentials_file", f"{path} {error}") from None
    where = f"of profile '{name}' in {path}"
    parts = {option: Found(f"{option} {where}", fields.get(option)) for option in sources.variables}
    reason = "the one that counts where none is named"
    if chosen_by:
        reason = f"which the {'task' if chosen_by in options else 'environment'} names ({chosen_by})"
    return Source(parts, profile=f"profile '{name}' in {path}, {reason}")


def load_json_file(path: str, option: str) -> t.Any:
    """Read a JSON file; the messages name the file and show nothing of its content."""
    try:
        with open(os.path.expanduser(path), encoding="utf-8-sig") as file:
            return json.load(file)
    except FileNotFoundError:
        raise InputError(option, f"{path} does not exist") from None
    except OSError as error:
        raise InputError(option, f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise InputError(option, f"{path} is not valid JSON") from None


def require_together(first: Found, second: Found) -> tuple[str, str]:
    """Return both values.

    :raises InputError: one of them is missing.
    """
    for missing, other in ((first, second), (second, first)):
        if missing.value is None:
            raise InputError(missing.source, f"is missing; it belongs to {other.source}")
    return first.checked(), second.checked()
