"""The threads that run the jobs."""

from __future__ import annotations

import threading

from leadfit.errors import StoreBusy
from leadfit.jobs import Loops


def test_a_woken_round_begins_at_once() -> None:
    begun = threading.Semaphore(0)

    def work(_limit: int) -> int:
        begun.release()
        return 0

    loops = Loops(work=work)
    loops.start()
    assert begun.acquire(timeout=5)
    loops.wake("work")
    assert begun.acquire(timeout=5)
    loops.stop()


def test_a_round_that_found_work_is_followed_by_the_next() -> None:
    left = [3, 2, 1, 0]
    done = threading.Event()

    def work(_limit: int) -> int:
        if not left:
            return 0
        found = left.pop(0)
        if not left:
            done.set()
        return found

    loops = Loops(work=work)
    loops.start()
    assert done.wait(5)
    loops.stop()


def test_a_round_that_fails_does_not_end_the_thread_or_another() -> None:
    failed, other = threading.Event(), threading.Event()

    def fail(_limit: int) -> int:
        failed.set()
        raise StoreBusy("on purpose")

    def work(_limit: int) -> int:
        if failed.is_set():
            other.set()
        return 0

    loops = Loops(bad=fail, good=work)
    loops.start()
    assert failed.wait(5)
    assert other.wait(5)
    loops.stop()
