"""The outgoing HTTP client against servers that behave badly, byte by byte."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sparqlhost.addresses import PrivateAddressError, is_public_address, resolve_host
from sparqlhost.errors import StoreUnavailable, TooExpensive, TooLarge
from sparqlhost.http import (
    BLOCK_SIZE,
    Peer,
    RequestLimits,
    Response,
    remove_credentials,
    send_request,
)

PEER = Peer("The server", "; nothing was changed", size_error=TooLarge)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\n"
GETADDRINFO = socket.getaddrinfo

#: what a server does with one connection: bytes to send, or seconds to wait for the client to hang up.
Script = tuple[bytes | float, ...]
Serve = Callable[..., "ScriptedServer"]


class ScriptedServer:
    """Accepts connections, reads the head of the request, and plays a script."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script, self._tls, self.requests = script, tls, list[bytes]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._play_script(connection)

    def _play_script(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(65536)
            if not received:
                return
            head += received
        self.requests.append(head)
        for step in self.script:
            if isinstance(step, bytes):
                connection.sendall(step)
                continue
            connection.settimeout(step)
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    return

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[ScriptedServer] = []

    def start(*script: bytes | float, tls: ssl.SSLContext | None = None) -> ScriptedServer:
        started.append(ScriptedServer(script, tls))
        return started[-1]

    yield start
    for server in started:
        server.close()


def drip(text: bytes) -> Script:
    """Return the script that sends a byte every tenth of a second."""
    return tuple(step for byte in text for step in (bytes([byte]), 0.1))


def send(url: str, limits: RequestLimits | None = None, **more: Any) -> Response:
    return send_request("GET", url, PEER, limits or RequestLimits(5, private_hosts=None), **more)


def read(url: str, limits: RequestLimits | None = None) -> bytes:
    with send(url, limits) as response:
        return response.readall()


# -- what is sent ---


def test_a_request_says_who_sends_it_and_asks_for_no_compression(serve: Serve) -> None:
    server = serve(HEAD + b"Content-Length: 2\r\n\r\nok")
    assert read(server.url + "a?b=c", RequestLimits(5, private_hosts=None, product="ward-9")) == b"ok"
    lines = server.requests[0].decode().split("\r\n")
    assert lines[0] == "GET /a?b=c HTTP/1.1"
    assert {"User-Agent: ward-9", "Accept-Encoding: identity", f"Host: 127.0.0.1:{server.port}"} <= {*lines}


def test_credentials_of_the_address_are_sent_and_never_shown(serve: Serve) -> None:
    server = serve(HEAD + b"Content-Length: 0\r\n\r\n")
    assert read(server.url.replace("//", "//ward:p%40ss@")) == b""
    assert b"Authorization: Basic d2FyZDpwQHNz\r\n" in server.requests[0]  # ward:p@ss
    assert remove_credentials("http://ward:p%40ss@h:1/x?y") == "http://h:1/x?y"


def test_an_address_cannot_smuggle_a_header(serve: Serve) -> None:
    server = serve(HEAD + b"Content-Length: 0\r\n\r\n")
    assert read(server.url + "a b\u00e9 c%20d") == b""
    assert server.requests[0].startswith(b"GET /a%20b%C3%A9%20c%20d HTTP/1.1\r\n")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "http:///x", "http://h:port/"])
def test_only_http_addresses_are_requested(url: str) -> None:
    with pytest.raises(
        StoreUnavailable, match=r"^The server cannot be reached \(.+\); nothing was changed\."
    ):
        send(url)


# -- where it goes ---


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1 ::1 ::"
    " fe80::1 fc00::1 fec0::1 ff02::1 ::ffff:127.0.0.1 ::7f00:1 64:ff9b::a00:1 64:ff9b:1::a00:1"
    " 2002:7f00:1:: 2001:db8::1".split(),
)
def test_private_addresses_are_recognized_in_every_spelling(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_public_address(ipaddress.ip_address(address))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    entry = (family, socket.SOCK_STREAM, 6, "", (address, 80))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry])
    with pytest.raises(PrivateAddressError):
        resolve_host("rebound.example", 80)
    assert resolve_host("rebound.example", 80, ("Rebound.Example",)) == [entry]
    assert resolve_host("rebound.example", 80, None) == [entry]


