"""Certificates, chains, places, lists."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tallystick.domains.calls.passport import (
    Places,
    encode_authority,
    is_public_address,
    load_signer,
    load_trust_list,
)
from tallystick.domains.calls.passport.authority import parse_authority
from tallystick.domains.calls.passport.chain import CONSTRAINTS, ENHANCED
from tallystick.domains.calls.passport.refusal import Refusal
from tallystick.model.errors import ConfigError, MalformedError

from . import pki
from .cases import constraints, delegated
from .pki import LIST, NOW_S, issue, raw
from .world import (
    HEADER,
    INFO,
    LEAF_KEY,
    MIDDLE_KEY,
    ROOT_KEY,
    A,
    field,
    judge,
    leaf,
    middle,
    new_store,
    root,
    trust,
)

NUMBERS = encode_authority(
    ranges=[("375290000000", 1000), ("375290001000", 5)], numbers=["112", "*100"]
)


@pytest.mark.parametrize(
    ("number", "inside"),
    [
        ("375290000000", True),
        ("375290001004", True),
        ("375290001005", False),
        ("375289999999", False),
        ("37529000000", False),
        ("112", True),
        ("0112", False),
        ("*100", True),
        ("*101", False),
    ],
)
def test_authority(number, inside):
    """Ranges hold numbers of their own length only."""
    assert parse_authority(NUMBERS).covers(number) is inside


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        encode_authority(ranges=[("10", 91)]),
        encode_authority(ranges=[("10", 1)]),
        encode_authority(ranges=[("1*", 2)]),
        encode_authority(numbers=["1234567890123456"]),
        encode_authority(numbers=["+1"]),
        LIST + b"\0",
        LIST[:-1],
        b"\x30\x81\x08" + LIST[2:],
        b"\x30\x80" + LIST[2:] + b"\0\0",
        b"\x30\x04\xa3\x02\x16\x00",
    ],
)
def test_bad_authority(data):
    """Anything but the DER of RFC 8226 is refused."""
    with pytest.raises(Refusal, match="tnauthlist-malformed"):
        parse_authority(data)


def test_range_to_the_last_number():
    """90 numbers from 10 end at 99."""
    assert parse_authority(encode_authority(ranges=[("10", 90)])).covers("99")


SMALL = encode_authority(ranges=[("375291000000", 1_000_000)])


@pytest.mark.parametrize(
    ("above", "below", "rule"),
    [
        (LIST, LIST, ""),
        (LIST, SMALL, ""),
        (SMALL, encode_authority(numbers=[A]), ""),
        (SMALL, encode_authority(ranges=[("375291999999", 2)]), "chain-authority"),
        (SMALL, LIST, "chain-authority"),
        (SMALL, None, "chain-authority"),
        (None, SMALL, ""),
    ],
)
def test_delegation(above, below, rule):
    """Nobody passes on more than he has."""
    assert delegated(above, below).rule == rule


@pytest.mark.parametrize(
    ("extension", "rule"),
    [
        (raw(CONSTRAINTS.dotted_string, constraints(["attest", "dest"])), ""),
        (raw(CONSTRAINTS.dotted_string, constraints(values=[("rcd", ["x"])])), ""),
        (
            raw(
                CONSTRAINTS.dotted_string,
                constraints(values=[("orig", ['{"tn":"375291234567"}'])]),
            ),
            "",
        ),
        (raw(ENHANCED.dotted_string, constraints(exclude=["rcd"])), ""),
        (raw(ENHANCED.dotted_string, constraints(exclude=["attest", "iat"])), ""),
        (
            raw(CONSTRAINTS.dotted_string, constraints(exclude=["rcd"])),
            "constraints-malformed",
        ),
    ],
)
def test_constraints(extension, rule):
    """Demands that are met, or are as if absent, refuse nothing."""
    store = new_store(leaf(extensions=[extension]), middle())
    assert judge(field(), store=store).rule == rule


def test_chains_of_other_lengths():
    """The anchor may stand in the file, be the only issuer, or be the signer."""
    direct = issue("leaf", LEAF_KEY, issuer=(root(), ROOT_KEY), tn=LIST)
    pinned = issue("leaf", LEAF_KEY, tn=LIST)
    for chain, anchor in [
        ((leaf(), middle(), root()), root()),
        ((leaf(),), middle()),
        ((direct,), root()),
        ((pinned,), pinned),
        ((direct, middle()), root()),
    ]:
        store = new_store(*chain, lists=(lambda a=anchor: trust(anchors=(a,)),))
        assert judge(field(), store=store).rule == ""
    assert judge(field(), store=new_store(leaf())).rule == "certificate-untrusted"


def test_an_anchor_may_sign_with_rsa():
    """Signatures of authorities may be RSA for the time being (RFC 8226)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    top = issue("rsa", key, ca=True, usage=pki.ISSUES)
    signer = issue("leaf", LEAF_KEY, issuer=(top, key), tn=LIST)
    store = new_store(signer, lists=(lambda: trust(anchors=(top,)),))
    assert judge(field(), store=store).is_passed
    refused = issue("leaf", key, issuer=(top, key), tn=LIST)
    store = new_store(refused, lists=(lambda: trust(anchors=(top,)),))
    assert judge(field(), store=store).rule == "certificate-key"


