"""`python -m sparqlhost FOLDER`: serve the RDF files of a folder; settings are SPARQLHOST_... variables."""

from __future__ import annotations

import argparse
import sys

from sparqlhost.errors import UserError
from sparqlhost.folder import announce, serve_folder


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; return 1 if the server cannot start."""
    parser = argparse.ArgumentParser(prog="python -m sparqlhost", description="Serve a folder of RDF files.")
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, help="0 takes a free one (default: SPARQLHOST_PORT, else 8000)")
    arguments = parser.parse_args()
    try:
        serve_folder(arguments.folder, on_ready=announce, port=arguments.port)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
