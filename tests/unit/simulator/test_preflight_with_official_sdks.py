# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call of a preflight is one that the official SDKs send, to the letter of its parameters."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
from ansible_collections.edgecloud.nic.plugins.modules import ens_preflight, zec_preflight
from ansible_collections.edgecloud.nic.tests.simulator import Simulator
from ansible_collections.edgecloud.nic.tests.simulator.estate import DEMO
from ansible_collections.edgecloud.nic.tests.unit.clouds import CLOUDS, READ

for package in ("alibabacloud_ens20171110", "zenlayercloud"):
    pytest.importorskip(package)
# Where they are installed, what they lack is no reason to skip anything.
OpenApiClient = importlib.import_module("alibabacloud_tea_openapi.client").Client
open_api_models = importlib.import_module("alibabacloud_tea_openapi.models")
tea_exceptions = importlib.import_module("alibabacloud_tea_openapi.exceptions")
RuntimeOptions = importlib.import_module("darabonba.runtime").RuntimeOptions
ens_client = importlib.import_module("alibabacloud_ens20171110.client")
ens_models = importlib.import_module("alibabacloud_ens20171110.models")
Config = importlib.import_module("zenlayercloud.common.config").Config
Credential = importlib.import_module("zenlayercloud.common.credential").Credential
SdkException = importlib.import_module(
    "zenlayercloud.common.excpetion.zenlayer_cloud_sdk_exception"
).ZenlayerCloudSdkException

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

#: As the SDK of STS hands it to the client that all SDKs of Alibaba Cloud share.
GET_CALLER_IDENTITY = {
    "action": "GetCallerIdentity",
    "version": "2015-04-01",
    "protocol": "HTTPS",
    "pathname": "/",
    "method": "POST",
    "auth_type": "AK",
    "style": "RPC",
    "req_body_type": "formData",
    "body_type": "json",
}
#: What tells more of gateways and zones.
DETAILS = {
    "ens": {"DescribeForwardTableEntries", "DescribeSnatTableEntries"},
    "zec": {"DescribeNatGatewayDetail", "DescribePrivateZoneRecords"},
}


def calls_of_preflight(sim: Simulator, cloud: str) -> list[dict[str, Any]]:
    """Give what a preflight sends about an estate that has one of everything."""
    sim.load(DEMO.with_name("uses.yml"))
    definition = {"ens": ens_preflight.DEFINITION, "zec": zec_preflight.DEFINITION}[cloud]
    spec = definition.argument_spec
    options = {name: entry.get("default") for name, entry in spec.items()}
    options.update({"endpoint": sim.url, "write_permission": True, **sim.account(cloud)})
    report = definition.run(options, {}, False)
    assert "checks" in report.result, report.message
    calls = sim.calls()
    sim.clear_calls()
    return calls


def send_with_ens_sdk(sim: Simulator, call: dict[str, Any]) -> None:
    account = sim.account("ens")
    config = open_api_models.Config(endpoint=sim.host_port, protocol="http", **account)
    if call["action"] == "GetCallerIdentity":
        params = open_api_models.Params(**GET_CALLER_IDENTITY)
        OpenApiClient(config).call_api(params, open_api_models.OpenApiRequest(), RuntimeOptions())
        return
    request = getattr(ens_models, f"{call['action']}Request")()
    fields = {**call["parameters"]}
    if call["action"] == "DescribeARMServerInstances" and "EnsRegionIds" in fields:
        # The SDK makes JSON text of the list.
        fields["EnsRegionIds"] = json.loads(fields["EnsRegionIds"])
    assert set(fields) <= set(request.from_map(fields).to_map()), call["action"]
    client = ens_client.Client(config)
    (method,) = [name for name in dir(client) if name.replace("_", "") == call["action"].lower()]
    getattr(client, method)(request)


def send_with_zec_sdk(sim: Simulator, call: dict[str, Any]) -> None:
    account = sim.account("zec")
    credential = Credential(account["access_key_id"], account["access_key_secret"])
    module = f"zenlayercloud.{call['service']}.v{call['version'].replace('-', '')}"
    client_name = f"{call['service'].capitalize()}Client"
    client = getattr(importlib.import_module(f"{module}.{call['service']}_client"), client_name)
    models = importlib.import_module(f"{module}.models")
    request = getattr(models, f"{call['action']}Request")()
    for name, value in call["parameters"].items():
        assert hasattr(request, name), (call["action"], name)
        setattr(request, name, value)
    getattr(client(credential, Config(scheme="http", domain=sim.host_port, request_timeout=5)), call["action"])(request)


def without_blanks(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: str(part).replace(" ", "") for name, part in value.items() if (name, part) != ("Tags", "[]")}


@pytest.mark.parametrize("cloud", ["ens", "zec"])
def test_an_official_sdk_sends_every_call_of_a_preflight(sim: Simulator, cloud: str) -> None:
    send = {"ens": send_with_ens_sdk, "zec": send_with_zec_sdk}[cloud]
    calls = calls_of_preflight(sim, cloud)
    words = CLOUDS[cloud]
    lookups = {*words.in_each_vpc, *words.in_each_region, *words.once, words.backends, *DETAILS[cloud]}
    assert {call["action"] for call in calls} == {words.identity, READ, *lookups, words.write}
    assert [call["http_status"] for call in calls if not call["write"]] == [200] * (len(calls) - 1)
    for call in calls:
        try:
            send(sim, call)
        except (SdkException, tea_exceptions.ClientException) as error:
            assert call["write"], error
    # The SDK sends an empty list of tags where none was given, and writes JSON without blanks.
    alike = ("action", "service", "version", "parameters", "network_interface_ids", "private_ip_addresses", "code")
    sent = [{name: without_blanks(entry[name]) for name in alike} for entry in sim.calls()]
    assert sent == [{name: without_blanks(entry[name]) for name in alike} for entry in calls]
