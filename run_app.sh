#!/usr/bin/env bash
# Starts the web application that setup.sh (or uv_run.sh) installed; the arguments go to it: ./run_app.sh --port 5001
#
# Inside an environment of conda or another venv that has waferwatch, that one is taken where this folder has no .venv.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

if [ -x "$here/.venv/bin/waferwatch" ]; then
  exec "$here/.venv/bin/waferwatch" serve "$@"
fi
if command -v waferwatch > /dev/null; then
  exec waferwatch serve "$@"
fi
echo "run_app: waferwatch is not installed yet. Run $here/setup.sh first." >&2
exit 1
