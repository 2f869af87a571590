"""The package keeps its order: imports go from left to right, torch stays where it belongs, and files stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent / "src" / "waferwatch"
ORDER = (
    "errors",
    "settings",
    "read",
    "series",
    "models",
    "events",
    "indicators",
    "evaluate",
    "scoring",
    "explain",
    "grouping",
    "export",
    "monitors",
    "store",
    "jobs",
    "live",
    "scale",
    "web",
    "cli",
)
# The layer of the command line.
RIGHT_END = ("cli", "api", "sklearn", "commands", "__init__", "__main__")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc"}
# Modules that import torch, and those that may import them or torch, but only inside functions.
TORCH_MODULES = {f"models/moment/{name}.py" for name in ("network", "runners/torch_runner", "checkpoints/tuning")}
TORCH_IN_FUNCTIONS = {
    *(f"models/moment/checkpoints/{name}.py" for name in ("export", "hub", "tuned", "weights_file")),
    *(f"models/moment/runners/{name}.py" for name in ("engine", "gpu")),
}
NEEDS_TORCH = ("torch", *("waferwatch." + path.removesuffix(".py").replace("/", ".") for path in TORCH_MODULES))
LONGEST_FILE = 400
MOST_FILES = 12  # modules in one folder
LONGEST_FUNCTION = 40  # lines, without the docstring

FILES = sorted(ROOT.rglob("*.py"))


@dataclass(frozen=True)
class Import:
    target: str  # dotted name of what is imported
    line: int
    at_top: bool  # run when the module is imported: outside functions and TYPE_CHECKING


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def path_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imports_of(tree: ast.Module, module: str = "waferwatch.module") -> list[Import]:
    return list(_imports(tree, module, at_top=True))


def _imports(node: ast.AST, module: str, at_top: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, at_top) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parent = ".".join(module.split(".")[: -node.level]) if node.level else ""
        base = ".".join(filter(None, (parent, node.module)))
        yield from (Import(f"{base}.{alias.name}", node.lineno, at_top) for alias in node.names)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_type_checking(node):
        at_top = False
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, module, at_top)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def layer_of(dotted: str) -> int:
    """Position in ORDER of a module of the package, given as waferwatch.x.y; the package itself is at the right end."""
    parts = dotted.split(".")
    top = parts[1] if len(parts) > 1 else "__init__"
    known = {name: place for place, name in enumerate(ORDER)}
    if top in known:
        return known[top]
    is_module = (ROOT / top).is_dir() or (ROOT / f"{top}.py").is_file()
    if is_module and top not in RIGHT_END:
        pytest.fail(f"src/waferwatch/{top} has no place in the order: give it one in ORDER or RIGHT_END")
    return known["cli"]  # also names taken from the package itself, such as waferwatch.__version__


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def found_imports(file: Path) -> list[Import]:
    name = module_name(file)
    return imports_of(tree_of(file), f"{name}.__init__" if file.name == "__init__.py" else name)


def test_imports_go_from_left_to_right():
    back_edges = [
        f"{path_of(file)}:{item.line} imports {item.target}"
        for file in FILES
        for item in found_imports(file)
        if item.target.split(".")[0] == "waferwatch" and layer_of(item.target) > layer_of(module_name(file))
    ]
    assert not back_edges, "\n".join(["imports against the order " + " > ".join(ORDER), *back_edges])


def test_no_modules_import_each_other_in_a_circle():
    modules = {module_name(file) for file in FILES}
    imported = {module_name(file): {_module_of(one.target, modules) for one in found_imports(file)} for file in FILES}
    left = {name: targets & modules - {name} for name, targets in imported.items()}
    while leaves := {name for name, targets in left.items() if not targets}:
        left = {name: targets - leaves for name, targets in left.items() if name not in leaves}
    while unused := set(left) - {target for targets in left.values() for target in targets}:
        left = {name: targets for name, targets in left.items() if name not in unused}
    assert not left, f"in circles: {sorted(left)}"


def _module_of(dotted: str, modules: set[str]) -> str:
    """The module that a name is imported from: the name may be that of a module or of something in it."""
    return dotted if dotted in modules else dotted.rpartition(".")[0]


def test_no_page_imports_from_the_folder_of_another():
    pages = "waferwatch.web.pages."
    wrong = [
        f"{path_of(file)}:{item.line} imports {item.target}"
        for file in FILES
        for item in found_imports(file)
        if module_name(file).startswith("waferwatch.web.") and item.target.startswith(pages)
        if module_name(file) != "waferwatch.web.app" and page_of(item.target) != page_of(module_name(file))
    ]
    assert wrong == []


def page_of(dotted: str) -> str:
    """The package of a page, of something in it: waferwatch.web.pages.NAME."""
    return ".".join(dotted.split(".")[:4])


def test_no_module_has_a_name_that_says_nothing():
    assert [
        path_of(file) for file in FILES if FORBIDDEN_NAMES & set(file.relative_to(ROOT).with_suffix("").parts)
    ] == []


def test_no_folder_holds_more_modules_than_one_looks_over():
    counts: dict[str, int] = {}
    for file in FILES:
        if file.name != "__init__.py":
            counts[path_of(file.parent)] = counts.get(path_of(file.parent), 0) + 1
    assert {folder: count for folder, count in counts.items() if count > MOST_FILES} == {}


def test_no_public_class_name_is_there_twice():
    places: dict[str, list[str]] = {}
    for file in FILES:
        for name in public_classes(tree_of(file)):
            places.setdefault(name, []).append(path_of(file))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def public_classes(tree: ast.Module) -> list[str]:
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def test_torch_is_imported_only_where_it_belongs():
    wrong = []
    for file in FILES:
        for item in found_imports(file):
            needs_torch = any(item.target == name or item.target.startswith(f"{name}.") for name in NEEDS_TORCH)
            allowed = TORCH_MODULES if item.at_top else TORCH_MODULES | TORCH_IN_FUNCTIONS
            if needs_torch and path_of(file) not in allowed:
                wrong.append(f"{path_of(file)}:{item.line} imports {item.target}")
    assert not wrong, "\n".join(wrong)


def test_the_web_application_and_the_command_line_start_without_torch(tmp_path):
    program = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "onnx", "onnxscript", "safetensors", "huggingface_hub"):
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocker())
import waferwatch
from waferwatch.cli import build_parser
from waferwatch.settings import read_settings
from waferwatch.web.app import create_app

create_app(read_settings({}, data_dir=sys.argv[1]))
build_parser()
[getattr(waferwatch, name) for name in waferwatch.__all__]
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_files_are_short():
    others = [file for folder in ("benchmarks", "train") for file in (TESTS.parent / folder).glob("*.py")]
    lengths = {str(file): len(file.read_text("utf-8").splitlines()) for file in (*FILES, *others)}
    assert {file: count for file, count in lengths.items() if count > LONGEST_FILE} == {}


def test_functions_are_short():
    long = {}
    for file in FILES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > LONGEST_FUNCTION:
                long[f"{path_of(file)}:{node.lineno} {node.name}"] = lines_of(node)
    assert long == {}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    inside = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - inside


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch", [("torch", True)]),
        ("def f():\n    from torch import nn", [("torch.nn", False)]),
        ("if TYPE_CHECKING:\n    import torch", [("torch", False)]),
        ("class A:\n    import torch", [("torch", True)]),
        ("from . import cli", [("waferwatch.cli", True)]),
        ("from .web import app", [("waferwatch.web.app", True)]),
        ("try:\n    import torch.cuda\nexcept ImportError:\n    pass", [("torch.cuda", True)]),
    ],
)
def test_the_import_finder_sees(source, expected):
    assert [(item.target, item.at_top) for item in imports_of(ast.parse(source))] == expected


def test_no_test_asserts_how_long_something_took():
    """Where the machine is busy such a test fails: count calls (tests/calls.py), or measure in benchmarks/."""
    clocks = {"perf_counter", "process_time"}
    timed = [
        f"{file.relative_to(TESTS).as_posix()}:{node.lineno}"
        for file in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Assert)
        and clocks & {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    ]
    assert timed == []
