# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - python >= 3.9
  - requests
notes:
  - With the strategies of Mitogen (tried with 0.3.54) a task with C(async) hangs until its time is up. Others work.
options:
  timeout:
    description:
      - Longest time in seconds from a request to the end of its answer.
      - After a change whose answer did not come in time, the network interface is read again before anything else is
        sent.
    type: float
    default: 30.0
  connect_timeout:
    description:
      - Longest time in seconds until there is a connection, which includes a proxy's answer and the TLS handshake.
    type: float
    default: 10.0
  max_retries:
    description:
      - How often a call is repeated that did not reach the cloud, that only reads, or after which a read showed that it
        had no effect.
      - A call that the cloud throttled waits for its turn as long as others get through. An action that refuses
        everything is given up when it has refused more calls than this in a row, and has done so for O(max_retries)
        times O(retry_max_delay) seconds.
      - An endpoint that cannot be reached is tried by one call for all; when its repetitions are used up, nothing else
        that changes something is sent.
    type: int
    default: 5
  retry_max_delay:
    description:
      - Longest pause in seconds before such a repetition. The pauses grow and have jitter. Where the cloud says how
        long to wait, that is done, up to this limit.
    type: float
    default: 30.0
  validate_certs:
    description:
      - Whether the TLS certificate of the endpoint is verified. Do not switch this off in production.
    type: bool
    default: true
  ca_path:
    description:
      - A bundle file with the certificates of the authorities to trust, instead of the usual ones, or a directory of
        them in which C(openssl rehash) was run.
      - Without this option, the first of the environment variables E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE) that
        names an existing path is honoured, and without those E(SSL_CERT_FILE) and E(SSL_CERT_DIR).
    type: path
  proxy:
    description:
      - URL of the HTTP or SOCKS5 proxy to use. The latter (C(socks5) or C(socks5h)) needs the Python library PySocks.
      - Without this option, the proxy variables of the environment count, such as E(HTTPS_PROXY).
      - Hosts that E(NO_PROXY) lists are contacted directly either way.
    type: str
  trace:
    description:
      - File to which every call is appended, with what came of it, as a line of JSON; also in check mode. It is what a
        report of a problem needs, and what shows how the cloud answers.
      - A line with the C(event) V(call) has C(time), C(endpoint), C(action), C(seconds), C(parameters),
        C(request_headers), of the answer C(status), C(headers) and C(body) or C(text), and an C(error) where it cannot
        be used or none came.
      - It has addresses, ids and names, so look through it before you give it away. It has no credentials, signatures,
        tokens, cookies or proxy passwords, and of answers about clusters and accounts only the fields that are needed.
      - The file is made with mode C(0600) on the machine that the module runs on, where a relative path begins in the
        directory of the playbook if that is the machine of C(ansible-playbook), also for a playbook of an installed
        collection, and in the home directory of the remote user if not. Any number of tasks may append to the file side
        by side. One that cannot be opened, or is there and is no trace, fails the task before the first call. What
        goes wrong with it later is a warning, and changes nothing else.
      - A task writes at most 64 MiB. The rest is left out, which a warning and the trace itself tell.
    type: path
"""
