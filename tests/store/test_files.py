"""Files appear whole, whoever writes them at the same moment."""

from __future__ import annotations

import threading
from pathlib import Path

from waferwatch.store.disk.files import put, sha256_of


def test_threads_that_write_one_file_at_once_leave_one_of_them_whole(tmp_path: Path) -> None:
    target = tmp_path / "table-1.parquet"
    contents = [bytes([number]) * 500_000 for number in range(8)]
    barrier = threading.Barrier(len(contents))
    faults: list[BaseException] = []

    def write(content: bytes) -> None:
        try:
            barrier.wait(10)
            for _ in range(5):
                put(target, lambda file: file.writelines(content[at : at + 1000] for at in range(0, 500_000, 1000)))
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert target.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [target]


def test_what_was_written_is_reported_with_its_checksum(tmp_path: Path) -> None:
    written = put(tmp_path / "a", lambda file: file.write(b"abc"))
    assert written.sha256 == sha256_of(tmp_path / "a")
    assert written.stamp[2] == 3
