"""Text files of the project: UTF-8, or one sentence that says where they are not."""

from __future__ import annotations

from pathlib import Path

from kg.errors import BadData

_MAX_BYTES = 64_000_000  # bytes; no file that people write is longer
_SAVE_HINT = "Save the file as UTF-8."


class NotUtf8Text(BadData):
    """A file that holds other bytes; `nearly` is what can be made out of it, so that echoes are known."""

    def __init__(self, message: str, data: bytes, file_name: str, offset: int) -> None:
        super().__init__(message, location=file_name, line=data[:offset].count(b"\n") + 1, hint=_SAVE_HINT)
        self.salvaged_text = data.replace(b"\0", b"").decode("utf-8", "replace")


def read_text(path: Path, name: str) -> str:
    """Return the text of a file, a byte order mark left out; `name` is how complaints call it.

    Raises BadData when it cannot be read or is no UTF-8 text.
    """
    data = _read_bytes(path, name)
    if b"\0" in data:
        raise NotUtf8Text("A zero byte: this is no UTF-8 text.", data, name, data.index(b"\0"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8Text("A byte that is not UTF-8.", data, name, error.start) from error


def _read_bytes(path: Path, name: str) -> bytes:
    """Return the bytes of a plain file of a plausible size; a pipe or device would be waited for."""
    try:
        size = path.stat().st_size
        if not path.is_file() and not path.is_dir():
            raise BadData(
                "This is a pipe or a device, no file.", location=name, hint="Remove it from the folder."
            )
        if size > _MAX_BYTES:
            raise BadData(f"The file is over {_MAX_BYTES} bytes.", location=name, hint="Split it by subject.")
        return path.read_bytes()
    except OSError as error:
        raise BadData(
            f"Cannot be read: {error.strerror}.", location=name, hint="Check the file and its rights."
        ) from error
