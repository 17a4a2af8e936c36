"""Whom a connection may reach.

A name that leads into our own network is not even knocked at; and whom the connection really reached is judged once more before a byte
is sent, so that a name which resolves anew in between cannot lead there either.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from taps._kit.errors import Misconfigured

_POOL = 4
_INTERNET = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out for the internet."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 behind a translator, as networks without IPv4 see it (RFC 6052)."""


class Forbidden(Misconfigured):
    """The name leads into our own network. The libraries between here and the edge hand it on as it is."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet: no loopback, private, link-local, mapped or reserved one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        behind = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None
        found = found.ipv4_mapped or found.sixtofour or behind or found
    if isinstance(found, ipaddress.IPv6Address) and found not in _INTERNET:
        return False
    return found.is_global and not found.is_multicast


def _require(host: str, address: str) -> None:
    if not is_public(address):
        raise Forbidden(f"{host} leads to {address}, inside our own network. Say private_network: true if that is meant.")


def _look_first(host: str, port: int) -> None:
    """Refuse a name or number that leads inside, before anybody there notices."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # the connection says better what is wrong with the name
    for *_kind, address in found:
        _require(host, str(address[0]))


def _require_public(connection: socket.socket, host: str) -> socket.socket:
    try:
        _require(host, str(connection.getpeername()[0]))
    except Forbidden:
        connection.close()
        raise
    return connection


class _PublicHTTPS(HTTPSConnection):
    def _new_conn(self) -> Any:
        _look_first(self.host, self.port)
        return _require_public(super()._new_conn(), self.host)


class _PublicHTTP(HTTPConnection):
    def _new_conn(self) -> Any:
        _look_first(self.host, self.port)
        return _require_public(super()._new_conn(), self.host)


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPS


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTP


class _PublicAdapter(HTTPAdapter):
    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}


def guarded_session(*, private_network: bool) -> requests.Session:
    """A session without retries of its own that believes no environment: proxies and .netrc come from the configuration or not at all."""
    session = requests.Session()
    session.trust_env = False
    adapter = HTTPAdapter(_POOL, _POOL) if private_network else _PublicAdapter(_POOL, _POOL)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
