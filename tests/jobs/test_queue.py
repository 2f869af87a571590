"""The queue: order, place, progress, cancel, stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from waferwatch.errors import Cancelled
from waferwatch.jobs.queue import Job, Queue
from waferwatch.models.contract import Progress

WAIT_S = 10


class Log:
    """What happened, and jobs that wait until they are let go."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.let_go = threading.Event()
        self.begun = threading.Event()

    def waiting(self, name: str) -> Job:
        def work(progress: Progress) -> None:
            self.begun.set()
            try:
                while not self.let_go.wait(0.01):
                    progress(0.5)
                progress(1.0)
                self.lines.append(f"{name} done")
            except Cancelled:
                self.lines.append(f"{name} stopped")

        return Job(name, work)

    def ended(self, name: str) -> None:
        self.lines.append(f"{name} never began")


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def queue(log: Log) -> Iterator[Queue]:
    made = Queue(1, log.ended)
    made.start()
    yield made
    made.stop()
    made.join(WAIT_S)


def put_all(queue: Queue, make: Callable[[str], Job], names: str) -> list[Job]:
    jobs = [make(name) for name in names]
    for job in jobs:
        queue.put(job)
    return jobs


def test_jobs_are_worked_off_one_at_a_time_in_the_order_in_which_they_came(queue: Queue, log: Log) -> None:
    jobs = put_all(queue, log.waiting, "abc")
    log.begun.wait(WAIT_S)
    assert [queue.place(name) for name in "abc"] == [None, 1, 2]
    log.let_go.set()
    for job in jobs:
        job.done.result(WAIT_S)
    assert log.lines == ["a done", "b done", "c done"]
    assert queue.jobs() == []


def test_a_running_job_stops_at_its_next_step_and_the_next_one_begins(queue: Queue, log: Log) -> None:
    first, second = put_all(queue, log.waiting, "ab")
    log.begun.wait(WAIT_S)
    assert queue.cancel("a")
    first.done.result(WAIT_S)
    log.let_go.set()
    second.done.result(WAIT_S)
    assert log.lines == ["a stopped", "b done"]


def test_a_waiting_job_is_cancelled_at_once_and_never_begins(queue: Queue, log: Log) -> None:
    first, second = put_all(queue, log.waiting, "ab")
    log.begun.wait(WAIT_S)
    assert queue.cancel("b")
    second.done.result(0)
    assert log.lines == ["b never began"]
    assert not queue.cancel("b")
    log.let_go.set()
    first.done.result(WAIT_S)


def test_a_job_that_raises_does_not_end_the_worker(queue: Queue, log: Log) -> None:
    def broken(_progress: Progress) -> None:
        raise ValueError("a fault that no job should let out")

    job = Job("x", broken)
    queue.put(job)
    job.done.result(WAIT_S)
    after = log.waiting("after")
    log.let_go.set()
    queue.put(after)
    after.done.result(WAIT_S)
    assert log.lines == ["after done"]


def test_a_stopped_queue_ends_its_jobs_and_takes_no_more(queue: Queue, log: Log) -> None:
    first, second = put_all(queue, log.waiting, "ab")
    log.begun.wait(WAIT_S)
    queue.stop()
    first.done.result(WAIT_S)
    second.done.result(WAIT_S)
    assert "a stopped" in log.lines
    with pytest.raises(Cancelled):
        queue.put(log.waiting("c"))


def test_progress_never_goes_back(log: Log) -> None:
    seen = []

    def work(progress: Progress) -> None:
        for share in (0.2, 0.6, 0.4, 3.0):
            progress(share)
            seen.append(job.progress)

    job = Job("x", work)
    queue = Queue(1, log.ended)
    queue.start()
    queue.put(job)
    job.done.result(WAIT_S)
    assert seen == [0.2, 0.6, 0.6, 1.0]
    queue.stop()
