# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to what was tried has the numbers that the runs have written, and none of them was wrong."""

from __future__ import annotations

from ansible_collections.edgecloud.nic.tests.campaign import tried


def test_the_page_has_what_the_runs_have_written() -> None:
    # python -m ansible_collections.edgecloud.nic.tests.campaign.tried writes it.
    assert tried.PAGE.read_text(encoding="utf-8") == tried.page()


def test_what_is_told_has_nothing_wrong() -> None:
    assert "**" not in tried.page()
