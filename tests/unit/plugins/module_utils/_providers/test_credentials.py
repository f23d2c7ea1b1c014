# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where credentials come from: option, profile option, environment, default profile; each source counts whole."""

from __future__ import annotations

import json
import os
import pathlib
import sys

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._domain.errors import InputError
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.credentials import Sources, find_credentials
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.ens.credentials import ens_credentials
from ansible_collections.edgecloud.nic.plugins.module_utils._providers.zec.credentials import zec_credentials
from hypothesis import given
from hypothesis import strategies as st

NOTHING = {
    "access_key_id": None,
    "access_key_secret": None,
    "security_token": None,
    "token": None,
    "profile": None,
    "credentials_file": None,
}
ENS_NAMES = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"),
    ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_SECURITY_TOKEN"),
]
ZEC_NAMES = [
    ("ZENLAYERCLOUD_ACCESS_KEY_ID", "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"),
    ("ZENLAYER_ACCESS_KEY_ID", "ZENLAYER_ACCESS_KEY_SECRET"),
]


def write(path: pathlib.Path, content) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def ens_profile(name, secret="secret", **more):
    return {"name": name, "mode": "AK", "access_key_id": f"id-{name}", "access_key_secret": secret, **more}


def ens(**options):
    found = ens_credentials({**NOTHING, **options})
    return found.access_key_id, found.access_key_secret, found.security_token


def zec(**options):
    found = zec_credentials({**NOTHING, **options})
    return found.token or (found.access_key_id, found.access_key_secret)


def refusal(ask, **options) -> str:
    with pytest.raises(InputError) as caught:
        ask(**options)
    return str(caught.value)


@pytest.fixture
def ens_file(home):
    """The aliyun CLI's file with a current profile, a default one and one with an STS token."""
    profiles = [
        ens_profile("default"),
        ens_profile("staging"),
        ens_profile("temporary", mode="StsToken", sts_token="sts"),
        # Left behind by an older configuration of the same profile; the CLI does not use it in this mode.
        ens_profile("leftover", sts_token="stale"),
    ]
    return write(home / ".aliyun" / "config.json", {"current": "staging", "profiles": profiles})


@pytest.fixture
def zec_file(home):
    """The zeno CLI's file."""
    content = {
        "default": {"access_key_id": "id-default", "access_key_secret": "secret", "token": ""},
        "staging": {"access_key_id": "id-staging", "access_key_secret": "secret"},
        "bearer": {"access_key_id": "id", "access_key_secret": "secret", "token": "bearer-token"},
    }
    return write(home / ".zenlayer" / "credentials.json", content)


# Precedence.


@pytest.mark.parametrize("names", ENS_NAMES)
def test_ens_options_beat_the_environment_and_the_file(names, ens_file, monkeypatch):
    for name in names:
        monkeypatch.setenv(name, "from-environment")
    assert ens(access_key_id="id", access_key_secret="s") == ("id", "s", None)
    assert ens(access_key_id="id", access_key_secret="s", security_token="t") == ("id", "s", "t")


@pytest.mark.parametrize("names", ENS_NAMES)
def test_ens_profile_option_beats_the_environment(names, ens_file, monkeypatch):
    for name in names:
        monkeypatch.setenv(name, "from-environment")
    assert ens(profile="default") == ("id-default", "secret", None)
    assert ens(profile="temporary") == ("id-temporary", "secret", "sts")


