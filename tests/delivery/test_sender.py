"""Where a delivery may go, and how it can end."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time

import pytest

from testamur.delivery.sender import Outcome, Sender, is_public
from tests.delivery.receiver import Receiver, receiving


def post(url: str, *, private: bool = True, seconds: float = 2) -> Outcome:
    async def send() -> Outcome:
        sender = Sender(to_private_addresses=private, timeout_seconds=seconds)
        try:
            return await sender.post(url, b"{}", [("Content-Type", "application/json")])
        finally:
            await sender.close()

    return asyncio.run(send())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_recognised(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_a_public_address_is_recognised(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f.1", "0"])
def test_a_webhook_cannot_be_aimed_at_this_machine_however_it_is_spelled(host: str) -> None:
    with receiving() as receiver:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        outcome = post(f"http://{host}:{port}/hook", private=False)
        assert outcome.status is None
        assert outcome.error
        assert receiver.received == []


def test_an_answer_from_200_to_299_is_a_delivery() -> None:
    with receiving() as receiver:
        for status, error in [(200, None), (204, None), (299, None), (300, "answered 300"), (500, "answered 500")]:
            receiver.answer = lambda _, status=status: status  # type: ignore[misc]
            assert post(receiver.url) == Outcome(status, error)
        receiver.answer = lambda _: 410
        assert post(receiver.url).is_gone


def test_a_redirect_is_not_followed() -> None:
    with receiving() as receiver, receiving() as other:
        receiver.answer, receiver.redirect = lambda _: 307, other.url
        assert post(receiver.url) == Outcome(307, "answered 307")
        assert other.received == []


def test_a_closed_port_and_an_unknown_name_are_told_as_what_they_are() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/").error
    assert post("http://nobody.invalid/").error
    assert post("http://nobody.invalid/", private=False).error


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "%00", "a" * 1000])
def test_a_host_that_no_resolver_takes_is_a_failure_and_no_crash(host: str) -> None:
    for private in (True, False):
        assert post(f"http://{host}/", private=private).error


def test_an_exchange_may_have_less_time_than_the_sender() -> None:
    async def send(url: str) -> Outcome:
        sender = Sender(to_private_addresses=True, timeout_seconds=30)
        try:
            return await sender.post(url, b"{}", [], 0.3)
        finally:
            await sender.close()

    with receiving() as receiver:
        receiver.answer = lambda _: time.sleep(1) or 200  # type: ignore[func-returns-value]
        assert asyncio.run(send(receiver.url)) == Outcome(None, "no answer within 0.3 seconds")


@pytest.mark.parametrize("drips", [False, True])
def test_a_receiver_that_does_not_come_to_an_end_keeps_nobody_waiting(drips: bool) -> None:
    def wait(receiver: Receiver) -> float:
        started = time.monotonic()
        assert post(receiver.url, seconds=0.4) == Outcome(None, "no answer within 0.4 seconds")
        return time.monotonic() - started

    if not drips:
        with receiving() as receiver:
            receiver.answer = lambda _: time.sleep(1.5) or 200  # type: ignore[func-returns-value]
            assert wait(receiver) < 1.4
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        import threading

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    for letter in b"HTTP/1.1 200 OK\r\nx-padding: " + b"x" * 40:
                        connection.sendall(bytes([letter]))
                        time.sleep(0.1)
                except OSError:
                    pass

        threading.Thread(target=drip, daemon=True).start()
        assert wait(Receiver(url=f"http://127.0.0.1:{server.getsockname()[1]}/")) < 1.4
