"""What a call sets for the whole process is as it was once the call has ended."""

import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from networks import write_tiny_bundle
from threadpoolctl import threadpool_info, threadpool_limits

from leukapp.diagnosis import Diagnoser
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.model.bundle import Bundle
from leukapp.process_threads import one_blas_thread, one_opencv_thread


def thread_counts() -> tuple[int, ...]:
    blas = (lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas")
    return (cv2.getNumThreads(), *blas)


@pytest.fixture(autouse=True)
def _three_threads() -> Iterator[None]:
    """A number that nothing here would choose by itself."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    with threadpool_limits(limits=3, user_api="blas"):
        yield
    cv2.setNumThreads(before)


@pytest.mark.parametrize("scope", [one_blas_thread(), one_opencv_thread()])
def test_the_last_of_several_threads_restores_the_number(scope) -> None:
    before = thread_counts()
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with scope:
            entered.set()
            leave.wait()

    other = threading.Thread(target=stay)
    with scope:
        other.start()
        entered.wait()
        within = thread_counts()
    still_within = thread_counts()
    leave.set()
    other.join()
    assert 1 in within
    assert still_within == within
    assert thread_counts() == before


def test_an_error_restores_the_number() -> None:
    before = thread_counts()
    with pytest.raises(ZeroDivisionError), one_blas_thread(), one_opencv_thread():
        _ = 1 / 0
    assert thread_counts() == before


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.mark.keras
def test_a_diagnosis_leaves_the_process_as_it_was(bundle: Bundle, encode_png) -> None:
    image = encode_png(draw_synthetic_cell("lymphoblast", seed=1))
    diagnoser = Diagnoser.open(bundle.folder)
    before = thread_counts()
    diagnosis = diagnoser.diagnose(image)
    diagnoser.explain(diagnosis, "AML")
    assert thread_counts() == before

    assert len(list(diagnoser.diagnose_many([image] * 3))) == 3
    assert thread_counts() == before

    answers = diagnoser.diagnose_many([image] * 9)
    next(iter(answers))
    answers.close()  # type: ignore[attr-defined]
    assert thread_counts() == before


@pytest.mark.keras
def test_many_at_once_explain_alike_whatever_the_number_was(bundle: Bundle, encode_png) -> None:
    image = encode_png(draw_synthetic_cell("lymphoblast", seed=1))
    diagnoser = Diagnoser.open(bundle.folder)
    first = diagnoser.diagnose(image)
    with threadpool_limits(limits=1, user_api="blas"):
        second = diagnoser.diagnose(image)
    for one, other in zip(first.heatmaps, second.heatmaps, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