@pytest.mark.parametrize("names", ENS_NAMES)
def test_ens_environment_beats_the_file(names, ens_file, monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_PROFILE", "default")
    monkeypatch.setenv(names[0], "id")
    monkeypatch.setenv(names[1], "s")
    assert ens() == ("id", "s", None)
    monkeypatch.setenv(names[2], "t")
    assert ens() == ("id", "s", "t")


def test_ens_the_newer_family_of_variables_beats_the_older(monkeypatch):
    for value, names in (("new", ENS_NAMES[0]), ("old", ENS_NAMES[1])):
        for name in names:
            monkeypatch.setenv(name, value)
    assert ens() == ("new", "new", "new")


def test_ens_an_empty_variable_counts_as_unset(monkeypatch):
    for name in ENS_NAMES[0]:
        monkeypatch.setenv(name, "")
    for name in ENS_NAMES[1][:2]:
        monkeypatch.setenv(name, "old")
    assert ens() == ("old", "old", None)


def test_ens_a_security_token_alone_in_the_environment_is_not_paired_with_another_source(ens_file, monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "t")
    assert ens() == ("id-staging", "secret", None)


def test_ens_options_are_not_completed_from_the_environment(monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "t")
    assert ens(access_key_id="id", access_key_secret="s") == ("id", "s", None)


@pytest.mark.parametrize("variable", ["ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE"])
def test_ens_the_environment_names_a_profile(variable, ens_file, monkeypatch):
    monkeypatch.setenv(variable, "temporary")
    assert ens() == ("id-temporary", "secret", "sts")


def test_ens_the_current_profile_of_the_file_comes_last(ens_file):
    assert ens() == ("id-staging", "secret", None)


@pytest.mark.parametrize("current", [None, ""])
def test_ens_without_a_current_profile_the_default_one_counts(current, home):
    profiles = [ens_profile("x"), ens_profile("default")]
    write(home / ".aliyun" / "config.json", {"current": current, "profiles": profiles})
    assert ens() == ("id-default", "secret", None)


def test_ens_mode_ak_does_not_send_a_token_that_was_left_behind(ens_file):
    assert ens(profile="leftover") == ("id-leftover", "secret", None)


def test_ens_another_file_can_be_named(ens_file, tmp_path):
    other = write(tmp_path / "other.json", {"profiles": [ens_profile("default", secret="elsewhere")]})
    assert ens(credentials_file=other) == ("id-default", "elsewhere", None)
    assert ens(credentials_file=other, profile="default") == ("id-default", "elsewhere", None)


@pytest.mark.parametrize("names", ZEC_NAMES)
def test_zec_options_beat_the_environment_and_the_file(names, zec_file, monkeypatch):
    for name in (*names, "ZENLAYER_TOKEN"):
        monkeypatch.setenv(name, "from-environment")
    assert zec(access_key_id="id", access_key_secret="s") == ("id", "s")
    assert zec(token="t") == "t"


@pytest.mark.parametrize("names", ZEC_NAMES)
def test_zec_profile_option_beats_the_environment(names, zec_file, monkeypatch):
    for name in (*names, "ZENLAYER_TOKEN"):
        monkeypatch.setenv(name, "from-environment")
    assert zec(profile="staging") == ("id-staging", "secret")
    assert zec(profile="bearer") == "bearer-token"


@pytest.mark.parametrize("names", ZEC_NAMES)
def test_zec_environment_beats_the_file(names, zec_file, monkeypatch):
    monkeypatch.setenv(names[0], "id")
    monkeypatch.setenv(names[1], "s")
    assert zec() == ("id", "s")
    monkeypatch.setenv("ZENLAYER_TOKEN", "t")
    assert zec() == "t"


def test_zec_the_newer_family_of_variables_beats_the_older(monkeypatch):
    for value, names in (("new", ZEC_NAMES[0]), ("old", ZEC_NAMES[1])):
        for name in names:
            monkeypatch.setenv(name, value)
    assert zec() == ("new", "new")


def test_zec_the_environment_names_a_profile(zec_file, monkeypatch):
    monkeypatch.setenv("ZENLAYER_PROFILE", "staging")
    assert zec() == ("id-staging", "secret")


def test_zec_the_current_profile_is_told_by_the_file_beside(zec_file, home):
    assert zec() == ("id-default", "secret")
    write(home / ".zenlayer" / "config.json", {"current_profile": "staging", "profiles": {}})
    assert zec() == ("id-staging", "secret")
    write(home / ".zenlayer" / "config.json", {"current_profile": ""})
    assert zec() == ("id-default", "secret")


# What is refused, and how the message says it.


@pytest.mark.parametrize("names", ["options", *ENS_NAMES])
@pytest.mark.parametrize("half", [0, 1])
def test_ens_half_a_key_is_refused_and_never_completed_from_elsewhere(names, half, ens_file, monkeypatch):
    options = ("access_key_id", "access_key_secret")
    given_, missing = options[half], options[1 - half]
    if names == "options":
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "other")
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "other")
        message = refusal(ens, **{given_: "value"})
        assert message == f"{missing}: is missing; it belongs to {given_}"
    else:
        monkeypatch.setenv(names[half], "value")
        message = refusal(ens)
        assert message == f"{ENS_NAMES[0][1 - half]}: is missing; it belongs to {names[half]}"


