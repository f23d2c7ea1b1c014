#!/usr/bin/env bash
# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Shows the collection at work on simulated clouds, and fails if anything is not as the captions say.
# Needs ansible, python and the collection on their paths: start it with "make demo".

set -euo pipefail
cd "$(dirname "$0")"

python -c 'import aiohttp, ansible, ansible_collections.edgecloud.nic' 2>/dev/null || {
    echo 'Start it with "make demo", which finds a Python that is new enough (3.11) and installs what the demo needs.' >&2
    exit 1
}

scratch=$(mktemp -d)
simulator=
stop() {
    if [[ -n $simulator ]]; then
        kill "$simulator" 2>/dev/null || true
        wait "$simulator" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap stop EXIT
trap 'exit 130' INT TERM

# Nothing of the user's own: no configuration, no credentials, no proxy.
for name in $(compgen -e | grep -E '^(ANSIBLE_|ALIBABA_CLOUD_|ALICLOUD_|ZENLAYER|ENS_)' | grep -vx ANSIBLE_COLLECTIONS_PATH); do
    unset "$name"
done
export HOME=$scratch ANSIBLE_CONFIG=$PWD/ansible.cfg ANSIBLE_LOCAL_TEMP=$scratch/tmp ANSIBLE_REMOTE_TEMP=$scratch/tmp
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
if [[ -t 1 ]]; then export ANSIBLE_FORCE_COLOR=1; fi

python -m ansible_collections.edgecloud.nic.tests.simulator --port 0 --ready-file "$scratch/url" >"$scratch/log" 2>&1 &
simulator=$!
for _ in {1..100}; do
    [[ -s $scratch/url ]] && break
    kill -0 "$simulator" || { cat "$scratch/log" >&2; exit 1; }
    sleep 0.1
done
url=$(<"$scratch/url")

# Made-up credentials, good for nothing but the simulator.
export ENS_ENDPOINT=$url ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI-DEMO-OPERATOR ALIBABA_CLOUD_ACCESS_KEY_SECRET=demo-secret-operator
export ZENLAYER_ENDPOINT=$url ZENLAYER_ACCESS_KEY_ID=ZEC-DEMO-OPERATOR ZENLAYER_ACCESS_KEY_SECRET=demo-password-operator

step=0
caption() {
    step=$((step + 1))
    printf '\n\n== %d. %s\n\n' "$step" "$1"
    shift
    if (($#)); then
        printf '   %s\n' "$@"
        echo
    fi
}

wrong() {
    printf '\nDEMO FAILED: step %d: %s\n' "$step" "$1" >&2
    exit 1
}

# run STATUS COMMAND…: show the command, run it, and insist on its exit status (2 is how Ansible says that a task failed).
run() {
    local expected=$1 status=0
    shift
    printf '$'
    printf ' %s' "${@@Q}" | sed -E "s/'([A-Za-z0-9_.,:=@/-]+)'/\1/g"
    printf '\n'
    "$@" 2>&1 | tee "$scratch/output" || status=${PIPESTATUS[0]}
    ((status == expected)) || wrong "exit status $status, not $expected"
}

# shows TEXT…: insist that the last output had it.
shows() {
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$scratch/output" || wrong "the output lacks: $text"
    done
}

# addresses_are CLOUD NIC ADDRESS…: insist on what the simulated cloud really holds, whatever Ansible says.
addresses_are() {
    python - "$url" "$@" <<'PYTHON' || wrong "$2 does not have the addresses it should have"
import json, sys, urllib.request
url, cloud, nic, *wanted = sys.argv[1:]
open_directly = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
estate = json.load(open_directly(f"{url}/_simulator/estate"))
sys.exit(sorted(estate[cloud]["network_interfaces"][nic]["secondary_private_ips"]) != sorted(wanted))
PYTHON
}

# take_stock: keep how many secondary addresses each simulated cloud really has.
take_stock() {
    python - "$url" >"$scratch/stock" <<'PYTHON'
import json, sys, urllib.request
estate = json.load(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{sys.argv[1]}/_simulator/estate"))
clouds = {cloud: estate[cloud]["network_interfaces"].values() for cloud in ("ens", "zec")}
json.dump({cloud: sum(len(nic["secondary_private_ips"]) for nic in nics) for cloud, nics in clouds.items()}, sys.stdout)
PYTHON
}

# overview_says MODE: insist that the overview has both scopes in this mode, and that since the last stock each cloud has
# lost as many addresses as it says: none by a plan.
overview_says() {
    cp "$scratch/stock" "$scratch/before"
    take_stock
    python - "$night/index.json" "$1" "$scratch/before" "$scratch/stock" <<'PYTHON' || wrong 'the overview is not true'
import json, sys
overview, before, after = (json.load(open(path)) for path in (sys.argv[1], *sys.argv[3:]))
lost = {cloud: before[cloud] - after[cloud] for cloud in before}
told = {scope["provider"]: scope["totals"]["unassigned"] for scope in overview["scopes"] if scope["mode"] == sys.argv[2]}
print(f"Addresses that the overview has: {told}; that are gone: {lost}")
sys.exit(not (overview["success"] and all(told.values()) and lost == (told if sys.argv[2] == "apply" else {"ens": 0, "zec": 0})))
PYTHON
}

echo "Two simulated clouds listen at $url: Alibaba Cloud ENS and Zenlayer ZEC. All names, keys and addresses are made up."

caption 'Dare the first run: check that both accounts are as the collection takes them to be, before anything else.' \
    'Nothing is changed. A check that failed would say what to do about it, and end the run with status 2.'
run 0 ansible-playbook -i scopes.yml edgecloud.nic.preflight -e private_ip_cleanup_report_dir="$scratch/preflight"
shows '1000000000000001' '2000001' 'passed' 'failed=0'
[[ -s $scratch/preflight/shop/preflight.json && -s $scratch/preflight/games/preflight.json ]] || wrong 'a file is missing'

caption 'What is there? Read one network interface and what uses its addresses.' \
    '10.30.1.21 has an elastic IP, .22 is behind a load balancer, .23 behind a NAT rule. Nothing uses .24.'
run 0 ansible localhost -m edgecloud.nic.zec_private_ip_info -a 'network_interface_ids=nic-hongkong-game-2 include_in_use=true'
shows eip-hongkong-game lb-hongkong-game dnat-hongkong-ssh

caption 'What would happen? Check mode reads but changes nothing, and the diff shows which addresses would go.'
run 0 ansible-playbook ens.yml --check --diff
shows 'changed=1' '-        "10.10.1.11",'
addresses_are ens eni-hangzhou-web-1 10.10.1.11 10.10.1.12 10.10.1.13

caption 'Do it: remove two named addresses on ENS.'
run 0 ansible-playbook ens.yml --diff
shows 'changed=1' '-        "10.10.1.11",'
addresses_are ens eni-hangzhou-web-1 10.10.1.13

caption 'Do it on ZEC, too: remove every secondary address that nothing uses. Only .24 goes.' \
    '(The line of .23 is in the diff for its comma.)'
run 0 ansible-playbook zec.yml --diff
shows 'changed=1' '-        "10.30.1.24"'
addresses_are zec nic-hongkong-game-2 10.30.1.21 10.30.1.22 10.30.1.23

caption 'Run both again: changed=0, and no write call is sent.'
run 0 ansible-playbook ens.yml zec.yml
shows 'changed=0'

caption 'Name the primary address. This has to fail before anything is changed.'
run 2 ansible localhost -m edgecloud.nic.ens_private_ip \
    -a 'network_interface_id=eni-hangzhou-web-1 private_ip_addresses=10.10.1.10,10.10.1.13 state=absent'
shows 'is the primary address of eni-hangzhou-web-1' 'nothing was changed'
addresses_are ens eni-hangzhou-web-1 10.10.1.13

caption 'Name an address that a load balancer uses. This has to fail as well, and the message says what uses it.'
run 2 ansible localhost -m edgecloud.nic.zec_private_ip \
    -a 'network_interface_id=nic-hongkong-game-2 private_ip_addresses=10.30.1.22 state=absent'
shows '10.30.1.22 is used by load balancer lb-hongkong-game' 'nothing was changed'
addresses_are zec nic-hongkong-game-2 10.30.1.21 10.30.1.22 10.30.1.23

caption 'Name the address of a pod: on ENS the pods of a Kubernetes cluster have secondary addresses. It has to stay, too.'
run 2 ansible localhost -m edgecloud.nic.ens_private_ip \
    -a 'network_interface_id=eni-shenzhen-pods-1 private_ip_addresses=10.50.2.11 state=absent'
shows '10.50.2.11 is used by Kubernetes cluster c-shenzhen' 'nothing was changed'
addresses_are ens eni-shenzhen-pods-1 10.50.2.11 10.50.2.12

caption 'Say whose account it has to be. With a key of another one this has to fail, and the message names both accounts.'
run 2 ansible localhost -m edgecloud.nic.ens_private_ip -a \
    'network_interface_id=eni-hangzhou-web-1 private_ip_addresses=10.10.1.13 state=absent expected_account=1000000000000002'
shows 'belong to account 1000000000000001, not to 1000000000000002' 'nothing was changed'
addresses_are ens eni-hangzhou-web-1 10.10.1.13

caption 'Every write call that the clouds have received in all of this: one for each cloud.'
python - "$url" <<'PYTHON' | tee "$scratch/output"
import json, sys, urllib.request
open_directly = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
for call in json.load(open_directly(f"{sys.argv[1]}/_simulator/calls?write=true"))["calls"]:
    print(f"{call['cloud']}: {call['action']} {call['network_interface_ids'][0]} {' '.join(call['private_ip_addresses'])}")
PYTHON
shows 'ens: UnassignPrivateIpAddresses eni-hangzhou-web-1 10.10.1.11 10.10.1.12' \
    'zec: UnassignNetworkInterfaceIpv4 nic-hongkong-game-2 10.30.1.24'
(($(wc -l <"$scratch/output") == 2)) || wrong 'there were other write calls'

# The reports stay, to be looked at.
reports=$(cd ../.. && pwd)/.build/demo
rm -rf "$reports"

caption 'Clean a whole region. First only a plan: everything is read, nothing is changed.' \
    'The playbook keeps 10.40.1.22. Nothing uses the two other secondary addresses there.'
run 0 ansible-playbook region.yml -e report_dir="$reports" --diff
shows 'changed=0' '-    "10.40.1.21",' 'Once it is approved, apply exactly this plan'
addresses_are zec nic-frankfurt-api-2 10.40.1.21 10.40.1.22
addresses_are zec nic-frankfurt-spare 10.40.1.31

caption 'Review it: the plan lists every address, and so does the table beside it.'
run 0 python -m json.tool --indent 2 "$reports/plan.json"
shows 10.40.1.21 10.40.1.31 '"digest"'
run 0 cut -d, -f1-6 "$reports/report.csv"
shows 10.40.1.22,kept

caption 'Apply it without an approval. This has to fail before anything is read.'
run 2 ansible-playbook region.yml -e report_dir="$reports" -e private_ip_cleanup_mode=apply
shows 'needs private_ip_cleanup_approved' 'nothing was changed'

caption 'Approve it by its digest, and apply exactly that plan. Everything is read again before anything is removed.'
digest=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["digest"])' "$reports/plan.json")
run 0 ansible-playbook region.yml -e report_dir="$reports" -e private_ip_cleanup_mode=apply \
    -e private_ip_cleanup_approved="$digest"
shows 'changed=1' 'Unassigned 2 addresses on 2 network interfaces'
addresses_are zec nic-frankfurt-api-2 10.40.1.22
addresses_are zec nic-frankfurt-spare

caption 'Apply it again: there is nothing left to do.'
run 0 ansible-playbook region.yml -e report_dir="$reports" -e private_ip_cleanup_mode=apply \
    -e private_ip_cleanup_approved="$digest"
shows 'changed=0' 'This plan was applied to its end'

caption 'It was a mistake? ZEC can assign a chosen address, so the journal is enough to put everything back. ENS cannot.'
run 0 ansible-playbook region.yml -e report_dir="$reports" -e private_ip_cleanup_mode=restore \
    -e private_ip_cleanup_restore_from="$reports/journal.jsonl"
shows 'changed=1'
addresses_are zec nic-frankfurt-api-2 10.40.1.21 10.40.1.22
addresses_are zec nic-frankfurt-spare 10.40.1.31
shows 'Assigned 2 addresses again'

[[ -s $reports/report.html ]] || wrong 'there is no HTML report'

night=$reports/night
take_stock
caption 'Clean up both accounts at once, with a plan for each. The overview of all scopes says what came of every one.'
run 0 ansible-playbook -i scopes.yml edgecloud.nic.cleanup -e private_ip_cleanup_report_dir="$night" \
    -e private_ip_cleanup_plan_file=plan.json -e private_ip_cleanup_all_network_interfaces=true
shows "$night/index.html"
overview_says plan

caption 'Apply both plans, by the digests that the overview has.'
digests=$(python -c 'import json, sys; print(*(s["digest"] for s in json.load(open(sys.argv[1]))["scopes"]), sep=",")' \
    "$night/index.json")
run 0 ansible-playbook -i scopes.yml edgecloud.nic.cleanup -e private_ip_cleanup_report_dir="$night" \
    -e private_ip_cleanup_plan_file=plan.json -e private_ip_cleanup_mode=apply -e private_ip_cleanup_approved="$digests"
shows "$night/index.html" 'changed=1'
overview_says apply

printf '\nThe report of the cleanup, for a browser: %s\n' "$reports/report.html"
printf 'The overview of both accounts: %s\n' "$night/index.html"

printf '\nEverything was as it should be.\n'
