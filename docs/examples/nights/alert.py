# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says what needs attention after a night, and nothing where nothing does.

Usage: python3 alert.py cleanup/index.json    (the exit code is 1 where something needs attention)
"""

import datetime
import json
import sys

#: A night that did not run needs attention, too.
HOURS = 26

try:
    with open(sys.argv[1], encoding="utf-8") as file:
        night = json.load(file)
    attention = [scope for scope in night["scopes"] if scope["state"] != "done"]
    found = [f"{scope['scope']}: {scope['state']}: {scope['message']}" for scope in attention]
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(night["started"])
    if age > datetime.timedelta(hours=HOURS):
        found.append(f"No night has begun since {night['started']}")
    if night["playbook"] != "cleanup":
        found.append("Nothing was cleaned up after the latest preflight")
    if not night["scopes"]:
        found.append("The night had no scope")
except (OSError, ValueError, KeyError, TypeError) as error:
    found = [f"{sys.argv[1]} tells of no night: {error!r}"]
if found:
    sys.exit("\n".join(found))
