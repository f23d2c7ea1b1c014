# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put pip into an empty virtual environment, for ansible-test.

ansible-test downloads a script for that, from a server that not every machine reaches, and looks in a cache first:
https://github.com/ansible/ansible/issues/77304. noxfile.py puts this file there. It needs the package index only.
"""

from __future__ import annotations

import subprocess
import sys

# What ansible-test hands over: pip's options and the wanted packages, and options that only get-pip.py knows.
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *arguments], check=True)
