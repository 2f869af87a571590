"""Starts the web application: ``python app.py`` is the same as ``waferwatch serve``."""

import sys

try:
    from waferwatch.cli import main
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed here. Start with ./uv_run.sh, or activate its environment (.venv).")

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
