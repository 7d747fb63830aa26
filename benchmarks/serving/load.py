"""Load from wrk: many connections, a list of addresses in turn, requests a second and latencies back."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

SCRIPT = """
local paths = {%(paths)s}
local at = 0
request = function()
  at = at + 1
  return wrk.format("GET", paths[(at %% #paths) + 1])
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %%d %%d %%d %%d %%.0f %%.0f\\n", summary.requests, summary.duration,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk measured; latencies in milliseconds."""

    per_second: float
    refused: int
    broken: int
    median: float
    p99: float


def wrk(
    folder: Path,
    query_address: str,
    queries: list[str],
    headers: Mapping[str, str],
    seconds: int,
    clients: int = 16,
) -> Load:
    """Ask `queries` in turn from `clients` connections for some seconds."""
    parts = urlsplit(query_address)
    paths = ", ".join(f'"{parts.path or "/"}?{urlencode({"query": query})}"' for query in queries)
    script = folder / "load.lua"
    script.write_text(SCRIPT % {"paths": paths})
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", "-s", str(script)]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command.append(f"{parts.scheme}://{parts.netloc}")
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", printed)
    if found is None:
        raise RuntimeError(printed)
    total, micros, refused, broken, median, p99 = map(int, found.groups())
    return Load(total / micros * 1e6, refused, broken, median / 1000, p99 / 1000)
