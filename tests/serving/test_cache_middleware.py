"""The answer cache: what it keeps, what it must not, and how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sparqlhost.ops.cache_middleware import (
    ENTRY_OVERHEAD_BYTES,
    AnswerCache,
    CachedAnswer,
    CacheMiddleware,
    ServedApplication,
)
from sparqlhost.ops.content_coding import BODY_CODINGS, choose_coding
from sparqlhost.ops.monitoring import RequestMetrics
from sparqlhost.ops.request_log import RequestRecorder
from sparqlhost.protocol.request_facts import IS_INCOMPLETE

PLAIN = (("Content-Type", "text/csv"), ("ETag", 'W/"1"'), ("Vary", "Accept"))


@dataclass
class Application:
    """A WSGI application that counts how often it is asked."""

    headers: tuple[tuple[str, str], ...] = PLAIN
    status: str = "200 OK"
    asked: int = 0
    version: str = "a"
    breaks: bool = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        start_response(self.status, list(self.headers))
        yield f"answer {self.asked}".encode()
        if self.breaks:
            environ[IS_INCOMPLETE] = True

    def middleware(self, limit: int = 100_000) -> CacheMiddleware:
        served = ServedApplication(
            self, lambda: self.version, RequestRecorder(None, RequestMetrics("test_"), 1.0), lambda: None
        )
        return CacheMiddleware(served, AnswerCache(limit))


@dataclass
class Got:
    """What a client gets."""

    status: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def get(middleware: CacheMiddleware, method: str = "GET", **extra: str) -> Got:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/x", "QUERY_STRING": "", "wsgi.url_scheme": "http"}
    environ |= {"HTTP_HOST": "kg.example"}
    got = Got()

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
        got.status, got.headers = status, dict(headers)

    body = middleware(environ | extra, start)
    got.body = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return got


def test_the_second_answer_comes_from_the_cache() -> None:
    app = Application()
    middleware = app.middleware()
    assert [get(middleware).body for _ in range(3)] == [b"answer 1"] * 3
    assert app.asked == 1


def test_another_version_of_the_data_is_another_answer() -> None:
    app = Application()
    middleware = app.middleware()
    get(middleware)
    app.version = "b"
    assert get(middleware).body == b"answer 2"
    app.version = "a"
    assert get(middleware).body == b"answer 3"


def test_an_answer_that_was_made_during_a_write_is_not_kept() -> None:
    app = Application()
    middleware = app.middleware()
    versions = iter(["a", "b", "b", "b"])
    middleware.served_application = ServedApplication(
        app, lambda: next(versions), middleware.served_application.recorder, lambda: None
    )
    get(middleware)
    assert get(middleware).body == b"answer 2"


@pytest.mark.parametrize(
    "extra",
    [
        {"HTTP_ACCEPT": "text/turtle"},
        {"QUERY_STRING": "a=1"},
        {"HTTP_HOST": "other"},
        {"HTTP_ACCEPT_LANGUAGE": "de"},
        {"HTTP_ORIGIN": "http://other"},
        {"wsgi.url_scheme": "https"},
        {"HTTP_ACCEPT_ENCODING": "gzip"},
    ],
)
def test_what_an_answer_depends_on_is_kept_apart(extra: dict[str, str]) -> None:
    app = Application()
    middleware = app.middleware()
    assert get(middleware).body == b"answer 1"
    assert get(middleware, **extra).body == b"answer 2"
    assert get(middleware).body == b"answer 1"


@pytest.mark.parametrize(
    "extra",
    [
        {"HTTP_AUTHORIZATION": "Bearer x"},
        {"HTTP_COOKIE": "a=1"},
        {"HTTP_RANGE": "bytes=0-1"},
        {"HTTP_CACHE_CONTROL": "no-cache"},
        {"HTTP_HOST": ""},
        {"HTTP_ACCEPT_ENCODING": "x," * 400},
        {"method": "POST"},
    ],
)
def test_these_requests_pass_the_cache_by(extra: dict[str, str]) -> None:
    app = Application()
    middleware = app.middleware()
    get(middleware)
    assert get(middleware, **extra).body == b"answer 2"
    assert get(middleware).body == b"answer 1"


@pytest.mark.parametrize(
    "app",
    [
        Application(status="404 NOT FOUND"),
        Application(headers=(*PLAIN, ("Cache-Control", "no-store"))),
        Application(headers=(*PLAIN, ("Set-Cookie", "a=1"))),
        Application(headers=(("ETag", "1"), ("Vary", "User-Agent"))),
        Application(headers=(("ETag", "1"), ("Vary", "*"))),
        Application(headers=(("Content-Type", "text/csv"),)),
        Application(breaks=True),
    ],
    ids=["error", "no-store", "cookie", "vary by agent", "vary by all", "no tag", "broken"],
)
def test_these_answers_are_never_kept(app: Application) -> None:
    middleware = app.middleware()
    get(middleware)
    assert get(middleware).body == b"answer 2"


def test_head_is_answered_from_what_get_left() -> None:
    middleware = Application().middleware()
    get(middleware)
    head = get(middleware, method="HEAD")
    assert head.body == b""
    assert head.headers["Content-Length"] == "8"


def test_the_holder_of_the_answer_gets_304_from_the_cache() -> None:
    middleware = Application().middleware()
    get(middleware)
    got = get(middleware, HTTP_IF_NONE_MATCH='"0", W/"1"')
    assert got.status.startswith("304")
    assert "Content-Length" not in got.headers


def test_the_cache_keeps_to_its_bytes_and_drops_the_longest_unused() -> None:
    cache = AnswerCache(10 * (ENTRY_OVERHEAD_BYTES + 100))
    for number in range(50):
        cache.put((str(number),), CachedAnswer("200 OK", (), bytes(100), "a", "", ""))
        cache.get(("0",), "a")
    assert cache.used_bytes <= cache.max_bytes
    assert len(cache) == 10
    assert cache.get(("0",), "a") is not None
    assert cache.get(("30",), "a") is None


def test_an_answer_larger_than_an_eighth_of_the_cache_is_not_kept() -> None:
    cache = AnswerCache(80_000)
    cache.put(("big",), CachedAnswer("200 OK", (), bytes(10_001), "a", "", ""))
    assert len(cache) == 0


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, br", "br"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("gzip;q=0", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("br;q=0, *", "zstd"),
        ("identity", ""),
        ("br;q=x", ""),
        ("GZIP", "gzip"),
    ],
)
def test_the_coding_is_the_one_the_client_likes_best(header: str, wanted: str) -> None:
    assert choose_coding(header, BODY_CODINGS) == wanted


@pytest.mark.parametrize("tags", ['W/"1"', '"1"', '"0", "1"', ' W/"0" , W/"1" '])
def test_a_tag_of_a_client_is_compared_weakly(tags: str) -> None:
    """The cache compared strongly, the application weakly."""
    middleware = Application().middleware()
    get(middleware)
    assert get(middleware, HTTP_IF_NONE_MATCH=tags).status.startswith("304")


@pytest.mark.parametrize("tags", ["*", '"0"', "1", ""])
def test_any_other_tag_gets_the_answer(tags: str) -> None:
    middleware = Application().middleware()
    get(middleware)
    assert get(middleware, HTTP_IF_NONE_MATCH=tags).status.startswith("200")
