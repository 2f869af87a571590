"""The documents say what the code does: settings, tree, commands, examples and both languages."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import io
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from waferwatch.cli import build_parser
from waferwatch.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "waferwatch"
READMES = ("README.md", "README.ko.md")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SCRIPT_COMMANDS = {"test", "check", "add-torch"}  # of uv_run.sh itself; every other one is waferwatch's
# Defaults that depend on the machine, in words.
DEFAULTS_IN_WORDS = {"data_dir": "the user's data folder; on Linux `~/.local/share/waferwatch`"}


def read(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# docs/settings.md


def settings_table() -> list[str]:
    """The rows that docs/settings.md must hold, in this order."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = DEFAULTS_IN_WORDS.get(name) or (f"`{field.default}`" if str(field.default) else "")
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return rows


def test_every_setting_is_documented_with_its_default():
    documented = [line for line in read("docs/settings.md").splitlines() if line.startswith(f"| `{PREFIX}")]
    assert documented == settings_table(), "Paste into docs/settings.md:\n" + "\n".join(settings_table())


def test_every_setting_has_a_default_that_can_be_shown():
    factories = {name for name, field in Settings.model_fields.items() if field.default_factory is not None}
    assert factories == set(DEFAULTS_IN_WORDS)


# docs/architecture.md


def modules() -> list[str]:
    """Python files of the package, without the __init__.py files that hold nothing but a docstring."""
    return sorted(file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py") if has_code(file))


def has_code(file: Path) -> bool:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return file.name != "__init__.py" or any(not isinstance(node, ast.Expr) for node in body)


def tree_lines() -> dict[str, str]:
    """Path -> job, of the tree under src/waferwatch/; folders are indented by two spaces a level."""
    block = re.search(r"(?ms)^src/waferwatch/\n(.*?)^(?=\S)", read("docs/architecture.md"))
    assert block, "docs/architecture.md has no tree of src/waferwatch/"
    found: dict[str, str] = {}
    folders: list[str] = []
    for line in block[1].splitlines():
        name, _, job = line.strip().partition(" ")
        level = (len(line) - len(line.lstrip())) // 2
        folders = folders[: level - 1]
        if name.endswith("/"):
            folders.append(name)
        if name.endswith(".py"):
            found["".join(folders) + name] = job.strip()
    return found


def test_the_tree_names_every_module():
    tree, real = set(tree_lines()), set(modules())
    missing = [f"{path}  {summary(PACKAGE / path)}" for path in sorted(real - tree)]
    assert not missing, "\n".join(["not in docs/architecture.md:", *missing])
    assert tree <= real, f"docs/architecture.md names what does not exist: {sorted(tree - real)}"


def summary(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n")[0]


def test_the_tree_says_what_each_module_is_for():
    assert [path for path, job in tree_lines().items() if not job] == []


# Commands and examples


def code_blocks(name: str | Path, language: str = "") -> list[str]:
    return [code for label, code in re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", read(name)) if label == language]


def commands(name: str | Path) -> list[list[str]]:
    """What is given to ./uv_run.sh or waferwatch in code blocks and between backticks."""
    block_lines = [line for block in code_blocks(name) for line in block.splitlines()]
    lines = block_lines + re.findall(r"`([^`\n]+)`", read(name))
    found = [re.match(r"(?:WAFERWATCH_\w+=\S+ )?(?:\./uv_run\.sh|waferwatch) (\w.*)", line) for line in lines]
    return [shlex.split(match[1]) for match in found if match]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_command_line_takes_every_command_in_the_documents(document):
    refused = [shlex.join(words) for words in commands(document) if words[0] not in SCRIPT_COMMANDS and refusal(words)]
    assert not refused, f"{document.name}: {refused}"


def refusal(arguments: list[str]) -> str:
    """What the parser says against a command; nothing against one that is only named, without its arguments."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
            build_parser().parse_args(arguments)
    except SystemExit as end:
        only_named = len(arguments) < 3 and "arguments are required" in told.getvalue()
        return "" if end.code == 0 or only_named else told.getvalue()
    return ""


@pytest.mark.parametrize(
    ("arguments", "taken"),
    [(["detect", "a.csv", "--json"], True), (["models"], True), (["detect", "a.csv", "--jsn"], False), (["x"], False)],
)
def test_the_check_of_commands_sees(arguments, taken):
    assert (refusal(arguments) == "") == taken


def test_the_readme_shows_commands_at_all():
    assert len(commands("README.md")) > 8


def test_the_first_code_of_the_readme_is_the_two_commands():
    for name in READMES:
        assert code_blocks(name)[0].splitlines() == ["./uv_run.sh", "./uv_run.sh test"]


def test_the_python_examples_run(capsys, tmp_path, monkeypatch):
    library, pipeline = code_blocks("README.md", "python")
    monkeypatch.chdir(tmp_path)  # a model is saved
    names: dict[str, object] = {}
    exec(compile(library, "README.md", "exec"), names)
    assert capsys.readouterr().out.startswith("moment ")
    exec(compile(pipeline, "README.md", "exec"), names)
    assert re.match(r"\d+ of 8000 rows; threshold \d", capsys.readouterr().out)


EXAMPLES = sorted(file for file in PACKAGE.rglob("*.py") if ">>> " in file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_the_examples_in_docstrings_are_right(file):
    name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


# Both languages


def headings(name: str) -> list[str]:
    """Levels of the headings outside code blocks, in order."""
    return re.findall(r"(?m)^(#+) ", re.sub(r"(?ms)^```.*?^```$", "", read(name)))


def without_comments(block: str) -> str:
    return re.sub(r"\s*# .*", "", block)


def test_both_readmes_have_the_same_parts():
    english, korean = READMES
    assert headings(english) == headings(korean)
    assert commands(english) == commands(korean)
    for language in ("", "python"):
        blocks = [[without_comments(block) for block in code_blocks(name, language)] for name in READMES]
        assert blocks[0] == blocks[1]


def test_both_readmes_list_the_same_points():
    counts = [len(re.findall(r"(?m)^(?:- |\d\. )", read(name))) for name in READMES]
    assert counts[0] == counts[1]


# docs/hardening.md


def named_tests() -> list[tuple[str, str]]:
    """File and name of each test that the table of faults names."""
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read("docs/hardening.md"))


def test_every_fault_names_a_test_that_there_is():
    faults = [line for line in read("docs/hardening.md").splitlines() if re.match(r"\| (?:[SR]\d|Bug )", line)]
    assert len(faults) > 30
    assert [line for line in faults if "::test_" not in line] == []
    missing = [f"{file}::{name}" for file, name in named_tests() if f"def {name}(" not in read(file)]
    assert missing == []


def test_every_fault_of_the_attack_and_the_review_is_named():
    first_cells = re.findall(r"(?m)^\| ([^.|]+)\.", read("docs/hardening.md"))
    named = {one for cell in first_cells for one in re.findall(r"[SR]\d+|[Bb]ug \d+", cell)}
    wanted = (
        {f"S{at}" for at in range(1, 14)} | {f"R{at}" for at in range(1, 13)} | {f"bug {at}" for at in range(1, 17)}
    )
    assert {one.lower() for one in named} == {one.lower() for one in wanted}


# Links and the version


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_local_link_leads_somewhere(document):
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_the_newest_released_change_is_of_this_version():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    newest = re.search(r"(?m)^## (?!Unreleased)(\S+)(?! \(unreleased\))(?=\s)", read("CHANGELOG.md"))
    assert newest
    assert newest[1] == version
