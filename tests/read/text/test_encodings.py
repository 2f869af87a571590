"""The encoding of a text is found by its letters."""

from __future__ import annotations

import io

import pytest

from waferwatch.read.text.encodings import collect_evidence, decide, is_binary, marked_encoding

NUMBERS = b"1.5,2.5,3.5\n" * 60


def found(text: str, encoding: str) -> str | None:
    return decide(collect_evidence(io.BytesIO(text.encode(encoding) + b"\n" + NUMBERS).read))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("시간,챔버압력,온도", "cp949"),
        ("뚜껑 열림,색깔,펌프", "cp949"),
        ("时间,腔体压力,功率", "gb18030"),
        ("湿度,浓度,真空计,加热", "gb18030"),
        ("時刻,圧力,温度", "cp932"),
        ("ヒーター,湿度,真空", "cp932"),
        ("時間,溫度,壓力", "big5"),
        ("Druck µbar;Temp °C", "cp1252"),
        ("Größe;Länge;Naïve", "cp1252"),
        ("Débit;Température;Réglé", "cp1252"),
    ],
)
def test_the_encoding_of_names_is_found(text: str, encoding: str) -> None:
    assert found(text, encoding) == encoding


def test_a_few_damaged_bytes_in_utf8_do_not_make_it_another_encoding() -> None:
    content = ("시간,압력,온도\n" * 3).encode() + b"1.5,\xfe\xff,2.5\n" + NUMBERS
    assert decide(collect_evidence(io.BytesIO(content).read)) == "utf-8"


def test_utf16_without_a_mark_is_known_by_its_zeros() -> None:
    text = "time,p\n0,1.5\n" * 20
    assert marked_encoding(text.encode("utf-16-le")) == "utf-16-le"
    assert marked_encoding(text.encode("utf-16-be")) == "utf-16-be"
    assert marked_encoding(text.encode()) is None


def test_zeros_of_a_power_loss_are_no_binary_file_but_an_image_is() -> None:
    assert not is_binary(NUMBERS + b"\0" * 200 + NUMBERS)
    assert is_binary(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(32)) * 8)