@pytest.mark.parametrize("names", ["options", *ZEC_NAMES])
@pytest.mark.parametrize("half", [0, 1])
def test_zec_half_a_key_is_refused_and_never_completed_from_elsewhere(names, half, zec_file, monkeypatch):
    options = ("access_key_id", "access_key_secret")
    if names == "options":
        monkeypatch.setenv("ZENLAYER_ACCESS_KEY_ID", "other")
        monkeypatch.setenv("ZENLAYER_ACCESS_KEY_SECRET", "other")
        assert "is missing" in refusal(zec, **{options[half]: "value"})
    else:
        monkeypatch.setenv(names[half], "value")
        assert refusal(zec) == f"{ZEC_NAMES[0][1 - half]}: is missing; it belongs to {names[half]}"


def test_a_security_token_without_a_key_is_refused():
    assert refusal(ens, security_token="hunter2").startswith("access_key_id: is missing")


@pytest.mark.parametrize("missing", ["access_key_id", "access_key_secret"])
def test_half_a_key_in_a_profile_is_refused(missing, home):
    profile = {key: value for key, value in ens_profile("p", secret="hunter2").items() if key != missing}
    path = write(home / ".aliyun" / "config.json", {"profiles": [profile]})
    message = refusal(ens, profile="p")
    assert message.startswith(f"{missing} of profile 'p' in ~/.aliyun/config.json: is missing")
    assert "hunter2" not in message
    assert path
    write(home / ".zenlayer" / "credentials.json", {"p": {key: profile[key] for key in profile if key != "name"}})
    assert "is missing" in refusal(zec, profile="p")


@pytest.mark.parametrize("option", ["access_key_id", "access_key_secret", "security_token"])
def test_ens_a_profile_beside_keys_is_refused(option, ens_file):
    assert refusal(ens, profile="default", **{option: "x"}) == f"profile: cannot be combined with {option}"


@pytest.mark.parametrize("option", ["access_key_id", "access_key_secret", "token"])
def test_zec_a_profile_beside_keys_is_refused(option, zec_file):
    assert refusal(zec, profile="default", **{option: "x"}) == f"profile: cannot be combined with {option}"


def test_zec_a_token_beside_keys_is_refused():
    message = refusal(zec, token="hunter2", access_key_id="a", access_key_secret="hunter3")
    assert message == "token: cannot be combined with access_key_id, access_key_secret"


def test_no_credentials_at_all_says_where_they_may_be():
    assert refusal(ens) == (
        "access_key_id: no credentials found in the task's options (access_key_id, access_key_secret, security_token), "
        "in the environment (ALIBABA_CLOUD_ACCESS_KEY_ID or ALICLOUD_ACCESS_KEY, "
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET or ALICLOUD_SECRET_KEY, "
        "ALIBABA_CLOUD_SECURITY_TOKEN or ALICLOUD_SECURITY_TOKEN) "
        "or in ~/.aliyun/config.json"
    )
    assert refusal(zec) == (
        "access_key_id: no credentials found in the task's options (access_key_id, access_key_secret, token), "
        "in the environment (ZENLAYERCLOUD_ACCESS_KEY_ID or ZENLAYER_ACCESS_KEY_ID, "
        "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD or ZENLAYER_ACCESS_KEY_SECRET, ZENLAYER_TOKEN) "
        "or in ~/.zenlayer/credentials.json"
    )


