# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documented play uses of kubernetes.core.k8s_info, where that is not installed: same options, same result."""

from __future__ import annotations

import json
import os
import urllib.error

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url


def main() -> None:
    module = AnsibleModule(
        {
            "kind": {"required": True},
            "api_version": {"default": "v1"},
            "name": {},
            "namespace": {},
        },
        supports_check_mode=True,
    )
    given = module.params
    with open(os.environ["K8S_AUTH_KUBECONFIG"], encoding="utf-8") as file:
        server = json.load(file)["clusters"][0]["cluster"]["server"]
    path = [f"api/{given['api_version']}"]
    if given["namespace"]:
        path += ["namespaces", given["namespace"]]
    path += [f"{given['kind'].lower()}s", *([given["name"]] if given["name"] else [])]
    try:
        answer = json.load(open_url("/".join([server, *path]), use_proxy=False))
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        answer = {"kind": "List", "items": []}
    resources = answer.get("items", [answer])
    module.exit_json(changed=False, api_found=True, resources=resources)


if __name__ == "__main__":
    main()
