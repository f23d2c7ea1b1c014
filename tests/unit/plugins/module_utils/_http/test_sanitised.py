# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of a call holds no secret, in whatever form a server repeats it."""

from __future__ import annotations

import base64
import json
import typing as t
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.edgecloud.nic.plugins.module_utils._http.sanitised import (
    HIDDEN,
    Mask,
    answer_headers,
    cookies,
    only,
    secrets_sent,
    sent_headers,
)
from hypothesis import given
from hypothesis import strategies as st

SECRET = st.text(st.characters(codec="utf-8"), min_size=6, max_size=60)
AROUND = st.text(st.sampled_from("xyz0 :;=&\"'\\<>%+/"), max_size=9)
#: How a server may repeat what it was sent.
ENCODERS: dict[str, t.Callable[[str], str]] = {
    "raw": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "hexadecimal": lambda text: text.encode().hex(),
    "upper hexadecimal": lambda text: text.encode().hex().upper(),
    "json": lambda text: json.dumps(text)[1:-1],
}


def shown(body: dict[str, t.Any], *secrets: str) -> dict[str, t.Any]:
    kept: dict[str, t.Any] = json.loads(Mask(frozenset(secrets)).as_json({"body": body}))["body"]
    return kept


@given(SECRET, AROUND, AROUND, st.sampled_from(sorted(ENCODERS)))
def test_a_secret_is_found_in_every_form(secret: str, before: str, after: str, form: str) -> None:
    encoded = ENCODERS[form](secret)
    first, second = shown({"a": [{"b": before + encoded + after}, {encoded: 1}]}, secret)["a"]
    for text in (first["b"], *second):
        assert encoded not in text


@given(SECRET, st.binary(max_size=9), st.binary(max_size=9), st.booleans())
def test_a_secret_is_found_within_base64(secret: str, before: bytes, after: bytes, for_urls: bool) -> None:
    encode = base64.urlsafe_b64encode if for_urls else base64.b64encode
    # The digits around what is hidden hold four bits of its first or last byte at most.
    assert HIDDEN in shown({"a": encode(before + secret.encode() + after).decode()}, secret)["a"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from("abc .:-"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Id", "Name", "Nic"]), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["Set", "Total"]), JSON))
def test_without_a_secret_nothing_changes(body: dict[str, t.Any]) -> None:
    assert shown(body, "s3cr3t!!", "n0nce!!") == body


@pytest.mark.parametrize(
    "name", ["AccessKeySecret", "password", "Kubeconfig", "kube_config", "SecurityToken", "x-Signature", "Set-Cookie"]
)
def test_what_a_field_calls_a_secret_is_hidden(name: str) -> None:
    assert shown({name: "x", "Id": "i"}) == {name: HIDDEN, "Id": "i"}


@pytest.mark.parametrize("value", [None, "", [], False, 0])
def test_that_a_field_is_empty_is_no_secret(value: t.Any) -> None:
    assert shown({"token": value}) == {"token": value}


def test_the_token_of_the_next_page_is_none() -> None:
    body = {"NextToken": "abc", "next_token": "abc", "pageToken": "abc"}
    assert shown(body) == body


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://host/path?token=abc&page=2", "https://host/path?token=***&page=2"),
        ('{"password": "abc", "name": "n"}', '{"password": "***", "name": "n"}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("Proxy: Basic dXNlcjpwdw==", "Proxy: Basic ***"),
        ("The token is not valid. Basic plan only", "The token is not valid. Basic plan only"),
    ],
)
def test_pairs_in_a_text_are_hidden(text: str, kept: str) -> None:
    assert shown({"Message": text}) == {"Message": kept}


def test_digits_are_no_better_as_a_number() -> None:
    assert shown({"a": 123456789, "b": 12, "c": True}, "123456789") == {"a": HIDDEN, "b": 12, "c": True}


def test_of_a_request_the_headers_are_kept_that_say_which_api_it_is() -> None:
    sent = {
        "host": "h",
        "x-any-version": "1",
        "x-any-service": "s",
        "Content-Type": "application/json",
        "x-any-signature-nonce": "n0nce-n0nce",
        "x-any-security-token": "t0ken-t0ken",
        "Authorization": "Scheme Credential=key-id, Signature=0123456789",
    }
    assert sent_headers(sent).keys() == {"host", "x-any-version", "x-any-service", "Content-Type"}
    assert {"n0nce-n0nce", "t0ken-t0ken", sent["Authorization"], "0123456789"} <= secrets_sent(sent)


def test_of_an_answer_only_headers_of_interest_are_kept() -> None:
    headers = {
        "Date": "d",
        "Retry-After": "3",
        "x-any-retry-after": "3000",
        "x-any-request-id": "r",
        "X-RateLimit-Remaining": "0",
        "CF-Ray": "c",
        "Set-Cookie": "session=abcdef; Path=/portal, lang=en; Domain=example.com",
        "WWW-Authenticate": 'Digest nonce="abc"',
        "X-Echo": "anything",
    }
    assert answer_headers(headers).keys() == set(list(headers)[:6])
    assert cookies(headers) == {"abcdef"}


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("https://user:pw@host:8/p/q;jsessionid=s?token=t#f", "https://host:8/p/q"),
        ("/login?next=/&key=k", "/login"),
        ("//[broken", HIDDEN),
    ],
)
def test_of_the_target_of_a_redirect_the_place_is_kept(location: str, kept: str) -> None:
    assert answer_headers({"Location": location}) == {"Location": kept}


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"Clusters": [{"Id": "c", "Config": "s", "Meta": {"Token": "s"}}]}, {"Clusters": [{"Id": "c"}]}),
        ({"Clusters": [], "Total": 0}, {"Clusters": [], "Total": 0}),
        ({"Clusters": None, "Config": "s"}, {"Clusters": None}),
        ({"Clusters": "s"}, {}),
        ({"Clusters": [{"Subnets": ["a", "b"], "Others": ["s"]}]}, {"Clusters": [{"Subnets": ["a", "b"]}]}),
        ({"Clusters": [{"Id": {"Config": "s"}}, "s", ["s", {"Id": "c"}]]}, {"Clusters": [{}, [{"Id": "c"}]]}),
    ],
)
def test_of_a_confidential_answer_only_named_fields_are_kept(body: dict[str, t.Any], kept: dict[str, t.Any]) -> None:
    assert only(body, ("Id", "Subnets", "Total")) == kept


def test_of_a_web_page_the_words_are_kept_and_of_other_text_the_beginning() -> None:
    mask = Mask(frozenset({"s3cr3t"}))
    assert mask.page(b"<html><script>var x='c'</script><h1>502 s3cr3t</h1></html>") == "502 ***"
    assert mask.page(b"<p>for &#115;3cr3&#x74;</p>") == "for ***"
    assert mask.page(b'{"half": "an answer') == '{"half": "an answer'
    assert len(mask.page(b"x" * 2**24)) == 20_000
