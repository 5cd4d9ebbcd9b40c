"""How fast webhooks are told while requests come in."""

from __future__ import annotations

from testamur.delivery.pace import Pace


class Worker:
    """A worker's clock and how many requests it began to answer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.requests = 0.0
        self.pace = Pace(lambda: int(self.requests), lambda: self.now)

    def tell(self, seconds: float, rate: float, post_seconds: float = 0.0004) -> int:
        """How many posts get their turn while requests come at a rate."""
        until, posts = self.now + seconds, 0
        while self.now < until:
            took = self.pace.wait() + post_seconds
            self.now += took
            self.requests += took * rate
            posts += 1
        return posts


def test_a_worker_with_little_to_answer_tells_as_fast_as_it_can() -> None:
    assert Worker().tell(2, 0) >= 5000
    assert Worker().tell(2, 150) >= 5000


def test_a_busy_worker_tells_one_event_for_so_many_requests_and_never_none() -> None:
    worker = Worker()
    worker.tell(1, 5000)
    assert 380 <= worker.tell(2, 5000) <= 420
    assert 40 <= worker.tell(2, 600) <= 80


def test_when_the_requests_cease_nothing_holds_back() -> None:
    worker = Worker()
    worker.tell(2, 5000)
    assert worker.tell(2, 0) >= 4500
