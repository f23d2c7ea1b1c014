# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put pip into an empty virtual environment, for ansible-test.

ansible-test downloads a script for that, from a server that not every machine reaches, and looks in a cache first:
https://github.com/ansible/ansible/issues/77304. noxfile.py puts this file there, and uv beside it where it has one.
They need the package index only.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys

# What ansible-test hands over: pip's options and the wanted packages, and options that only get-pip.py knows.
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]

packages = [argument for argument in arguments if not argument.startswith("-")]
# Without uv, which takes a moment, it takes many seconds in each of a dozen environments.
uv = pathlib.Path(__file__).with_name("uv")
options = ["--quiet", "--system-certs", "--python", sys.executable]
if not uv.exists() or subprocess.run([str(uv), "pip", "install", *options, *packages], check=False).returncode:
    subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *arguments], check=True)