def test_no_credentials_names_the_options_of_the_cloud():
    """A third cloud may call its key by another name."""
    sources = Sources(
        variables={"api_token": ("THIRD_TOKEN",)},
        sufficient=("api_token",),
        profile_variables=("THIRD_PROFILE",),
        default_file="~/.third/credentials.json",
        read_profile=lambda content, name: ("default", {}),
    )
    with pytest.raises(InputError) as caught:
        find_credentials({"api_token": None, "profile": None, "credentials_file": None}, sources)
    assert str(caught.value).startswith("api_token: no credentials found in the task's options (api_token), in the env")
    assert "access_key_id" not in str(caught.value)


# Where they came from is said once the cloud has refused them.


def ens_origin(**options):
    return ens_credentials({**NOTHING, **options}).origin


def zec_origin(**options):
    return zec_credentials({**NOTHING, **options}).origin


def test_the_origin_is_the_options_of_the_task(ens_file, zec_file):
    key = {"access_key_id": "hunter1", "access_key_secret": "hunter2"}
    both = "the key came from the task's options access_key_id and access_key_secret"
    assert ens_origin(**key) == zec_origin(**key) == both
    assert ens_origin(**key, security_token="hunter3") == (
        "the key came from the task's options access_key_id, access_key_secret and security_token"
    )
    assert zec_origin(token="hunter3") == "the token came from the task's option token"


def test_the_origin_is_the_profile_that_the_task_or_the_environment_names(ens_file, zec_file, monkeypatch):
    assert ens_origin(profile="default") == (
        "the key came from profile 'default' in ~/.aliyun/config.json, which the task names (profile)"
    )
    assert zec_origin(profile="bearer") == (
        "the token came from profile 'bearer' in ~/.zenlayer/credentials.json, which the task names (profile)"
    )
    monkeypatch.setenv("ALICLOUD_PROFILE", "default")
    monkeypatch.setenv("ZENLAYER_PROFILE", "staging")
    named = "which the environment names"
    assert ens_origin().endswith(f" profile 'default' in ~/.aliyun/config.json, {named} (ALICLOUD_PROFILE)")
    assert zec_origin().endswith(f" profile 'staging' in ~/.zenlayer/credentials.json, {named} (ZENLAYER_PROFILE)")


@pytest.mark.parametrize("names", ENS_NAMES)
def test_the_origin_is_the_variables_that_were_read_on_ens(names, ens_file, monkeypatch):
    monkeypatch.setenv(names[0], "hunter1")
    monkeypatch.setenv(names[1], "hunter2")
    assert ens_origin() == f"the key came from the environment variables {names[0]} and {names[1]}"
    monkeypatch.setenv(names[2], "hunter3")
    assert ens_origin() == f"the key came from the environment variables {names[0]}, {names[1]} and {names[2]}"


@pytest.mark.parametrize("names", ZEC_NAMES)
def test_the_origin_is_the_variables_that_were_read_on_zec(names, zec_file, monkeypatch):
    monkeypatch.setenv(names[0], "hunter1")
    monkeypatch.setenv(names[1], "hunter2")
    assert zec_origin() == f"the key came from the environment variables {names[0]} and {names[1]}"
    # A token beats a key, and then the key is not what was refused.
    monkeypatch.setenv("ZENLAYER_TOKEN", "hunter3")
    assert zec_origin() == "the token came from the environment variable ZENLAYER_TOKEN"


