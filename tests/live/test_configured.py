"""The file of live sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.fab import Heard, kept_rows, live_frame, until
from waferwatch.errors import InputError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.service import LiveOffError, LiveService
from waferwatch.live.sources.configured import KeptContext, read_sources
from waferwatch.settings import Settings
from waferwatch.store.store import Store

EVERY = """
[[sources]]
kind = "folder"
name = "etcher"
folder = "{folder}"
monitor = "etch"
settle_s = 0

[[sources]]
kind = "mqtt"
name = "line"
host = "127.0.0.1"
port = 9
topic = "fab/{{equipment}}/{{sensor}}"

[[sources]]
kind = "kafka"
name = "bus"
servers = "127.0.0.1:9"
topic = "rows"

[[sources]]
kind = "secs"
name = "gem"
equipment = "ETCH-01"
host = "127.0.0.1"
port = 9
[sources.sensors]
1001 = "pressure_mTorr"
[sources.events.300]
301 = "lot"
"""


def test_the_server_reads_the_sources_of_the_file_and_one_that_is_away_stops_no_other(
    settings: Settings, store: Store, heard: Heard, tmp_path: Path
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    live_frame(40).to_csv(folder / "a.csv", index=False)
    path = tmp_path / "sources.toml"
    path.write_text(EVERY.format(folder=folder))
    assert {one.kind for one in read_sources(path).sources} == {"folder", "mqtt", "kafka", "secs"}
    service = LiveService(settings.model_copy(update={"live_sources": str(path)}), store, heard)
    service.start()
    until(lambda: len(kept_rows(service.parts.database)) == 40, "the rows of the file")
    until(lambda: bool(heard.blocks), "early scores")
    service.stop()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[[sources]", "cannot be read"),
        ('[[sources]]\nkind = "fax"\nname = "a"', "kind"),
        ('[[sources]]\nkind = "mqtt"\nname = "a"\nhost = "h"\ntopic = "t"\nport = 0', "port"),
        ('[[sources]]\nkind = "kafka"\nname = "a"\nservers = "s"\ntopic = "t"\n' * 2, "named a"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=said):
        read_sources(path)


def test_a_server_with_a_bad_file_works_but_for_live_data_and_says_why(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    service = LiveService(settings.model_copy(update={"live_sources": str(tmp_path / "nothing.toml")}), store, Heard())
    service.try_start()
    with pytest.raises(LiveOffError, match="nothing"):
        _ = service.parts
    again = LiveService(settings, store, Heard())
    again.start()  # nothing holds the data folder
    again.stop()


def test_what_an_equipment_said_last_outlives_a_restart(tmp_path: Path) -> None:
    database = LiveDatabase(tmp_path / "live.sqlite")
    assert KeptContext(database, "gem").read() == {}
    KeptContext(database, "gem").keep({"lot": "L1", "wafer": "3"})
    assert KeptContext(database, "gem").read() == {"lot": "L1", "wafer": "3"}
    database.close()
