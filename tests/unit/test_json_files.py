import json
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from leukapp.json_files import from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    counts: NDArray[np.int64]
    limits: NDArray[np.float64]
    names: tuple[str, ...] = ()


def test_arrays_are_written_as_lists_and_read_as_arrays_that_cannot_be_changed():
    text = to_json(Figures(counts=np.eye(2, dtype=np.int64), limits=np.array([np.inf, 0.5])))
    assert json.loads(text) == {"counts": [[1, 0], [0, 1]], "limits": [None, 0.5], "names": []}
    read = from_json(Figures, text.replace("null", "1"))
    assert read.counts.tolist() == [[1, 0], [0, 1]]
    assert (read.counts.dtype, read.limits.dtype) == (np.int64, np.float64)
    assert not read.counts.flags.writeable


def test_a_missing_number_is_never_written():
    with pytest.raises(ValueError, match="nan"):
        to_json(Figures(counts=np.zeros(1, np.int64), limits=np.array([np.nan])))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"counts": [0.5], "limits": []}', r"^counts: expected an array of int64, got float64$"),
        ('{"counts": [1], "limits": ["a"]}', r"^limits: expected an array of float64"),
        ('{"counts": [1], "limits": [1], "names": [3]}', r"^names\[0\]: expected str, got int$"),
        ('{"counts": [1]}', r"^object missing required field limits$"),
        ("[" * 100_000, "expected object, got array"),
    ],
)
def test_a_fault_is_one_line_that_names_the_field(text, told):
    with pytest.raises(ValueError, match=told):
        from_json(Figures, text)
