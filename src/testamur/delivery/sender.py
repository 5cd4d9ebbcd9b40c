"""One delivery over HTTP, which cannot be aimed at what is not public."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore

_ERROR_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery went. `status` is None when there was no answer, `error` when it was taken."""

    status: int | None
    error: str | None

    @property
    def is_gone(self) -> bool:
        """The receiver says that it will never want this again."""
        return self.status == 410


class ForbiddenAddress(OSError):
    """The address is not a public one."""


class _PublicNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses alone.

    The name is resolved here and the connection made to the very address that was looked at: a name that resolves
    anew to something else, after it was checked, gains nothing.
    """

    def __init__(self) -> None:
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the name is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not addresses or not all(is_public(address) for address in addresses):
            raise ForbiddenAddress(f"{host} is not a public address")
        return await self._network.connect_tcp(str(addresses[0]), port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether anybody on the internet could be meant: not loopback, private, link-local, multicast or reserved."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if inner:
            return is_public(inner)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Sender:
    """Posts bodies. Redirects are not followed, and a proxy of the environment is not used.

    Args:
        to_private_addresses: whether receivers may be anywhere.
        timeout_seconds: for connecting, sending and waiting, each.
        connections_max: at once, to all receivers.
    """

    def __init__(self, *, to_private_addresses: bool, timeout_seconds: float = 30, connections_max: int = 100) -> None:
        timeout = timeout_seconds
        self._extensions = {"timeout": {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}}
        self._seconds = timeout_seconds
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=connections_max,
            max_keepalive_connections=connections_max,
            keepalive_expiry=15,
            network_backend=None if to_private_addresses else _PublicNetwork(),
        )

    async def post(
        self, url: str, body: bytes, headers: Sequence[tuple[str, str]], seconds: float | None = None
    ) -> Outcome:
        """Send one body. Never raises for what a receiver or the way to it does.

        Args:
            seconds: for the whole exchange, where that is less than the sender's own limit.
        """
        limit = self._seconds if seconds is None else min(seconds, self._seconds)
        try:
            # The whole exchange has one limit too: a receiver that sends a byte now and then keeps nobody.
            async with asyncio.timeout(limit):
                async with self._pool.stream(
                    "POST", url, headers=list(headers), content=body, extensions=self._extensions
                ) as answer:
                    await _read_some(answer)
                    status = answer.status
        except (httpcore.TimeoutException, TimeoutError):
            return Outcome(None, f"no answer within {limit:g} seconds")
        except ForbiddenAddress as error:
            return Outcome(None, str(error))
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
            ValueError,
        ) as error:
            return Outcome(None, (str(error) or type(error).__name__)[:_ERROR_LENGTH_MAX])
        return Outcome(status, None if 200 <= status < 300 else f"answered {status}")

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


async def _read_some(answer: httpcore.Response) -> None:
    # What a receiver answers besides its status interests nobody; a short body is read so that the connection is
    # used again, a long one costs its sender the connection.
    size = 0
    async for piece in answer.aiter_stream():
        size += len(piece)
        if size > 64 * 1024:
            return
