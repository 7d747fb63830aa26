#!/usr/bin/env bash
# All serving benchmarks, side by side in one run; see the tables they print.
set -euo pipefail
cd "$(dirname "$0")/../.."
for name in servers requests_per_second rows latency; do
  echo "== benchmarks.serving.$name"
  .venv/bin/python -m "benchmarks.serving.$name"
done