def test_the_origin_is_the_profile_that_counts_where_none_is_named(ens_file, zec_file, tmp_path):
    words = "the one that counts where none is named"
    assert ens_origin() == f"the key came from profile 'staging' in ~/.aliyun/config.json, {words}"
    assert zec_origin() == f"the key came from profile 'default' in ~/.zenlayer/credentials.json, {words}"
    other = write(tmp_path / "other.json", {"profiles": [ens_profile("default")]})
    assert ens_origin(credentials_file=other) == f"the key came from profile 'default' in {other}, {words}"


@pytest.mark.parametrize("ask", [ens, zec])
def test_a_profile_or_a_file_that_was_asked_for_and_is_missing_is_an_error(ask, tmp_path, ens_file, zec_file):
    assert "has no profile 'nowhere'" in refusal(ask, profile="nowhere")
    path = str(tmp_path / "no.json")
    assert refusal(ask, credentials_file=path) == f"credentials_file: {path} does not exist"


@pytest.mark.parametrize("ask", [ens, zec])
def test_a_profile_named_without_any_file_is_an_error(ask):
    assert "does not exist" in refusal(ask, profile="default")


@pytest.mark.parametrize("variable", ["ALIBABA_CLOUD_PROFILE", "ZENLAYER_PROFILE"])
def test_a_missing_profile_is_named_by_the_variable_that_chose_it(variable, ens_file, zec_file, monkeypatch):
    monkeypatch.setenv(variable, "nowhere")
    message = refusal(zec if variable.startswith("ZEN") else ens)
    assert message.startswith(f"{variable}: ")
    assert "has no profile 'nowhere'" in message


@pytest.mark.parametrize("mode", ["RamRoleArn", "EcsRamRole", "OIDC", "External", "hunter"])
def test_ens_a_profile_that_needs_other_services_is_refused_by_its_mode(mode, tmp_path):
    path = write(tmp_path / "c.json", {"profiles": [ens_profile("p", mode=mode, secret="hunter2")]})
    message = refusal(ens, profile="p", credentials_file=path)
    assert f"of mode '{mode}', and only AK and StsToken are supported" in message
    assert "hunter2" not in message


def test_ens_a_profile_without_mode_is_one_with_keys(tmp_path):
    path = write(tmp_path / "c.json", {"profiles": [ens_profile("p", mode="")]})
    assert ens(profile="p", credentials_file=path) == ("id-p", "secret", None)


@pytest.mark.parametrize("token", [None, ""])
def test_ens_a_temporary_profile_without_its_token_is_refused(token, tmp_path):
    path = write(tmp_path / "c.json", {"profiles": [ens_profile("p", mode="StsToken", sts_token=token)]})
    assert "without an sts_token" in refusal(ens, profile="p", credentials_file=path)


@pytest.mark.parametrize(
    "content",
    ["", "{", "hunter2", '{"secret": hunter2}', "\x00\x01", "[" * 100_000, '"hunter2"', "[]", "null", "7", "{}"],
)
@pytest.mark.parametrize("ask", [ens, zec])
def test_a_file_that_is_not_what_it_should_be_is_refused_without_showing_it(ask, content, tmp_path):
    path = write(tmp_path / "c.json", content)
    message = refusal(ask, credentials_file=path)
    assert path in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "profiles", [None, "hunter2", {"a": 1}, [], ["hunter2"], [None], [{"name": 7}], [{"access_key_secret": "hunter2"}]]
)
def test_ens_profiles_of_another_shape_are_refused(profiles, tmp_path):
    path = write(tmp_path / "c.json", {"current": "p", "profiles": profiles})
    message = refusal(ens, credentials_file=path)
    assert path in message
    assert "hunter2" not in message


@pytest.mark.parametrize("current", [7, ["p"], {"p": 1}, "missing"])
def test_ens_a_current_profile_that_is_none_is_refused(current, tmp_path):
    path = write(tmp_path / "c.json", {"current": current, "profiles": [ens_profile("p")]})
    assert "has no profile" in refusal(ens, credentials_file=path)


