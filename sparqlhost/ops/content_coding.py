"""Content codings: which one a client accepts (RFC 9110 section 12.5.3), and the compression itself."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import lru_cache
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard
from werkzeug.http import parse_accept_header

#: shorter bodies are not compressed: the extra header would cost what is saved.
MIN_COMPRESSIBLE_BYTES = 600
#: best first. Complete bodies are compressed once and cached: smallest result first. Streams: fastest first.
BODY_CODINGS = ("br", "zstd", "gzip")
STREAM_CODINGS = ("zstd", "gzip")

_COMPRESSIBLE_TYPES = (
    "text/",
    "application/json",
    "application/javascript",
    "application/xml",
    "image/svg+xml",
)


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self, mode: int = ..., /) -> bytes: ...


def is_compressible(media_type: str) -> bool:
    """Return whether bodies of that type are text, which compression makes smaller."""
    kind = media_type.partition(";")[0].strip().lower()
    return (
        kind.startswith(_COMPRESSIBLE_TYPES)
        or kind.endswith(("+json", "+xml"))
        or kind.startswith("application/n-")
    )


@lru_cache(maxsize=512)
def choose_coding(accept_encoding: str, offered: tuple[str, ...]) -> str:
    """Return the first of `offered` with the highest quality in `Accept-Encoding`, "" if none is acceptable.

    >>> choose_coding("gzip, br;q=0", ("br", "gzip"))
    'gzip'
    """
    accepted = parse_accept_header(accept_encoding)
    best = max(offered, key=accepted.quality)
    return best if accepted.quality(best) > 0 else ""


_BODY_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: bytes(brotli.compress(body, quality=5)),
    "zstd": lambda body: zstandard.ZstdCompressor(level=6).compress(body),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}


def compress_body(body: bytes, coding: str) -> bytes:
    """Return `body` in a content coding."""
    return _BODY_COMPRESSORS[coding](body)


def compress_stream(chunks: Iterable[bytes], coding: str) -> Generator[bytes, None, None]:
    """Yield `chunks` in a content coding; the first is flushed at once, so that the answer starts early."""
    pieces: Iterator[bytes] = iter(chunks)
    compressor, sync, finish = _make_stream_compressor(coding)
    first = next(pieces, None)
    if first is not None:
        yield compressor.compress(first) + compressor.flush(sync)
    for piece in pieces:
        if out := compressor.compress(piece):
            yield out
    yield compressor.flush(finish)


def _make_stream_compressor(coding: str) -> tuple[_Compressor, int, int]:
    """Return a compressor, its mode for flushing a block and its mode for ending the stream."""
    if coding == "zstd":
        made = zstandard.ZstdCompressor(level=3).compressobj()
        return made, zstandard.COMPRESSOBJ_FLUSH_BLOCK, zstandard.COMPRESSOBJ_FLUSH_FINISH
    return zlib.compressobj(6, zlib.DEFLATED, 31), zlib.Z_SYNC_FLUSH, zlib.Z_FINISH
