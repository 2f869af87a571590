#!/usr/bin/env bash
# Installs waferwatch with Python's own venv and pip, into .venv of this folder. uv_run.sh does the same faster.
#
#   ./setup.sh            installs
#   ./setup.sh --torch    adds torch: for official checkpoints, training and GPUs
#   ./run_app.sh          starts the web application afterwards
#
# Nothing is installed outside this folder. Works from any folder and may be run again at any time.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
python=$here/.venv/bin/python

say() { printf 'setup: %s\n' "$*" >&2; }

stop() {
  say "$@"
  exit 1
}

is_new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1
}

find_python() {
  for found in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python; do
    if is_new_enough "$found"; then return; fi
  done
  stop "waferwatch needs Python 3.11 or newer, and none was found. Install one, or name it: PYTHON=/path/to/python3" \
    "./setup.sh"
}

make_environment() {
  if is_new_enough "$python" && "$python" -m pip --version > /dev/null 2>&1; then return; fi
  find_python
  say "Making .venv with $("$found" --version) ..."
  rm -rf -- "$here/.venv"
  "$found" -m venv "$here/.venv" ||
    stop "The environment could not be made; the lines above say why. On Debian: apt-get install python3-venv"
}

install() {
  "$python" -m pip install --quiet --disable-pip-version-check "$@" ||
    stop "The packages could not be installed; the lines above say why. Without internet access, see" \
      "\"Without internet access\" in README.md."
}

case "${1:-}" in
  "" | --torch) ;;
  *) stop "The only option is --torch, not $1." ;;
esac
make_environment
say "Installing the packages of requirements.txt into .venv ..."
install --require-hashes -r "$here/requirements.txt"
rm -f -- "$here/.venv/waferwatch-stamp" # uv_run.sh looks again at what is in .venv
install --no-deps --no-build-isolation -e "$here"
if [ "${1:-}" = --torch ]; then
  say "Adding torch ..."
  (cd -- "$here" && install --no-build-isolation -e ".[torch]")
fi
say "Done. Start the web application with: $here/run_app.sh"
