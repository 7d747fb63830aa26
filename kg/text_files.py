"""Files that people write: read as UTF-8 text or refused with a line, replaced as a whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kg.errors import BadData

#: bytes; no file that people write is longer
_MAX_BYTES = 64_000_000
#: how pyoxigraph begins a message: it gives the position a second time, as attributes of the exception
_PARSER_POSITION = re.compile(
    r"^Parser error (?:at|between) line \d+ (?:between columns|column) \d+(?: and [^:]*)?: "
)
_MAX_MESSAGE_LETTERS = 200


class NotUtf8Text(BadData):
    """A file with bytes that are not UTF-8; `salvaged_text` is what can be read of it.

    A caller can leave out complaints about names in that text: they follow from this one.
    """

    def __init__(self, message: str, data: bytes, file_name: str, offset: int) -> None:
        line = data[:offset].count(b"\n") + 1
        super().__init__(message, location=file_name, line=line, hint="Save the file as UTF-8.")
        self.salvaged_text = data.replace(b"\0", b"").decode("utf-8", "replace")


def read_text(path: Path, name: str = "") -> str:
    """Return the text of a file without its byte order mark; messages call the file `name`.

    Raises BadData when the file cannot be read, NotUtf8Text when it is not UTF-8 text.
    """
    name = name or str(path)
    data = _read_bytes(path, name)
    if b"\0" in data:
        raise NotUtf8Text(
            "The file contains a zero byte and is not UTF-8 text.", data, name, data.index(b"\0")
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8Text("The file contains a byte that is not UTF-8.", data, name, error.start) from error


def list_text_files(named: Path) -> list[Path]:
    """Return the files that a setting names: one, several parted as in PATH, or the `*.txt` of a folder."""
    if named.is_dir():
        return sorted(named.glob("*.txt"))
    return [Path(part) for part in str(named).split(os.pathsep) if part]


def _read_bytes(path: Path, name: str) -> bytes:
    """Return the bytes of a regular file of a plausible size; reading a pipe or a device could block."""
    try:
        size = path.stat().st_size
        if not path.is_file() and not path.is_dir():
            raise BadData(
                "This is a pipe or a device, not a file.", location=name, hint="Remove it from the folder."
            )
        if size > _MAX_BYTES:
            raise BadData(f"The file is over {_MAX_BYTES} bytes.", location=name, hint="Split it by subject.")
        return path.read_bytes()
    except OSError as error:
        raise BadData(
            f"The file cannot be read: {error.strerror}.",
            location=name,
            hint="Check its name and its permissions.",
        ) from error


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` for a new file or folder, which takes the place of `path` in one rename.

    Readers see the old content or the new one, never a part. After an exception `path` is as it was. A folder
    does not replace another: where one is there already, the new one is thrown away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    _remove(partial)
    try:
        yield partial
        if not path.is_dir():
            partial.replace(path)
    finally:
        _remove(partial)


def write_text_atomically(path: Path, text: str) -> None:
    """Write a whole text file, as `write_atomically` does."""
    with write_atomically(path) as partial:
        partial.write_text(text, "utf-8")


def _remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def clean_parser_message(error: SyntaxError) -> str:
    """Return pyoxigraph's message as one line without its position and its final full stop."""
    message = _PARSER_POSITION.sub("", str(error.msg)).strip()
    return message.split("\n")[0][:_MAX_MESSAGE_LETTERS].rstrip(".")