def test_public_addresses_are_recognized() -> None:
    addresses = ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
    assert all(is_public_address(ipaddress.ip_address(address)) for address in addresses)


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "127.1", "localtest.example"])
def test_a_name_for_this_machine_is_refused_however_it_is_written(
    host: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(HEAD + b"Content-Length: 0\r\n\r\n")
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _, *more, **named: GETADDRINFO("127.0.0.1", *more, **named)
    )
    with pytest.raises(StoreUnavailable, match="stands for an address of a private network"):
        send(f"http://{host}:{server.port}/", RequestLimits(2))
    assert server.requests == []


def test_a_name_is_resolved_once_and_stays_in_the_host_header(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(HEAD + b"Content-Length: 0\r\n\r\n")
    resolved: list[str] = []

    def resolve(host: str, *more: Any, **named: Any) -> Any:
        resolved.append(host)
        return GETADDRINFO("127.0.0.1", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://intranet.example:{server.port}/"
    assert read(url, RequestLimits(2, private_hosts=("intranet.example",))) == b""
    assert resolved == ["intranet.example"]
    assert f"Host: intranet.example:{server.port}\r\n".encode() in server.requests[0]


def test_a_redirect_is_reported_and_not_followed(serve: Serve) -> None:
    canary = serve(HEAD + b"Content-Length: 0\r\n\r\n")
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {canary.url}x\r\nContent-Length: 0\r\n\r\n".encode()
    with send(serve(redirect).url) as response:
        assert response.redirect_target == canary.url + "x"
        with pytest.raises(
            StoreUnavailable, match=f"redirects to 127.0.0.1:{canary.port}, which is not followed"
        ):
            response.require_success()
    assert canary.requests == []


def test_only_an_address_that_the_user_gave_goes_through_the_proxy(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(HEAD + b"Content-Length: 5\r\n\r\nproxy")
    monkeypatch.setenv("http_proxy", f"http://ward:secret@127.0.0.1:{proxy.port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert read("http://user:own@far.invalid/x?y") == b"proxy"
    lines = proxy.requests[0].decode().split("\r\n")
    assert lines[0] == "GET http://far.invalid/x?y HTTP/1.1"
    assert {"Host: far.invalid", "Proxy-Authorization: Basic d2FyZDpzZWNyZXQ="} <= {*lines}
    direct = serve(HEAD + b"Content-Length: 6\r\n\r\ndirect")
    assert read(direct.url) == b"direct"
    with pytest.raises(StoreUnavailable):
        send("http://far.invalid/", RequestLimits(2, private_hosts=("far.invalid",)))
    assert len(proxy.requests) == 1


# -- when it ends ---


DRIPPING: dict[str, Script] = {
    "no answer at all": (10.0,),
    "head": drip(HEAD),
    "endless headers": (HEAD, *drip(b"X: y\r\n" * 20)),
    "body of announced length": (HEAD + b"Content-Length: 100\r\n\r\n", *drip(b"x" * 100)),
    "body in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *drip(b"1\r\nx\r\n" * 20)),
    "body of unknown length": (HEAD + b"\r\n", *drip(b"x" * 100)),
}


@pytest.mark.parametrize("name", DRIPPING)
def test_the_whole_exchange_ends_at_the_deadline(name: str, serve: Serve) -> None:
    server = serve(*DRIPPING[name])
    began = time.monotonic()
    with pytest.raises(TooExpensive, match="did not answer in time; nothing was changed"):
        read(server.url, RequestLimits(0.5, private_hosts=None))
    assert 0.4 < time.monotonic() - began < 2.0


def test_a_server_that_does_not_answer_the_handshake_ends_at_the_deadline(serve: Serve) -> None:
    url = serve(10.0).url.replace("http:", "https:")
    began = time.monotonic()
    with pytest.raises(TooExpensive):
        read(url, RequestLimits(0.5, private_hosts=None))
    assert time.monotonic() - began < 2.0


def test_a_pause_may_be_shorter_than_the_whole(serve: Serve) -> None:
    server = serve(HEAD + b"Content-Length: 100\r\n\r\nx", 10.0)
    began = time.monotonic()
    with pytest.raises(TooExpensive):
        read(server.url, RequestLimits(60, private_hosts=None, idle_seconds=0.3))
    assert time.monotonic() - began < 2.0


def test_no_time_left_sends_nothing(serve: Serve) -> None:
    server = serve(HEAD)
    with pytest.raises(TooExpensive):
        send(server.url, RequestLimits(0.0, private_hosts=None))
    assert server.requests == []


def test_the_timer_ends_with_the_body(serve: Serve) -> None:
    before = set(threading.enumerate())
    response = send(serve(HEAD + b"Content-Length: 2\r\n\r\nok").url)
    timers = [thread for thread in set(threading.enumerate()) - before if isinstance(thread, threading.Timer)]
    assert len(timers) == 1
    assert response.readall() == b"ok"
    timers[0].join(1)
    assert not timers[0].is_alive()
    response.close()


# -- what comes back ---


def test_a_body_is_read_as_it_arrives(serve: Serve) -> None:
    server = serve(HEAD + b"Content-Length: 6\r\n\r\nabc", 10.0)
    with send(server.url) as response:
        assert response.read(100) == b"abc"
        assert (response.status, response.media_type) == (200, "text/plain")


TRUNCATED = {
    "announced length": HEAD + b"Content-Length: 10\r\n\r\nabc",
    "chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\na\r\nabc",
    "last chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "compressed": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot a gzip",
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_a_body_that_ends_early_is_an_error(name: str, serve: Serve) -> None:
    with pytest.raises(StoreUnavailable, match="broke off before the end of its answer"):
        read(serve(TRUNCATED[name]).url)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200])
def test_what_is_not_http_is_one_sentence(answer: bytes, serve: Serve) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
        read(serve(answer).url)
    assert "\n" not in str(caught.value)


def test_a_body_over_the_limit_is_refused_while_it_arrives(serve: Serve) -> None:
    server = serve(HEAD + b"\r\n" + b"x" * 5000, 10.0)
    with pytest.raises(TooLarge, match="limit of 4,999 bytes; nothing was changed"):
        read(server.url, RequestLimits(5, 4999, private_hosts=None))
    exact = serve(HEAD + b"\r\n" + b"x" * 5000)
    assert len(read(exact.url, RequestLimits(5, 5000, private_hosts=None))) == 5000


def test_decompression_is_bounded(serve: Serve) -> None:
    """A gigabyte fits into a megabyte of gzip: blocks are small, and the limit counts what comes out."""
    bomb = gzip.compress(bytes(50_000_000))
    head = HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    sizes = []

    def read_all() -> None:
        with send(serve(head + bomb).url, RequestLimits(10, 1_000_000, private_hosts=None)) as response:
            while block := response.read(1 << 24):
                sizes.append(len(block))

    with pytest.raises(TooLarge):
        read_all()
    assert 0 < max(sizes) <= BLOCK_SIZE
    assert sum(sizes) <= 1_000_000


STATUSES = {
    "HTTP/1.1 404 No\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nno\n such": "404: no such",
    "HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>": "502: an HTML page",
    "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n": "500 without an explanation",
}


@pytest.mark.parametrize("answer", STATUSES)
def test_a_status_of_failure_is_one_sentence(answer: str, serve: Serve) -> None:
    with pytest.raises(StoreUnavailable, match=f"answered status {STATUSES[answer]}; nothing was changed"):
        send(serve(answer.encode()).url).require_success()


def test_a_gateway_timeout_is_a_timeout(serve: Serve) -> None:
    with pytest.raises(TooExpensive):
        send(serve(b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n").url).require_success()


# -- TLS ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a certificate that only itself vouches for, for `ward.example`."""
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("the command openssl is absent: no certificate for a test server")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    options = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ward.example".split()
    )
    names = ["-addext", "subjectAltName=DNS:ward.example"]
    subprocess.run(
        [command, *options, *names, "-keyout", str(path), "-out", str(path) + ".crt"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text("utf-8") + Path(str(path) + ".crt").read_text("utf-8"), "utf-8")
    return path


def test_a_certificate_is_checked_for_the_name_and_the_connection_goes_to_the_checked_address(
    certificate: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = serve(HEAD + b"Content-Length: 2\r\n\r\nok", tls=context)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _, *more, **named: GETADDRINFO("127.0.0.1", *more, **named)
    )
    limits = RequestLimits(5, private_hosts=("ward.example", "other.example"))
    with pytest.raises(StoreUnavailable, match=r"(?i)certificate verify failed"):
        send(f"https://ward.example:{server.port}/", limits)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert read(f"https://ward.example:{server.port}/", limits) == b"ok"
    with pytest.raises(StoreUnavailable, match=r"(?i)certificate"):
        send(f"https://other.example:{server.port}/", limits)
    assert len(server.requests) == 1


def test_the_deadline_holds_inside_tls(
    certificate: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = serve(HEAD + b"\r\n", *drip(b"x" * 100), tls=context)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _, *more, **named: GETADDRINFO("127.0.0.1", *more, **named)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    began = time.monotonic()
    with pytest.raises(TooExpensive):
        read(f"https://ward.example:{server.port}/", RequestLimits(0.7, private_hosts=("ward.example",)))
    assert time.monotonic() - began < 2.0
