# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns mappings read from YAML or JSON into dataclasses, with messages that name the place of a mistake."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

T = TypeVar("T")


class EstateError(ValueError):
    """The estate, the settings, a fault or a change is not what the guide describes."""


class ImpossibleError(EstateError):
    """A change that the world, as it is, does not allow."""


def mapping(data: Any, where: str) -> dict[str, Any]:
    """Give ``data`` back as a mapping; nothing at all is an empty one."""
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise EstateError(f"{where}: expected a mapping, got {type(data).__name__}")
    return data


def sequence(data: Any, where: str) -> list[Any]:
    """Give ``data`` back as a list; nothing at all is an empty one."""
    if data is None:
        return []
    if not isinstance(data, list):
        raise EstateError(f"{where}: expected a list, got {type(data).__name__}")
    return data


def build(cls: type[T], data: Any, where: str) -> T:
    """Make a ``cls`` of the mapping ``data``; an unknown or missing key is an error, not a silent default."""
    values = mapping(data, where)
    known = {field.name for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    unknown = sorted(str(key) for key in values if key not in known)
    if unknown:
        raise EstateError(f"{where}: unknown key {', '.join(unknown)} (known: {', '.join(sorted(known))})")
    try:
        return cls(**values)
    except (TypeError, ValueError) as exc:
        raise EstateError(f"{where}: {exc}") from exc


def build_all(cls: type[T], data: Any, where: str) -> list[T]:
    """Make a ``cls`` of every entry of the list ``data``."""
    return [build(cls, entry, f"{where}[{index}]") for index, entry in enumerate(sequence(data, where))]


def one_of(value: Any, choices: tuple[Any, ...], name: str) -> None:
    """Complain if ``value`` is none of ``choices``."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(str(choice) for choice in choices)}, not {value!r}")
