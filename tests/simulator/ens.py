# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alibaba Cloud ENS (2017-11-10), and of STS (2015-04-01) who calls: the actions, their fields and their refusals.

Field names and nesting are those of the models in alibabacloud_ens20171110 and alibabacloud_sts20150401; error codes
those of the API pages of the same actions. What the pages leave open is a setting, its default the likeliest reading.
"""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from .calls import Call
from .errors import ApiError
from .estate import (
    CREATED_AT,
    Account,
    AndroidInstance,
    ArmServer,
    Backend,
    Cluster,
    Eip,
    HaVip,
    LoadBalancer,
    NatGateway,
    NetworkInterface,
)
from .signatures import Incoming, Nonces, verify_acs3
from .state import CloudState, same_status
from .weather import page_of

T = TypeVar("T")

SERVICES = {"2017-11-10": "ens", "2015-04-01": "sts"}
# The types that the page of DescribeEnsEipAddresses names for its filter; an elastic IP can have others.
FILTERED_EIP_TYPES = ("EnsInstance", "SlbInstance")
WRITES = ("UnassignPrivateIpAddresses", "AssignPrivateIpAddresses")
NUMBERED = re.compile(r"(.+)\.([1-9][0-9]*)")
# RPC V1 signatures put these into the query; nothing of them belongs into a log.
SECRET_PARAMETERS = ("AccessKeyId", "SecurityToken", "Signature")


class Ens:
    """The ENS API over a cloud's state."""

    cloud: ClassVar[str] = "ens"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/"), ("POST", "/"))

    def __init__(self, state: CloudState) -> None:
        self.state = state
        self.nonces = Nonces()
        self._actions: dict[tuple[str, str], Callable[[Parameters], dict[str, Any]]] = {
            ("sts", "GetCallerIdentity"): self._get_caller_identity,
        }
        actions_of_ens: dict[str, Callable[[Parameters], dict[str, Any]]] = {
            "DescribeNetworkInterfaces": self._describe_network_interfaces,
            "UnassignPrivateIpAddresses": self._unassign_private_ip_addresses,
            "AssignPrivateIpAddresses": self._assign_private_ip_addresses,
            "DescribeEnsEipAddresses": self._describe_eips,
            "DescribeHaVips": self._describe_ha_vips,
            "DescribeLoadBalancers": self._describe_load_balancers,
            "DescribeLoadBalancerAttribute": self._describe_load_balancer_attribute,
            "DescribeNatGateways": self._describe_nat_gateways,
            "DescribeForwardTableEntries": self._describe_forward_table_entries,
            "DescribeSnatTableEntries": self._describe_snat_table_entries,
            "DescribeClustersV1": self._describe_clusters,
            "DescribeARMServerInstances": self._describe_arm_servers,
            "DescribeNetworkAttribute": self._describe_network_attribute,
        }
        self._actions.update({("ens", name): action for name, action in actions_of_ens.items()})

    def read_call(self, incoming: Incoming) -> Call:
        """Tell what a request asks for, whether or not it may."""
        parameters = unflatten(incoming.query)
        action = incoming.headers.get("x-acs-action", "")
        addresses = parameters.get("PrivateIpAddress", [])
        ids = [parameters.get("NetworkInterfaceId"), *_as_list(parameters.get("NetworkInterfaceIds"))]
        version = incoming.headers.get("x-acs-version", "")
        return Call(
            cloud=self.cloud,
            service=SERVICES.get(version, ""),
            action=action,
            version=version,
            parameters=parameters,
            write=action in WRITES,
            network_interface_ids=[nic_id for nic_id in ids if isinstance(nic_id, str)],
            private_ip_addresses=_as_list(addresses),
            request_id=str(uuid.uuid4()).upper(),
        )

    def authorize(self, incoming: Incoming, call: Call, now: float) -> None:
        """Refuse a request whose signature is wrong or whose account may not make this call."""
        account = verify_acs3(incoming, self.state.estate.accounts, self.nonces, now)
        call.account = self.state.estate.accounts.index(account)
        if (call.service, call.action) not in self._actions:
            raise ApiError(404, "InvalidApi.NotFound", "Specified api is not found, please check your url and method.")
        if call.action in account.deny:
            raise ApiError(400, "NoPermission", f"You are not authorized to perform {call.service}:{call.action}.")

    def run(self, call: Call) -> dict[str, Any]:
        """Carry out a call and give the fields of its answer."""
        account = self.state.estate.accounts[call.account or 0]
        return self._actions[call.service, call.action](Parameters(call.parameters, account))

    def success(self, fields: dict[str, Any], call: Call) -> dict[str, Any]:
        """Wrap the fields of an answer: they lie beside the request id."""
        return {"RequestId": call.request_id, **fields}

    def failure(self, error: ApiError, call: Call, host: str) -> dict[str, Any]:
        """Word a refusal."""
        return {
            "RequestId": call.request_id,
            "HostId": host,
            "Code": error.code,
            "Message": error.message,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}",
        }

    def throttled(self, retry_after_ms: int | None) -> ApiError:
        """Refuse a call that comes too soon; the header counts milliseconds."""
        headers = {} if retry_after_ms is None else {"x-acs-retry-after": str(retry_after_ms)}
        return ApiError(400, "Throttling.User", "Request was denied due to user flow control.", headers)

    # Who calls.

    def _get_caller_identity(self, asked: Parameters) -> dict[str, Any]:
        setting = self.state.settings.ens_caller_identity
        if setting == "refused":
            raise ApiError(403, "NoPermission", "You are not authorized to do this action.")
        number = self.state.estate.accounts.index(asked.account) + 1
        account_id = asked.account.account_id
        shown: dict[str, Any] = {"AccountId": account_id}
        if asked.account.security_token:
            role_id = f"3{number:017d}"
            shown["IdentityType"] = "AssumedRoleUser"
            shown["Arn"] = f"acs:ram::{account_id}:assumed-role/role-{number}/session"
            shown["PrincipalId"] = f"{role_id}:session"
            shown["RoleId"] = role_id
        else:
            user_id = f"2{number:017d}"
            shown["IdentityType"] = "RAMUser"
            shown["Arn"] = f"acs:ram::{account_id}:user/user-{number}"
            shown["PrincipalId"] = shown["UserId"] = user_id
        if setting == "without_account":
            del shown["AccountId"], shown["Arn"]  # an ARN has the account's id in it
        return shown

    # Network interfaces.

    def _describe_network_interfaces(self, asked: Parameters) -> dict[str, Any]:
        asked = asked.without(self.state.settings.ignored_filters)
        ids = asked.items("NetworkInterfaceIds", self.state.settings.id_list_limit)
        if asked.text("NetworkInterfaceId"):
            # Both filters hold at once, as all filters do.
            if ids and asked.text("NetworkInterfaceId") not in ids:
                return self._listed(("NetworkInterfaceSets", "NetworkInterfaceSet"), [], asked, default_size=50)
            ids = [asked.text("NetworkInterfaceId")]
        self._refuse_unknown(ids)
        regions = asked.regions()
        addresses6 = asked.items("Ipv6Address", 100)

        def wanted(nic: NetworkInterface) -> bool:
            subnet = self.state.subnet(nic)
            return (
                (not regions or subnet.region_id in regions)
                and asked.fits("InstanceId", nic.instance_id)
                and asked.fits("NetworkId", subnet.vpc_id)
                and asked.fits("VSwitchId", nic.subnet_id)
                and (not asked.text("SecurityGroupId") or asked.text("SecurityGroupId") in nic.security_group_ids)
                # Exact or fuzzy is documented nowhere; exact widens no selection.
                and asked.fits("NetworkInterfaceName", nic.name)
                and asked.fits("PrimaryIpAddress", nic.primary_private_ip)
                and (not addresses6 or any(address in nic.ipv6_addresses for address in addresses6))
                and (not asked.text("Status") or same_status(asked.text("Status"), nic.status))
                and asked.fits("Type", nic.type)
            )

        found = self.state.select(ids, asked.filters(), wanted)
        return self._listed(
            ("NetworkInterfaceSets", "NetworkInterfaceSet"),
            found,
            asked,
            default_size=50,
            show=self._show_network_interface,
        )

    def _refuse_unknown(self, ids: list[str]) -> None:
        if self.state.settings.ens_unknown_network_interface == "error":
            for nic_id in ids:
                self._network_interface(nic_id)

    def _show_network_interface(self, nic: NetworkInterface) -> dict[str, Any]:
        subnet = self.state.subnet(nic)
        addresses = [nic.primary_private_ip, *self.state.shown_secondaries(nic)]
        return {
            "NetworkInterfaceId": nic.network_interface_id,
            "NetworkInterfaceName": nic.name,
            "Description": nic.description,
            "CreationTime": nic.created_at,
            "EnsRegionId": subnet.region_id,
            "InstanceId": nic.instance_id,
            "NetworkId": subnet.vpc_id,
            "VSwitchId": nic.subnet_id,
            "MacAddress": nic.mac_address,
            "PrimaryIp": nic.primary_private_ip,
            "PrimaryIpType": "Private",
            "PrivateIpSets": {
                "PrivateIpSet": [
                    {
                        "PrivateIpAddress": address,
                        "Primary": address == nic.primary_private_ip,
                        "PrivateIpStatus": "Available",
                    }
                    for address in addresses
                ]
            },
            "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": address} for address in nic.ipv6_addresses]},
            "SecurityGroupIds": {"SecurityGroup": list(nic.security_group_ids)},
            "Status": nic.status,
            "Type": nic.type,
        }

    def _network_interface(self, nic_id: str) -> NetworkInterface:
        nic = self.state.network_interface(nic_id)
        if nic is None:
            raise ApiError(400, "InvalidEniId.NotFound", "The specified EniId does not exist.")
        return nic

    def _unassign_private_ip_addresses(self, asked: Parameters) -> dict[str, Any]:
        nic_id = asked.required("NetworkInterfaceId")
        limit = self.state.settings.ens_max_unassign_addresses
        addresses = asked.items("PrivateIpAddress", limit)
        if not addresses:
            raise _missing("PrivateIpAddress")
        for address in addresses:
            if not _is_ipv4(address):
                raise _invalid("PrivateIpAddress")
        nic = self._network_interface(nic_id)
        if not self.state.ready(nic):
            raise _wrong_address_status("The network interface is changing.")
        self.state.unassign_checked(nic, addresses, self._refuse_unassign)
        return {}

    def _refuse_unassign(self, nic: NetworkInterface, address: str) -> None:
        if address == nic.primary_private_ip:
            # ENS documents no answer; ECS gives its "already gone" code even here.
            code = self.state.settings.ens_primary_code
            raise ApiError(400, code, "The specified privateIpAddress cannot be unassigned.")
        if address not in nic.secondary_private_ips:
            raise ApiError(400, "InvalidPrivateIpAddress.NotFound", "The specified privateIpAddress does not exist.")
        if self.state.settings.ens_in_use_blocks and self.state.blockers(nic, address):
            code = self.state.settings.ens_in_use_code
            raise ApiError(400, code, "The specified privateIpAddress is in use.")

    def _assign_private_ip_addresses(self, asked: Parameters) -> dict[str, Any]:
        nic = self._network_interface(asked.required("NetworkInterfaceId"))
        if not self.state.ready(nic):
            raise ApiError(400, "IncorrectInstanceStatus", "The current status does not support this operation.")
        if not asked.fits("VSwitchId", nic.subnet_id):
            raise ApiError(400, "InvalidVSwitchId.NotFound", "The specified VSwitchId does not exist.")
        address = self.state.free_address(self.state.subnet(nic))
        if address is None:
            raise ApiError(400, "ens.interface.error", "The vSwitch has no free address.")
        self.state.assign(nic, [address])
        return {
            "AssignedPrivateIpAddressesSet": {
                "NetworkInterfaceId": nic.network_interface_id,
                "PrivateIpSet": [address],  # plain strings here, objects in Describe
            }
        }

    # What uses addresses.

    def _describe_eips(self, asked: Parameters) -> dict[str, Any]:
        allocation_ids, public_addresses = asked.commas("AllocationId", 50), asked.commas("EipAddress", 50)
        regions = asked.regions()
        found = []
        for eip in self.state.estate.eips.values():
            bound_to, bound_type = _eip_binding(eip)
            if (
                (not allocation_ids or eip.eip_id in allocation_ids)
                and (not public_addresses or eip.public_ip_address in public_addresses)
                and (not regions or eip.region_id in regions)
                and self._bound_as_asked(asked, bound_to, bound_type)
                and asked.fits("EipName", eip.name)
                and asked.fits("Status", _eip_status(eip))
            ):
                found.append(eip)
        return self._listed(("EipAddresses", "EipAddress"), found, asked, least_size=10, show=_show_eip)

    def _bound_as_asked(self, asked: Parameters, bound_to: str, bound_type: str) -> bool:
        """Apply the two filters of which no page says what they do to an elastic IP of a network interface."""
        settings = self.state.settings
        wanted = asked.text("AssociatedInstanceType")
        if settings.ens_eip_type_filter == "documented" and wanted not in ("", *FILTERED_EIP_TYPES):
            raise _invalid("AssociatedInstanceType")
        if settings.ens_eip_type_filter != "ignored" and wanted not in ("", bound_type):
            return False
        if settings.ens_eip_instance_filter == "ignored":
            return True
        if settings.ens_eip_instance_filter == "not_network_interfaces" and bound_type == "NetworkInterface":
            return not asked.text("AssociatedInstanceId")
        return asked.fits("AssociatedInstanceId", bound_to)

    def _listable(self, key: str) -> bool:
        """Tell whether the lists give something; DescribeNetworkAttribute names it all the same."""
        return key not in self.state.settings.ens_unlisted

    def _describe_ha_vips(self, asked: Parameters) -> dict[str, Any]:
        regions = asked.regions()

        def wanted(vip: HaVip) -> bool:
            subnet = self.state.estate.subnets[vip.subnet_id]
            return (
                self._listable(vip.ha_vip_id)
                and (not regions or subnet.region_id in regions)
                and asked.fits("HaVipAddress", vip.ip_address)
                and asked.fits("HaVipId", vip.ha_vip_id)
                and asked.fits("Name", vip.name)
                and asked.fits("NetworkId", subnet.vpc_id)
                and asked.fits("VSwitchId", vip.subnet_id)
                and asked.fits("Status", _ha_vip_status(vip))
            )

        found = [vip for vip in self.state.estate.ha_vips.values() if wanted(vip)]
        answer = self._listed(("HaVips",), found, asked, show=self._show_ha_vip)
        return _numbers_as_text(answer)

    def _show_ha_vip(self, vip: HaVip) -> dict[str, Any]:
        subnet = self.state.estate.subnets[vip.subnet_id]
        return {
            "HaVipId": vip.ha_vip_id,
            "Name": vip.name,
            "IpAddress": vip.ip_address,
            "NetworkId": subnet.vpc_id,
            "VSwitchId": vip.subnet_id,
            "EnsRegionId": subnet.region_id,
            "Status": _ha_vip_status(vip),
            "CreationTime": CREATED_AT,
            "Description": "",
            "AssociatedEipAddresses": [
                {"Eip": eip.public_ip_address, "EipId": eip.eip_id}
                for eip in self.state.estate.eips.values()
                if eip.ha_vip_id == vip.ha_vip_id
            ],
            "AssociatedInstances": [
                {
                    "InstanceId": member.network_interface_id or member.instance_id,
                    "InstanceType": "NetworkInterface" if member.network_interface_id else "EnsInstance",
                    "IpAddress": member.private_ip_address,
                    "Status": "InUse",
                    "CreationTime": CREATED_AT,
                }
                for member in vip.members
            ],
        }

    def _describe_load_balancers(self, asked: Parameters) -> dict[str, Any]:
        regions = asked.regions()

        def wanted(balancer: LoadBalancer) -> bool:
            subnet = self.state.estate.subnets[balancer.subnet_id]
            servers = {backend.network_interface_id or backend.instance_id for backend in balancer.backends}
            return (
                self._listable(balancer.load_balancer_id)
                and (not regions or subnet.region_id in regions)
                and (not asked.text("ServerId") or asked.text("ServerId") in servers)
                and asked.fits("LoadBalancerId", balancer.load_balancer_id)
                and asked.fits("LoadBalancerName", balancer.name)
                and asked.fits("LoadBalancerStatus", balancer.status or "Active")
                and asked.fits("NetworkId", subnet.vpc_id)
                and asked.fits("VSwitchId", balancer.subnet_id)
                and asked.fits("Address", balancer.address)
            )

        found = [balancer for balancer in self.state.estate.load_balancers.values() if wanted(balancer)]
        return self._listed(("LoadBalancers", "LoadBalancer"), found, asked, show=self._show_load_balancer)

    def _show_load_balancer(self, balancer: LoadBalancer) -> dict[str, Any]:
        subnet = self.state.estate.subnets[balancer.subnet_id]
        return {
            "LoadBalancerId": balancer.load_balancer_id,
            "LoadBalancerName": balancer.name,
            "LoadBalancerStatus": balancer.status or "Active",
            "Address": balancer.address,
            "AddressIPVersion": "ipv4",
            "AddressType": "intranet",
            "EnsRegionId": subnet.region_id,
            "NetworkId": subnet.vpc_id,
            "VSwitchId": balancer.subnet_id,
            "CreateTime": CREATED_AT,
        }

    def _describe_load_balancer_attribute(self, asked: Parameters) -> dict[str, Any]:
        balancer = self.state.estate.load_balancers.get(asked.required("LoadBalancerId"))
        if balancer is None:
            raise _invalid("LoadBalancerId")
        return {
            **self._show_load_balancer(balancer),
            "BackendServers": [self._show_backend(backend) for backend in balancer.backends],
            "ListenerPorts": [str(port) for port in sorted({backend.port for backend in balancer.backends})],
            "ListenerPortsAndProtocols": [],
        }

    def _show_backend(self, backend: Backend) -> dict[str, Any]:
        """Show a server behind a load balancer; whoever adds one need not give its address."""
        shown = {
            "Ip": backend.private_ip_address,
            "Port": str(backend.port),
            "ServerId": backend.network_interface_id or backend.instance_id,
            "Type": "eni" if backend.network_interface_id else "ens",
            "Weight": backend.weight,
        }
        if not (backend.private_ip_address and self.state.settings.ens_backend_addresses):
            del shown["Ip"]
        return shown

    def _describe_nat_gateways(self, asked: Parameters) -> dict[str, Any]:
        regions, ids = asked.regions(), asked.items("NatGatewayIds", 100)

        def wanted(gateway: NatGateway) -> bool:
            subnet = self.state.estate.subnets[gateway.subnet_id]
            return (
                self._listable(gateway.nat_gateway_id)
                and (not regions or subnet.region_id in regions)
                and (not ids or gateway.nat_gateway_id in ids)
                and asked.fits("NatGatewayId", gateway.nat_gateway_id)
                and asked.fits("Name", gateway.name)
                and asked.fits("NetworkId", subnet.vpc_id)
                and asked.fits("VSwitchId", gateway.subnet_id)
            )

        found = [gateway for gateway in self.state.estate.nat_gateways.values() if wanted(gateway)]
        return self._listed(("NatGateways",), found, asked, show=self._show_nat_gateway)

    def _show_nat_gateway(self, gateway: NatGateway) -> dict[str, Any]:
        subnet = self.state.estate.subnets[gateway.subnet_id]
        return {
            "NatGatewayId": gateway.nat_gateway_id,
            "Name": gateway.name,
            "NetworkId": subnet.vpc_id,
            "VSwitchId": gateway.subnet_id,
            "EnsRegionId": subnet.region_id,
            "Status": "Available",
            "Spec": "enat.default",
            "CreationTime": CREATED_AT,
            "IpLists": [],
            "Tags": [],
        }

    def _nat_gateway(self, asked: Parameters) -> NatGateway:
        gateway = self.state.estate.nat_gateways.get(asked.required("NatGatewayId"))
        if gateway is None:
            raise _invalid("NatGatewayId")
        return gateway

    def _describe_forward_table_entries(self, asked: Parameters) -> dict[str, Any]:
        gateway = self._nat_gateway(asked)
        found = [
            {
                "ForwardEntryId": dnat.dnat_id,
                "ForwardEntryName": dnat.dnat_id,
                "InternalIp": dnat.private_ip_address,
                "InternalPort": str(dnat.private_port),
                "ExternalIp": dnat.public_ip_address,
                "ExternalPort": str(dnat.public_port),
                "IpProtocol": dnat.protocol,
                "NatGatewayId": gateway.nat_gateway_id,
                "HealthCheckPort": "",
                "StandbyExternalIp": "",
                "StandbyStatus": "",
                "Status": "Available",
            }
            for dnat in gateway.dnats
            if asked.fits("InternalIp", dnat.private_ip_address)
            and asked.fits("ExternalIp", dnat.public_ip_address)
            and asked.fits("ForwardEntryId", dnat.dnat_id)
            and asked.fits("IpProtocol", dnat.protocol)
        ]
        return _numbers_as_text(self._listed(("ForwardTableEntries",), found, asked))

    def _describe_snat_table_entries(self, asked: Parameters) -> dict[str, Any]:
        gateway = self._nat_gateway(asked)
        addresses = asked.items("SnatIps", 100)
        found = [
            {
                "SnatEntryId": snat.snat_id,
                "SnatEntryName": snat.snat_id,
                "SnatIp": snat.public_ip_address,
                "SourceCIDR": snat.source_cidrs[0],
                "NatGatewayId": gateway.nat_gateway_id,
                "Status": "Available",
            }
            for snat in gateway.snats
            if asked.fits("SourceCIDR", snat.source_cidrs[0])
            and asked.fits("SnatIp", snat.public_ip_address)
            and asked.fits("SnatEntryId", snat.snat_id)
            and (not addresses or snat.public_ip_address in addresses)
        ]
        return self._listed(("SnatTableEntries",), found, asked)

    def _describe_clusters(self, asked: Parameters) -> dict[str, Any]:
        """List all clusters at once; the action knows no pages."""
        kind, profile = asked.text("ClusterType"), asked.text("Profile")

        def wanted(cluster: Cluster) -> bool:
            return (
                kind in ("", "Kubernetes")
                and profile in ("", "Default")
                and asked.fits("ClusterId", cluster.cluster_id)
                and asked.fits("Name", cluster.name)
                and asked.fits("EnsRegionId", self.state.estate.subnets[cluster.subnet_ids[0]].region_id)
            )

        found = [cluster for cluster in self.state.estate.clusters.values() if wanted(cluster)]
        return {"Clusters": [self._show_cluster(cluster, asked.account) for cluster in found]}

    def _show_cluster(self, cluster: Cluster, account: Account) -> dict[str, Any]:
        subnet = self.state.estate.subnets[cluster.subnet_ids[0]]
        return {
            "AliUid": account.account_id,
            "ClusterId": cluster.cluster_id,
            "Config": cluster.config,
            "ContainerCidr": "",
            "ControlPlaneConfig": {
                "ContainerRuntime": "containerd",
                "ImageId": "m-sim",
                "InstanceSpec": "ens.sn1.small",
                "NodePortRange": "30000-32767",
                "Size": 3,
                "SystemDiskCategory": "cloud_efficiency",
                "SystemDiskSize": 80,
            },
            "Created": CREATED_AT,
            "EnsRegionId": subnet.region_id,
            "Isp": "cmcc",
            "JoinToken": cluster.join_token,
            "KubernetesVersion": "1.30.4",
            "LoadBalancerId": "",
            "Name": cluster.name,
            "PodVswitchIds": list(cluster.pod_subnet_ids),
            "PublicAccess": False,
            "ServiceCidr": "172.16.0.0/20",
            "State": cluster.state,
            "VpcId": subnet.vpc_id,
            "VswitchIds": list(cluster.subnet_ids),
        }

    def _describe_arm_servers(self, asked: Parameters) -> dict[str, Any]:
        regions, ids = asked.json_items("EnsRegionIds"), asked.json_items("ServerIds")
        specs, states = asked.json_items("ServerSpecs"), asked.json_items("States")
        with_instances = asked.flag("DescribeAICInstances")

        def wanted(server: ArmServer) -> bool:
            return (
                (not regions or server.region_id in regions)
                and (not ids or server.server_id in ids)
                and (not specs or server.spec in specs)
                and (not states or server.state in states)
                and asked.fits("Name", server.name)
                and asked.fits("Namespace", server.namespace)
            )

        def show(server: ArmServer) -> dict[str, Any]:
            return {
                "AICInstances": [self._show_android(entry) for entry in server.instances] if with_instances else [],
                "CreationTime": CREATED_AT,
                "EnsRegionId": server.region_id,
                "ExpiredTime": "",
                "LatestAction": "create",
                "Name": server.name,
                "Namespace": server.namespace,
                "PayType": "PostPaid",
                "ServerId": server.server_id,
                "SpecName": server.spec,
                "State": server.state,
                "Status": server.status,
                "Tags": [],
            }

        found = [server for server in self.state.estate.arm_servers.values() if wanted(server)]
        return self._listed(("Servers",), found, asked, show=show)

    def _show_android(self, instance: AndroidInstance) -> dict[str, Any]:
        return {
            "Frequency": 30,
            "ImageId": "m-sim",
            "InstanceId": instance.instance_id,
            "LatestAction": "create",
            "Name": instance.name,
            "NetworkAttributes": {
                "IpAddress": instance.private_ip_address,
                "NetworkId": self.state.estate.subnets[instance.subnet_id].vpc_id,
                "VSwitchId": instance.subnet_id,
            },
            "Resolution": "720*1280",
            "SdgDeployInfo": {"SDGId": "", "Status": ""},
            "Spec": "aic.cf53r.c1.np",
            "State": "success",
            "Status": instance.status,
        }

    def _describe_network_attribute(self, asked: Parameters) -> dict[str, Any]:
        network_id = asked.required("NetworkId")
        estate = self.state.estate
        subnets = {subnet.subnet_id: subnet for subnet in estate.subnets.values() if subnet.vpc_id == network_id}
        if not subnets:
            raise ApiError(400, "InvalidNetworkId.NotFound", "Network not found.")
        nics = [nic for nic in estate.network_interfaces.values() if nic.subnet_id in subnets]
        # The page names this one type and no other.
        resources = {"VSwitch": len(subnets), **self.state.settings.ens_network_resources.get(network_id, {})}

        def ids_of(items: dict[str, Any]) -> list[str]:
            return [key for key, item in items.items() if item.subnet_id in subnets]

        return {
            "CidrBlock": _smallest_network([subnet.network for subnet in subnets.values()]),
            "CloudResources": {
                "CloudResourceSetType": [
                    {"ResourceType": kind, "ResourceCount": count} for kind, count in resources.items()
                ]
            },
            "CreatedTime": CREATED_AT,
            "Description": "",
            "EnsRegionId": next(iter(subnets.values())).region_id,
            "GatewayRouteTableId": "",
            "HaVipIds": {"HaVipId": ids_of(estate.ha_vips)},
            "InstanceIds": {"InstanceId": sorted({nic.instance_id for nic in nics if nic.instance_id})},
            "Ipv6CidrBlocks": {"Ipv6CidrBlock": []},
            "LoadBalancerIds": {"LoadBalancerId": ids_of(estate.load_balancers)},
            "NatGatewayIds": {"NatGatewayId": ids_of(estate.nat_gateways)},
            "NetworkAclId": "",
            "NetworkId": network_id,
            "NetworkInterfaceIds": {"NetworkInterfaceId": [nic.network_interface_id for nic in nics]},
            "NetworkName": network_id,
            "RouteTableId": f"rtb-{network_id}",
            "RouteTableIds": {"RouteTableId": [f"rtb-{network_id}"]},
            "RouterTableId": f"rtb-{network_id}",
            "SecondaryCidrBlocks": {"SecondaryCidrBlock": []},
            "Status": "Available",
            "VSwitchIds": {"VSwitchId": list(subnets)},
        }

    def _listed(
        self,
        nesting: tuple[str, ...],
        found: list[T],
        asked: Parameters,
        *,
        default_size: int = 10,
        least_size: int = 1,
        show: Callable[[T], dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Cut the page that was asked for out of a list, in the nesting that this action uses."""
        size = asked.number("PageSize", default_size, least_size, 100)
        size = min(size, self.state.settings.page_size_limit or size)
        number = asked.number("PageNumber", 1, 1, None)
        items, total = page_of(found, size, number, self.state.settings.paging)
        shown: Any = [show(item) for item in items] if show else items
        for name in reversed(nesting[1:]):
            shown = {name: shown}
        return {
            nesting[0]: shown,
            "PageNumber": number,
            "PageSize": size,
            "TotalCount": total,
        }


class Parameters:
    """The parameters of a call, with ENS's refusals for bad ones: ``Missing%s`` and ``Invalid%s``."""

    def __init__(self, values: dict[str, Any], account: Account) -> None:
        self._values = values
        self.account = account

    def without(self, names: list[str]) -> Parameters:
        """Give the other parameters."""
        kept = {name: value for name, value in self._values.items() if name not in names}
        return Parameters(kept, self.account)

    def text(self, name: str) -> str:
        """Give one parameter, or an empty text."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise _invalid(name)
        return value

    def required(self, name: str) -> str:
        """Give one parameter that must be there."""
        if not self.text(name):
            raise _missing(name)
        return self.text(name)

    def fits(self, name: str, value: str) -> bool:
        """Tell whether a filter lets a value through."""
        return not self.text(name) or self.text(name) == value

    def items(self, name: str, limit: int | None) -> list[str]:
        """Give a list; ENS takes these as ``Name.1``, ``Name.2`` and not as JSON text."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or (limit is not None and len(value) > limit):
            raise _invalid(name)
        return value

    def json_items(self, name: str) -> list[str]:
        """Give a list that comes as JSON text, as the SDK sends it for some actions and the page does not say."""
        try:
            values = json.loads(self.text(name) or "[]")
        except ValueError:
            raise _invalid(name) from None
        if not isinstance(values, list):
            raise _invalid(name)
        return values

    def flag(self, name: str) -> bool:
        """Give a boolean, false by default."""
        text = self.text(name).lower()
        if text not in ("", "true", "false"):
            raise _invalid(name)
        return text == "true"

    def commas(self, name: str, limit: int) -> list[str]:
        """Give a list that comes as one text with commas."""
        values = [part for part in self.text(name).split(",") if part]
        if len(values) > limit:
            raise _invalid(name)
        return values

    def regions(self) -> list[str]:
        """Give the regions that were asked for, in either form."""
        regions = self.items("EnsRegionIds", 100)
        return [*regions, self.text("EnsRegionId")] if self.text("EnsRegionId") else regions

    def number(self, name: str, default: int, least: int, most: int | None) -> int:
        """Give a number within its bounds; on this wire every number is text."""
        text = self.text(name) or str(default)
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise _invalid(name)
        return int(text)

    def filters(self) -> tuple[tuple[str, str], ...]:
        """Give all but the paging, to remember a selection by."""
        return tuple(
            sorted((name, str(value)) for name, value in self._values.items() if name not in ("PageNumber", "PageSize"))
        )


def unflatten(query: list[tuple[str, str]]) -> dict[str, Any]:
    """Make lists of ``Name.1=…&Name.2=…``; leave secrets out."""
    values: dict[str, Any] = {}
    numbered: dict[str, dict[int, str]] = {}
    for name, value in query:
        match = NUMBERED.fullmatch(name)
        if name in SECRET_PARAMETERS:
            continue
        if match:
            numbered.setdefault(match.group(1), {})[int(match.group(2))] = value
        else:
            values[name] = value
    for name, entries in numbered.items():
        values[name] = [entries[number] for number in sorted(entries)]
    return values


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else []


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _missing(name: str) -> ApiError:
    return ApiError(400, f"Missing{name}", f"You must specify {name}.")


def _invalid(name: str) -> ApiError:
    return ApiError(400, f"Invalid{name}", f"The specified {name} is invalid.")


def _wrong_address_status(message: str) -> ApiError:
    return ApiError(400, "IncorrectPrivateIpAddressStatus", message)


def _numbers_as_text(answer: dict[str, Any]) -> dict[str, Any]:
    """Two actions give their counts as text, as the SDK's models for them say."""
    return {key: str(value) if isinstance(value, int) else value for key, value in answer.items()}


def _eip_binding(eip: Eip) -> tuple[str, str]:
    for bound_to, bound_type in (
        (eip.network_interface_id, "NetworkInterface"),
        (eip.instance_id, "EnsInstance"),
        (eip.nat_gateway_id, "Nat"),
        (eip.load_balancer_id, "SlbInstance"),
        (eip.ha_vip_id, "HaVip"),  # a guess; the SDK's comments name no type for it
    ):
        if bound_to:
            return bound_to, eip.instance_type or bound_type
    return "", ""


def _show_eip(eip: Eip) -> dict[str, Any]:
    """Show an elastic IP; ENS does not tell the private address it leads to."""
    bound_to, bound_type = _eip_binding(eip)
    return {
        "AllocationId": eip.eip_id,
        "AllocationTime": CREATED_AT,
        "Name": eip.name,
        "IpAddress": eip.public_ip_address,
        "EnsRegionId": eip.region_id,
        "InstanceId": bound_to,
        "InstanceType": bound_type,
        "Status": _eip_status(eip),
        "Bandwidth": 5,
        "ChargeType": "PostPaid",
        "InternetChargeType": "95BandwidthByMonth",
        "Isp": "cmcc",
        "Standby": False,
        "OperationLocks": {"Lock": []},
        "Tags": {"Tag": []},
    }


def _eip_status(eip: Eip) -> str:
    return eip.status or ("InUse" if _eip_binding(eip)[0] else "Available")


def _smallest_network(parts: list[ipaddress.IPv4Network]) -> str:
    """Give the smallest network that has all of these in it."""
    network = parts[0]
    while not all(part.subnet_of(network) for part in parts):
        network = network.supernet()
    return str(network)


def _ha_vip_status(vip: HaVip) -> str:
    return "InUse" if vip.members else "Available"