def test_a_broken_file_beside_the_credentials_is_refused(zec_file, home):
    write(home / ".zenlayer" / "config.json", "{")
    assert "config.json is not valid JSON" in refusal(zec)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "c.json"
    path.write_bytes(b"\xff\xfe\x00\x00hunter2")
    assert "is not valid JSON" in refusal(ens, credentials_file=str(path))


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"profiles": [ens_profile("default")]}), encoding="utf-8-sig")
    assert ens(credentials_file=str(path)) == ("id-default", "secret", None)


def test_a_directory_in_place_of_the_file_is_refused(tmp_path):
    assert f"credentials_file: {tmp_path} cannot be read: " in refusal(ens, credentials_file=str(tmp_path))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = tmp_path / "c.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0)
    assert "cannot be read: Permission denied" in refusal(ens, credentials_file=str(path))


@pytest.mark.parametrize("value", [7, 1.5, True, ["hunter2"], {"a": "hunter2"}, "", "  "])
def test_a_secret_of_a_file_that_is_no_text_is_refused_without_showing_it(value, tmp_path):
    path = write(tmp_path / "c.json", {"profiles": [ens_profile("p", secret=value)]})
    message = refusal(ens, profile="p", credentials_file=path)
    assert message == f"access_key_secret of profile 'p' in {path}: is empty"
    path = write(tmp_path / "z.json", {"p": {"token": value}})
    message = refusal(zec, profile="p", credentials_file=path)
    assert "hunter2" not in message


# Secrets.

_ODD = st.text(min_size=6, max_size=40).filter(lambda value: len(value.strip()) > 5)


@given(_ODD)
def test_no_secret_is_in_a_message_or_a_repr(secret):
    for ask, options in (
        (ens_credentials, {"access_key_id": "id", "access_key_secret": secret}),
        (ens_credentials, {"access_key_id": "id", "access_key_secret": "s3cret", "security_token": secret}),
        (zec_credentials, {"access_key_id": "id", "access_key_secret": secret}),
        (zec_credentials, {"token": secret}),
    ):
        try:
            found = ask({**NOTHING, **options})
        except InputError as error:
            shown = str(error)
            assert not secret.strip().isascii() or not secret.strip().isprintable()
        else:
            shown = repr(found) + str(found)
            assert secret.strip() not in found.origin or secret.strip() in _WORDS_OF_MESSAGES
            # It goes into a header as it is.
            assert secret.strip() in found.secrets
            assert all(value.isascii() and value.isprintable() and value == value.strip() for value in found.secrets)
        # A text made of words of the message itself cannot be told from the message.
        assert secret.strip() not in shown or secret.strip() in _WORDS_OF_MESSAGES


_WORDS_OF_MESSAGES = (
    "EnsCredentials(access_key_id='id') ZecCredentials(access_key_id=None) ZecCredentials(access_key_id='id') "
    "access_key_secret: security_token: token: is empty has a character that no key can have "
    "(a line break or a non-ASCII one) the key came from the token came from the task's option token "
    "the task's options access_key_id, access_key_secret and security_token"
)


def test_blanks_around_a_secret_from_a_file_are_dropped():
    assert ens(access_key_id=" id\n", access_key_secret="s\n") == ("id", "s", None)
    assert zec(token="  example-token  ") == "example-token"


@pytest.mark.parametrize("secret", ["a\nb", "a\r\nX-Evil: 1", "schlüssel", "a\x00b", "a\x7fb"])
def test_a_secret_that_would_break_a_header_is_refused(secret):
    message = refusal(ens, access_key_id="id", access_key_secret=secret)
    assert message.startswith("access_key_secret: has a character that no key can have")
    assert refusal(ens, access_key_id=secret, access_key_secret="s").startswith("access_key_id: has a character")
    assert refusal(zec, token=secret).startswith("token: has a character")
