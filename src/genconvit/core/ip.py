"""IP addresses: which are of the internet, whatever form they stand in."""

from __future__ import annotations

import ipaddress

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the internet, and none of a network or machine of its own.

    Examples:
        >>> is_public("8.8.8.8"), is_public("127.0.0.1")
        (True, False)
        >>> is_public("::ffff:10.0.0.1"), is_public("169.254.169.254")
        (False, False)
    """
    return all(each.is_global and not each.is_multicast for each in _with_embedded(ipaddress.ip_address(address)))


def is_translated(address: str) -> bool:
    """Tell whether an IPv6 address is a translator's (NAT64), which stands for an IPv4 address.

    Examples:
        >>> is_translated("64:ff9b::808:808"), is_translated("8.8.8.8")
        (True, False)
    """
    return ipaddress.ip_address(address) in _NAT64


def _with_embedded(address: Ip) -> list[Ip]:
    """An address, and the IPv4 addresses that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    inner: list[Ip] = [each for each in (address.sixtofour, *(address.teredo or ())) if each]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address, *inner]
