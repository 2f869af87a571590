"""Every sentence that a person can meet has a Korean translation with the same places."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

import waferwatch
from waferwatch.web.html.language import Translator, choose_language
from waferwatch.web.html.script_sentences import script_sentences

SOURCE = Path(waferwatch.__file__).parent
CATALOGUES = sorted((SOURCE / "web" / "translations" / "ko").glob("*.po"))
SCRIPTS = sorted((SOURCE / "web" / "static").rglob("*.js"))
_TREE = (
    "Waferwatch|Input|NotFound|Damaged|StorageFull|TooLarge|Model|MissingExtra|Store|TooMany|"  # errors.py
    "LiveOff|AddressRefused|"  # live
    "Malformed|Unauthorized|Forbidden|NoSuchPage|Method|MediaType|Unexpected|NotReady|DownloadsBusy"  # web
)
_CALLS = re.compile(rf"(?:(?:{_TREE})Error|Cancelled|Note|translate|_)$")


_FINDINGS = re.compile(r"(?:FileFinding|_?(?:obstacle|repaired|info))$")
_ASSIGNED = re.compile(r"_*(?:hint|text|template)$|_ORDER_TEXT$|.*_TEXTS$", re.IGNORECASE)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _is_said(text: str) -> bool:
    """Whether a text is a sentence for people, and neither a code nor a line of the log."""
    return " " in text and "%s" not in text


def _literals(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be: a literal, or either side of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _sentences(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _CALLS.match(_name(node)):
            for argument in [*node.args[:1], *(word.value for word in node.keywords if word.arg == "hint")]:
                yield from _literals(argument)
        elif isinstance(node, ast.Call) and _FINDINGS.match(_name(node)):
            texts = [*node.args[:2], *(word.value for word in node.keywords if word.arg == "remedy")]
            yield from (text for argument in texts for text in _literals(argument) if _is_said(text))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and _ASSIGNED.match(target.id):
                values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
                yield from (text for value in values for text in _literals(value) if _is_said(text))


def _template_sentences(path: Path) -> Iterator[str]:
    yield from re.findall(r"""\b_\(\s*["']([^"']+)["']\s*\)""", path.read_text(encoding="utf-8"))


_TEXT = r'"((?:[^"\\\\]|\\\\.)*)"'


def _script_sentences(path: Path) -> Iterator[str]:
    """By a plain search, which does not know what a string or a comment is."""
    script = path.read_text(encoding="utf-8")
    for found in re.findall(rf"\btext\(\s*{_TEXT}", script):
        yield json.loads(f'"{found}"')
    for both in re.findall(rf"\bcounted\(\s*{_TEXT},\s*{_TEXT}", script):
        yield from (json.loads(f'"{found}"') for found in both)


@cache
def all_sentences() -> Mapping[str, str]:
    """Sentence -> file in which it stands."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(SOURCE).as_posix()
        found.update(
            {sentence: where for sentence in _sentences(path) if re.search(r"\w", re.sub(r"{\w+}", "", sentence))}
        )
    for path in sorted((SOURCE / "web" / "templates").rglob("*.html")):
        found.update(dict.fromkeys(_template_sentences(path), path.name))
    for path in SCRIPTS:
        found.update(dict.fromkeys(_script_sentences(path), path.name))
    return found


@cache
def _catalogue() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for path in CATALOGUES:
        with path.open("rb") as file:
            found |= {str(message.id): str(message.string) for message in read_po(file, locale="ko") if message.id}
    return found


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_every_sentence_has_a_korean_translation() -> None:
    known = _catalogue()
    missing = {sentence: where for sentence, where in all_sentences().items() if not known.get(sentence)}
    assert not missing, "\n".join(f"{where}: {sentence}" for sentence, where in missing.items())


def test_many_sentences_are_found_so_that_the_test_above_tests_something() -> None:
    assert len(all_sentences()) > 200


def test_babel_finds_the_sentences_of_the_scripts() -> None:
    """Babel passes over an object inside a template literal, and over one sentence inside the call of another one."""
    by_search = {sentence for path in SCRIPTS for sentence in _script_sentences(path)}
    assert len(by_search) > 250
    assert by_search == set(script_sentences())


def test_every_sentence_of_a_script_is_a_literal_in_its_call() -> None:
    names = re.compile(r"(?<!function )\b(?:text\(|counted\()(?!\s*\")[^)]*")
    computed = {f"{path.name}: {found}" for path in SCRIPTS for found in names.findall(path.read_text("utf-8"))}
    assert computed == {"text.js: text(chosen, { count: whole(count"}


def test_a_page_carries_the_sentences_of_its_scripts(client: TestClient) -> None:
    carried = re.compile(r'<script id="page-data" type="application/json">(.*?)</script>')
    (korean,) = carried.findall(client.get("/", headers={"Accept-Language": "ko"}).text)
    assert json.loads(korean)["texts"]["Check"] == "판정"
    (english,) = carried.findall(client.get("/", headers={"Accept-Language": "en"}).text)
    assert json.loads(english)["texts"] == {}


def test_the_catalogue_holds_no_sentence_that_is_gone() -> None:
    gone = set(_catalogue()) - set(all_sentences())
    assert not gone, "\n".join(sorted(gone))


def test_a_translation_has_the_places_of_its_sentence() -> None:
    other = [english for english, korean in _catalogue().items() if _places(korean) != _places(english)]
    assert other == []


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        (None, "", "en"),
        (None, "ko", "ko"),
        (None, "ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        (None, "en-US,ko;q=0.9", "en"),
        (None, "fr, ko;q=0.5, en;q=0.4", "ko"),
        (None, "ko;q=0, en;q=0.1", "en"),
        (None, "ko;q=nonsense", "en"),
        ("en", "ko", "en"),
        ("ko", "en", "ko"),
        ("xx", "ko", "ko"),
    ],
)
def test_the_language_is_the_switch_s_then_the_browser_s(cookie: str | None, accept: str, language: str) -> None:
    assert choose_language(cookie, accept) == language


def test_korean_is_spoken() -> None:
    assert Translator("ko")("Check") == "판정"
    assert Translator("en")("Check") == "Check"
    assert Translator("ko")("") == ""


def test_korean_instructions_keep_one_tone() -> None:
    """Instructions end in 하십시오; 하세요 beside it reads as if two people had written the page."""
    mixed = [korean for korean in _catalogue().values() if "세요" in korean]
    assert mixed == []
