# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Many network interfaces.
    DOCUMENTATION = r"""
options:
  network_interface_ids:
    description:
      - Ids of the network interfaces to clean. One that does not exist is passed over with a warning.
      - Exactly one of this option, O(filters), O(targets) and O(all_network_interfaces) is needed.
    type: list
    elements: str
  all_network_interfaces:
    description:
      - Take every network interface that the credentials can see. This has to be asked for by name.
    type: bool
    default: false
  targets:
    description:
      - The plan of an earlier run, as RV(plan) gave it. Exactly these addresses are removed, if they still qualify.
      - Every network interface is read again. An address that has become the primary one is kept, one that is in use
        now stays, and one that is gone, or whose network interface is gone, is already absent. A warning names network
        interfaces that are gone, and O(max_missing_percent) limits them.
      - An empty list is a plan with nothing to do.
    type: list
    elements: dict
    suboptions:
      network_interface_id:
        description:
          - Id of the network interface.
        type: str
        required: true
      private_ip_addresses:
        description:
          - The addresses to remove from it.
        type: list
        elements: str
        required: true
  plan_digest:
    description:
      - With O(targets), the digest that was approved, as RV(plan_digest) gave it. With any other digest nothing is
        done.
    type: str
  only:
    description:
      - Addresses and networks in CIDR notation. Whatever lies outside is left alone. The default is everything.
      - Without O(targets), a warning names entries in which no address of a selected network interface lies.
    type: list
    elements: str
  keep:
    description:
      - Addresses and networks in CIDR notation that stay assigned, whatever else is said.
      - Without O(targets), a warning names entries in which no address of a selected network interface lies.
    type: list
    elements: str
  keep_network_interfaces:
    description:
      - Network interfaces to leave alone, by id or by a shell pattern for their names such as V(db-*). Upper and
        lower case differ.
      - An entry that is the whole name of a network interface matches it, too, so that V(db[1]) spares C(db[1]) as well
        as C(db1).
      - With a pattern here, a network interface whose name the cloud does not tell is left alone, since it may be one
        of those that are meant.
      - Without O(targets), a warning names entries that match no selected network interface.
    type: list
    elements: str
  max_unassign:
    description:
      - The largest number of addresses that may be removed. A larger plan fails and changes nothing.
    type: int
    default: 100
  max_unassign_percent:
    description:
      - The largest share, in percent, of the secondary addresses of the selected network interfaces that may be
        removed. A larger plan fails and changes nothing.
    type: float
    default: 100.0
  max_missing_percent:
    description:
      - With O(targets), the largest share of their network interfaces, in percent, that may not exist any more.
      - If more are missing, the task fails before it changes anything, in check mode as well, since a wrong account,
        site or region is likelier than that they were deleted.
    type: float
    default: 20.0
  in_use_check:
    description:
      - Whether to look up what uses the addresses before any is removed. O(in_use_sources) says what is looked up. Used
        addresses stay and are listed under RV(outcomes[].in_use).
      - The number of calls for it grows with the number of VPCs and regions, and of the load balancers, NAT gateways
        and DNS zones in them, not with that of the network interfaces.
      - Uses of which the cloud does not tell the address, and that do not protect the whole network interface, are
        listed under RV(uncertain).
      - If a look-up fails, the task fails before it changes anything. With O(force), that is a warning.
    type: bool
    default: true
  force:
    description:
      - Whether to try used addresses too, and let the cloud decide. A warning tells about them.
    type: bool
    default: false
  wait:
    description:
      - Whether an address counts as removed only when a later read no longer shows it. With V(false), the cloud's
        word is enough.
    type: bool
    default: true
  wait_timeout:
    description:
      - Longest time in seconds to wait for that, from the last call for the network interface. An address that still
        shows then is listed under RV(outcomes[].unknown), and the task fails.
    type: float
    default: 60.0
  concurrency:
    description:
      - How many calls may be in flight, from 1 to 64.
    type: int
    default: 10
  requests_per_second:
    description:
      - How many calls a second may be sent at most. By default only the cloud limits it - the pace slows down when
        calls are throttled, and recovers.
    type: float
  on_error:
    description:
      - What to do after an address that could not be removed. V(stop) starts no further call that changes something,
        and awaits those in flight.
    type: str
    default: continue
    choices:
      - continue
      - stop
  journal:
    description:
      - A file on the machine that the module runs on, to which a line of JSON is appended before each call that changes
        something is sent, after it is answered, and when its addresses are settled. After a kill it tells what was
        sent. A relative path begins where one of O(trace) does.
      - Nothing is sent that could not be recorded. One file can serve any number of runs, one after another. It holds
        no credentials.
      - Every line has C(event), C(time) and C(run). The events are C(run_started), C(sent), C(answered), C(settled) and
        C(run_ended).
      - Not written in check mode.
    type: path
"""
