#!/bin/sh
# All reasoning rows side by side; run by `make bench`.
cd "$(dirname "$0")/../.." && exec .venv/bin/python -m benchmarks.reasoning.run