def test_path_length_is_kept():
    """An issuer that may have nothing below it but signers has no issuer below."""
    short = x509.BasicConstraints(ca=True, path_length=0), True
    top = issue("top", ROOT_KEY, extensions=[short])
    between = issue("middle", MIDDLE_KEY, issuer=(top, ROOT_KEY), ca=True)
    signer = issue("leaf", LEAF_KEY, issuer=(between, MIDDLE_KEY), tn=LIST)
    lists = (lambda: trust(anchors=(top,)),)
    refused = judge(field(), store=new_store(signer, between, lists=lists))
    assert refused.rule == "chain-issuer"


def test_revocation():
    """A list of the right issuer revokes, a forged one and another's do not."""
    forged = pki.revoke((middle(), LEAF_KEY), leaf())
    other = pki.revoke((root(), ROOT_KEY), leaf())
    store = new_store()
    store.revoke(forged)
    store.revoke(other)
    assert judge(field(), store=store).is_passed
    store.revoke(pki.revoke((root(), ROOT_KEY), middle()))
    assert judge(field(), store=store).rule == "certificate-revoked"


def test_lists_that_cannot_be_heeded():
    """Rubbish and indirect lists are refused with a sentence."""
    point = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=True,
        only_contains_attribute_certs=False,
    )
    indirect = pki.revoke((middle(), MIDDLE_KEY), extensions=[(point, True)])
    good = x509.load_pem_x509_crl(pki.revoke((middle(), MIDDLE_KEY)))
    der = good.public_bytes(pki.Encoding.DER)
    version = der.replace(b"\x02\x01\x01", b"\x02\x01\x07", 1)
    name = der.replace(b"\x0c\x06middle", b"\x0c\x06\xffiddle", 1)
    for data in (b"rubbish", b"", indirect, version, name):
        with pytest.raises(MalformedError, match="revocation list"):
            new_store().revoke(data)


def test_trust_is_changed_without_fetching():
    """New lists judge the chains already held."""
    store = new_store()
    store.believe([trust(codes=("7",))])
    assert judge(field(), store=store).rule == "certificate-not-for-country"
    store.believe([trust(providers=["9999"])])
    assert judge(field(), store=store).rule == "certificate-untrusted"
    store.believe([trust(providers=["1234"])])
    assert judge(field(), store=store).is_passed


def test_store_tells_what_to_fetch():
    """Unknown, fresh, due, failed, gone."""
    store = new_store()
    other = "https://cert.example.org/other.pem"
    assert not store.needs(INFO, now_s=NOW_S)
    assert store.needs(other, now_s=NOW_S)
    assert not store.needs("http://cert.example.org/x.pem", now_s=NOW_S)
    store.fail(other, now_s=NOW_S)
    assert not store.needs(other, now_s=NOW_S + 299)
    assert store.needs(other, now_s=NOW_S + 300)
    assert store.due(now_s=NOW_S) == []
    late_s = NOW_S + 86_400
    assert store.due(now_s=late_s) == [INFO]
    assert store.find(INFO, now_s=late_s).countries == ("BY",)
    with pytest.raises(Refusal, match="certificate-unknown"):
        store.find(INFO, now_s=late_s + 86_400)
    assert store.add(other, b"-----BEGIN rubbish", now_s=NOW_S) != ""


def test_store_is_bounded():
    """The least used place gives way."""
    from tallystick.domains.calls.passport import CertificateStore

    store = CertificateStore(trust=[trust()], max_certificates=2)
    for number in range(5):
        url = f"https://cert{number}.example.org/x.pem"
        store.add(url, pki.pem(leaf(), middle()), now_s=NOW_S)
        store.fail(f"https://bad{number}.example.org/x.pem", now_s=NOW_S)
    assert store.needs("https://cert2.example.org/x.pem", now_s=NOW_S)
    assert not store.needs("https://cert4.example.org/x.pem", now_s=NOW_S)


