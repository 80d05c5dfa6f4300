from __future__ import annotations

import pytest

from genconvit.core.addresses import address_name, is_remote
from genconvit.core.errors import SourceError
from genconvit.core.ip import is_public
from genconvit.inputs.address import parse_address
from genconvit.video.names import source_name


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("ftp://host/a", "addresses of ftp:// are not read; allowed are https, s3, gs"),
        ("file:///etc/passwd", "addresses of file:// are not read"),
        ("http://host/secret", "http:// is not encrypted; give https://, or allow it with --allow-host host"),
        ("https:///secret", "names no host"),
        ("https://[host/secret", "not an address"),
        ("https://host:port/secret", "not an address"),
        ("https://host/a\nb", "not an address"),
        ("https://host/" + "a" * 9000, "not an address"),
        ("https://me@host/a", "it names a user"),
        ("https://:secret@host/a", "it names a user"),
        ("https://host/a.zip::s3://bucket/secret", "not chained by '::'"),
        ("simplecache://x::https://host/a", "not chained by '::'"),
        ("s3://Bucket/key", "not s3://BUCKET/KEY"),
        ("s3://a@bucket/key", "it names a user"),
        ("s3://bucket:80/key", "not s3://BUCKET/KEY"),
        ("s3://bucket/", "not s3://BUCKET/KEY"),
        ("gs://bucket/key?generation=1", "the key holds a '?'"),
    ],
)
def test_what_is_not_read_is_refused_without_its_secrets(given: str, message: str) -> None:
    assert is_remote(given)
    with pytest.raises(SourceError, match=message.replace("?", r"\?")) as refused:
        parse_address(given)
    if "@" in given:
        assert "secret" not in str(refused.value)


def test_a_name_holds_neither_user_nor_query_nor_fragment() -> None:
    name, _, digest = address_name("HTTPS://me:pw@Host:1/a%20b/ü.mp4?token=ü&x#y").partition("?sha256=")
    assert (name, len(digest)) == ("https://Host:1/a%20b/%C3%BC.mp4", 16)
    assert address_name("https://host?") == address_name("https://host#?token=1") == "https://host/"
    assert address_name("s3://bucket/a b.mp4") == "s3://bucket/a%20b.mp4"


def test_addresses_that_differ_in_their_queries_have_two_names() -> None:
    names = [address_name(f"https://host/v?{query}") for query in ("id=1", "id=2", "id=1&x", "sig=1", "")]
    assert len(set(names)) == 5
    assert names[0] == address_name("https://me@host/v?id=1#part")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("X-Amz-Algorithm=A&X-Amz-Date={}&X-Amz-Signature={}", "x-amz-signature={}"),
        ("X-Goog-Expires={}&X-Goog-Signature={}", "X-Goog-Signature={}"),
        ("AWSAccessKeyId=A&Expires={}&Signature={}", "AWSAccessKeyId={}&Signature={}"),
        ("Policy={}&Signature={}&Key-Pair-Id=K", "Expires={}&Signature=s&Key-Pair-Id=K"),
        ("sv=2024&sr=b&sig={}&se={}&sp=r&skoid=x", "sv={}&sig={}"),
    ],
)
def test_a_file_that_was_signed_anew_keeps_its_name(one: str, other: str) -> None:
    signed = [f"https://host/v?{query.format('%2F1', 2, 3)}" for query in (one, other)]
    assert set(map(address_name, signed)) == {"https://host/v"}
    assert {address_name(f"{each}&id=1") for each in signed} == {address_name("https://host/v?id=1")}


def test_a_word_of_a_signature_alone_is_a_parameter() -> None:
    assert address_name("https://host/v?expires=1") != address_name("https://host/v?expires=2")
    assert address_name("https://host/v?sv=1") != address_name("https://host/v?sv=2")


def test_an_address_is_asked_for_as_it_was_given() -> None:
    address = parse_address("https://Host/ü.MP4?sig=a%2Fb#part")
    assert (address.target, address.host, address.suffix) == ("https://Host/%C3%BC.MP4?sig=a%2Fb", "host", ".mp4")
    assert parse_address("s3://bucket/a b.mp4").target == "s3://bucket/a b.mp4"
    assert parse_address("http://Host/a", frozenset({"host"})).host == "host"


@pytest.mark.parametrize("path", ["clip.mp4", "/a/b", "c:/a", "c:\\a", "a:b", "", "://x", "1a://x"])
def test_a_path_is_no_address(path: str) -> None:
    assert not is_remote(path)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *((each, True) for each in ("8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8")),
        *((each, False) for each in ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254")),
        *((each, False) for each in ("0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.0.1")),  # noqa: S104
        *((each, False) for each in ("::1", "::", "fe80::1", "fe80::1%1", "fd00::1", "ff02::1", "::ffff:127.0.0.1")),
        *((each, False) for each in ("64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::")),
    ],
)
def test_addresses_of_networks_of_their_own_are_not_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_name_is_its_own_name() -> None:
    name = address_name("https://host/v?id=1")
    assert address_name(name) == source_name(name) == name
