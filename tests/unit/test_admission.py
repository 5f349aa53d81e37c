"""The line before the networks: order, numbers, bound, and who leaves it."""

import threading
import time

import pytest

from leukapp.admission import Admission
from leukapp.errors import BusyError


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_first_come_first_served_with_falling_positions():
    admission = Admission()
    served, positions = [], {number: [] for number in range(4)}

    def visit(number):
        with admission.enter(positions[number].append):
            served.append(number)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(4)]
    with admission.enter():
        for number, thread in enumerate(threads):
            thread.start()
            wait_until(lambda expected=number: positions[expected] == [expected + 1])
        assert admission.n_waiting == 4
    for thread in threads:
        thread.join(10)
    assert served == [0, 1, 2, 3]
    assert all(told == sorted(told, reverse=True) for told in positions.values())
    assert admission.n_waiting == 0


def test_a_full_line_turns_away_and_serves_again_later():
    admission = Admission(max_waiting=1)
    inside = threading.Event()
    waiter = threading.Thread(target=lambda: admission.enter().__enter__())
    with admission.enter():
        waiter.start()
        wait_until(lambda: admission.n_waiting == 1)
        with pytest.raises(BusyError, match=r"1 images wait already; try again in a minute\."):
            admission.enter(lambda _: inside.set()).__enter__()
    waiter.join(10)
    assert not inside.is_set()
    assert admission.n_waiting == 0


def test_who_leaves_the_line_holds_nobody_up():
    admission = Admission()

    def leave(_position):
        raise KeyboardInterrupt

    with admission.enter():
        with pytest.raises(KeyboardInterrupt):
            admission.enter(leave).__enter__()
        assert admission.n_waiting == 0
    with admission.enter():
        pass


def test_an_error_inside_gives_the_place_back():
    admission = Admission()
    with pytest.raises(ValueError, match="inside"), admission.enter():
        raise ValueError("inside")
    with admission.enter():
        pass


def test_never_more_inside_than_places():
    admission = Admission(3)
    inside, most = [], []

    def visit():
        with admission.enter():
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.002)
            inside.pop()

    threads = [threading.Thread(target=visit) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 40
    assert 1 < max(most) <= 3