ACCEPTED = {
    "https://cert.example.org/leaf.pem": True,
    "https://cert.example.org:8443/a/b.pem": True,
    "https://8.8.8.8/leaf.pem": True,
    "https://CERT.example.org./leaf.pem": True,
    "http://cert.example.org/leaf.pem": False,
    "https://cert.example.org": False,
    "https://cert.example.org:80/leaf.pem": False,
    "https://cert.example.org:/leaf.pem": False,
    "https://cert.example.org:99999/leaf.pem": False,
    "https://user@cert.example.org/leaf.pem": False,
    "https://cert.example.org/leaf.pem?x=1": False,
    "https://cert.example.org/leaf.pem#x": False,
    "https://cert.example.org/leaf;a=b.pem": False,
    "https://cert.example.org\\@10.0.0.1/x": False,
    "https://127.0.0.1/leaf.pem": False,
    "https://10.1.2.3/leaf.pem": False,
    "https://169.254.169.254/latest": False,
    "https://[::1]/leaf.pem": False,
    "https://[::ffff:10.0.0.1]/leaf.pem": False,
    "https://[64:ff9b::a00:1]/leaf.pem": False,
    "https://[::10.0.0.1]/leaf.pem": False,
    "https://[::1/leaf.pem": False,
    "https://[2606:4700::1111]/leaf.pem": True,
    "https://[::127.0.0.1]/leaf.pem": False,
    "https://[::a00:1]/leaf.pem": False,
    "https://127.0.0.1[2606:4700::1111]/leaf.pem": False,
    "https://[2606:4700::1111].example.org/leaf.pem": False,
    "https://[2606:4700::1111%25eth0]/leaf.pem": False,
    "https://2130706433/leaf.pem": False,
    "https://127.1/leaf.pem": False,
    "https://0x7f.0.0.0x1/leaf.pem": False,
    "https://localhost/leaf.pem": False,
    "https://node.local/leaf.pem": False,
    "https://metadata.internal/leaf.pem": False,
    "https://cert..example.org/leaf.pem": False,
    "https://\u0441ert.example.org/leaf.pem": False,
    "https://" + "a" * 1100 + ".example.org/leaf.pem": False,
    "": False,
}


@pytest.mark.parametrize("url", ACCEPTED)
def test_places(url):
    """Nothing leads into our own network."""
    assert Places().accept(url) is ACCEPTED[url]


def test_list_of_hosts():
    """With a list, only its hosts are accepted."""
    places = Places(hosts=frozenset({"cert.example.org"}), ports=frozenset({443}))
    assert places.accept(INFO)
    assert not places.accept("https://cert.example.com/leaf.pem")
    assert not places.accept("https://cert.example.org:8443/leaf.pem")


SPECIAL = """
0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.1 192.0.0.9
192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
239.1.1.1 240.0.0.1 255.255.255.255
:: ::1 ::10.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:a00:1 64:ff9b::a00:1
64:ff9b::808:808 64:ff9b:1::a00:1 100::1 100:0:0:1::1 2001::1 2001:2::1 2001:10::1
2001:20::1 2001:db8::1 2002:a00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1 fd00::1
fe80::1 fe80::1%lo 2606:4700::1%lo fec0::1 ff02::1 4000::1
8.8.8.8.8 1 x 127.1 0x7f.0.0.1
"""


@pytest.mark.parametrize("address", [*SPECIAL.split(), ""])
def test_addresses_that_not_everybody_reaches(address):
    """What a name leads to is checked: RFC 6890, and whatever carries IPv4 in IPv6."""
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4001::1", "2606:4700::1"])
def test_addresses_that_everybody_reaches(address):
    """The others may be connected to."""
    assert is_public_address(address)


def test_keys_and_lists_from_settings():
    """What an operator may give wrongly is told in a sentence."""
    assert load_signer(pki.key_pem(LEAF_KEY), info=INFO).info == INFO
    assert load_trust_list("BY", pki.pem(root()), codes=("375",)).anchors == (root(),)
    for wrong, code in [
        (lambda: load_signer(b"x", info=INFO), "passport-key"),
        (lambda: load_signer(pki.key_pem(LEAF_KEY), info="http://a"), "passport-info"),
        (lambda: load_trust_list("BY", b"x"), "trust-anchors"),
        (lambda: load_trust_list("BY", b"x", codes=("+375",)), "trust-codes"),
    ]:
        with pytest.raises(ConfigError) as caught:
            wrong()
        assert caught.value.code == code


def test_a_serial_number_that_is_not_positive_is_refused(recwarn):
    """RFC 5280 forbids it; nothing is printed into the log of a node."""
    good = leaf().public_bytes(pki.Encoding.DER)
    number = leaf().serial_number
    size = number.bit_length() // 8 + 1
    bad = good.replace(number.to_bytes(size), b"\xff" + bytes(size - 1), 1)
    assert bad != good
    assert new_store().add(INFO, bad, now_s=NOW_S) == "certificate-malformed"
    assert not recwarn.list


def test_a_certificate_may_be_der():
    """One certificate without its chain, as some serve it."""
    store = new_store(lists=(lambda: trust(anchors=(middle(),)),))
    assert store.add(INFO, leaf().public_bytes(pki.Encoding.DER), now_s=NOW_S) == ""
    assert judge(field(header=HEADER), store=store).is_passed
