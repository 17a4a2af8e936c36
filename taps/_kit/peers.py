"""Whom a connection may reach: judged by the address of the peer that answered, after the name was resolved and before a byte is sent."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_POOL = 4


class Forbidden(Exception):
    """The name leads into our own network."""

    def __init__(self, say: str) -> None:
        super().__init__(say)
        self.say = say


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet: no loopback, private, link-local, mapped or reserved one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or found
    return found.is_global and not found.is_multicast


def _require_public(connection: socket.socket, host: str) -> socket.socket:
    peer = str(connection.getpeername()[0])
    if not is_public(peer):
        connection.close()
        raise Forbidden(f"{host} leads to {peer}, inside our own network. Say private_network: true if that is meant.")
    return connection


class _PublicHTTPS(HTTPSConnection):
    def _new_conn(self) -> Any:
        return _require_public(super()._new_conn(), self.host)


class _PublicHTTP(HTTPConnection):
    def _new_conn(self) -> Any:
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
