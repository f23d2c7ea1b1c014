#!/bin/sh
# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# One night: checks the scopes of scopes.yml, cleans them up, and says what needs attention. Reports, log and lock lie where
# it is started.
#
# exit code 0   every scope is done, and nothing is shown
#           1   something needs attention: it is shown, and the log after it
#           75  another night still runs, and nothing was done

here=$(dirname "$0")

# Whatever is started has the lock, too: it holds until the last process of a night has ended, even where this one is killed.
exec 9>night.lock
flock --nonblock --conflict-exit-code 75 9
case $? in
0) ;;
75)
    echo "Another night still runs, so this one was left out." >&2
    exit 75
    ;;
*) exit 1 ;;
esac

night() {
    # Of tonight, or none.
    rm -f cleanup/*/preflight.json
    # A scope that fails here is refused by the cleanup; the others go on.
    ansible-playbook --inventory "$here/scopes.yml" edgecloud.nic.preflight
    ansible-playbook --inventory "$here/scopes.yml" edgecloud.nic.cleanup --extra-vars private_ip_cleanup_mode=apply
}

night >night.log 2>&1
status=$?
python3 "$here/alert.py" cleanup/index.json && [ "$status" -eq 0 ] && exit 0
cat night.log
exit 1
