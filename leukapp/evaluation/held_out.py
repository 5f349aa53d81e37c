"""Held-out predictions: one row an image, as a typed value and as a flat table on disk.

Columns of the table, CSV or Parquet: ``sample_id``, ``group``, ``groups_known``, ``source``,
``label``, ``protocol``, ``bundle_sha256``, one column ``p_<class>`` for each class of the bundle
(``p_ALL``, ``p_AML``, ``p_Healthy``; a bundle of two classes has two), then for each branch
``<branch>__p_<class>`` in the same order, then ``is_called`` and ``no_call_reason`` (empty where
there is a call). Where the bundle answers in two steps, ``finding`` (``Healthy``, ``leukemia``, or
empty for no call) and ``called_class`` (empty where none is named) follow; without them each call
is the most probable class. A ``label`` may also be ``other leukemia``: a leukemia that is no class
of the bundle. Truth values are written ``true`` and ``false``; ``protocol`` and
``bundle_sha256`` are the same in every row.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar, cast, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leukapp.data.readers.flat_table import TableError, parse_flat_table
from leukapp.errors import HeldOutError
from leukapp.inference.answers import NO_ANSWER, answered_labels
from leukapp.labels import (
    CLASS_NAMES,
    HEALTHY,
    LEUKEMIA,
    OTHER_LEUKEMIA,
    TYPE_NOT_DETERMINED,
    is_called_wrongly,
    name_answer,
    order_classes,
    split_answer,
)
from leukapp.spreadsheet import inert_table, restored_table

SplitProtocol: TypeAlias = Literal["grouped", "paper", "external"]
PROTOCOLS: Final[tuple[SplitProtocol, ...]] = get_args(SplitProtocol)

SUM_TOLERANCE: Final = 1e-3
MIN_CLASSES: Final = 2
MAX_NAMED: Final = 5
"""Unknown labels that are named; a table with another kind of label has one a row."""
BRANCH_SEPARATOR: Final = "__"
PROBABILITY_PREFIX: Final = "p_"
LEADING_COLUMNS: Final = (
    "sample_id",
    "group",
    "groups_known",
    "source",
    "label",
    "protocol",
    "bundle_sha256",
)
TRAILING_COLUMNS: Final = ("is_called", "no_call_reason")
ANSWER_COLUMNS: Final = ("finding", "called_class")
"""Columns of an answer in two steps; a table has both or neither."""
TRUTH_VALUES: Final = {"true": True, "false": False}

ScalarT = TypeVar("ScalarT", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchPredictions:
    """What one branch alone says of every image of a held-out set.

    Attributes:
        name: branch name, e.g. ``efficientnet_lite2``.
        probabilities: float64 (images, classes), 0-1, each row sums to 1 within 1e-3; read-only.
    """

    name: str
    probabilities: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", _read_only(self.probabilities, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOutSet:
    """Predictions on images that the bundle was not trained on (or, under ``paper``, leaked).

    Attributes:
        sample_ids: one a row, no two alike; under ``paper`` each augmented copy has its own.
        groups: patient, block of neighbouring images, or the image itself, one a row; may be
            empty only where groups are not known, and the row then stands as its own group.
        groups_known: bool (images,); False where the source names no patients or blocks.
        sources: data set or laboratory, one a row.
        true_labels: int64 (images,), position in ``class_names``, or the one behind the last for
            another leukemia; read-only.
        probabilities: calibrated, of the fused decision, float64 (images, classes), 0-1, each row
            sums to 1 within 1e-3; read-only.
        branches: each branch alone, in the order of the preset; may be empty.
        is_called: bool (images,); False where the answer was "no call".
        no_call_reasons: one plain sentence, or None, one a row.
        protocol: how the images were held out; ``paper`` leaks, ``external`` is another source.
        bundle_sha256: hash of the bundle's manifest, hexadecimal; may be empty before there is one.
        class_names: of the bundle, in the order of its probabilities; Healthy is one.
        answers: what was called, one a row: a class name, ``TYPE_NOT_DETERMINED``, or None for no
            call; None where each call is the most probable class.

    Raises:
        HeldOutError: the set is empty, or a value is not what is described here.
    """

    sample_ids: tuple[str, ...]
    groups: tuple[str, ...]
    groups_known: NDArray[np.bool_]
    sources: tuple[str, ...]
    true_labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    branches: tuple[BranchPredictions, ...]
    is_called: NDArray[np.bool_]
    no_call_reasons: tuple[str | None, ...]
    protocol: SplitProtocol
    bundle_sha256: str
    class_names: tuple[str, ...] = CLASS_NAMES
    answers: tuple[str | None, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups_known", _read_only(self.groups_known, np.bool_))
        object.__setattr__(self, "true_labels", _read_only(self.true_labels, np.int64))
        object.__setattr__(self, "probabilities", _read_only(self.probabilities, np.float64))
        object.__setattr__(self, "is_called", _read_only(self.is_called, np.bool_))
        _check_lengths(self)
        faults = list(_faults_of_identities(self))
        other = self.other_index
        if ((self.true_labels < 0) | (self.true_labels > other)).any():
            faults.append(
                f"True labels must be 0 to {other - 1}, or {other} for another leukemia; "
                "correct them."
            )
        faults += _faults_of_answers(self)
        columns = probability_columns(self.class_names)
        faults += _faults_of_probabilities(self.probabilities, self.sample_ids, columns)
        for branch in self.branches:
            faults += _faults_of_probabilities(
                branch.probabilities, self.sample_ids, _branch_columns(branch.name, columns)
            )
        if faults:
            raise HeldOutError(*faults)

    def __len__(self) -> int:
        return len(self.sample_ids)

    @property
    def source_names(self) -> tuple[str, ...]:
        """The distinct sources, sorted."""
        return tuple(sorted(set(self.sources)))

    @property
    def healthy_index(self) -> int:
        """Position of Healthy in ``class_names``; every other class is leukemia."""
        return self.class_names.index(HEALTHY)

    @property
    def other_index(self) -> int:
        """True label of a leukemia that is no class of the set."""
        return len(self.class_names)

    @property
    def true_names(self) -> tuple[str, ...]:
        """True class of each row, by its name."""
        names = (*self.class_names, OTHER_LEUKEMIA)
        return tuple(names[label] for label in self.true_labels)

    @property
    def of_known_classes(self) -> "HeldOutSet":
        """The rows whose true class is one of the set's.

        Raises:
            HeldOutError: there are none.
        """
        is_known = self.true_labels != self.other_index
        return self if is_known.all() else self.where(is_known)

    def asked_of(self, class_name: str) -> "HeldOutSet":
        """The rows that a question is asked of: all for leukemia, else those of known classes.

        Args:
            class_name: one of ``class_names``, or ``LEUKEMIA``.

        Raises:
            HeldOutError: there are none.
        """
        return self if class_name == LEUKEMIA else self.of_known_classes

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Whether the most probable class of each row is the true one, called or not.

        Of another leukemia no class is right; where one of the bundle's leukemias is the most
        probable, the first step is, and the row counts as right.
        """
        right: NDArray[np.bool_] = np.where(
            self.true_labels == self.other_index,
            self.is_leukemia_likeliest,
            self.predicted_labels == self.true_labels,
        )
        return right

    @property
    def is_leukemia_likeliest(self) -> NDArray[np.bool_]:
        """Whether the most probable class of each row is a leukemia, called or not."""
        predicted = self.predicted_labels
        return np.asarray((predicted != self.healthy_index) & (predicted != NO_ANSWER), np.bool_)

    @property
    def is_called_leukemia(self) -> NDArray[np.bool_]:
        """Which rows are called leukemia, whether or not its type is named, bool (images,)."""
        if self.answers is not None:
            return np.array([split_answer(name)[0] == LEUKEMIA for name in self.answers], np.bool_)
        return np.asarray(self.is_called & self.is_leukemia_likeliest, np.bool_)

    @property
    def is_wrong_call(self) -> NDArray[np.bool_]:
        """Which rows are called wrongly, bool (images,).

        Healthy for a leukemia, leukemia for a healthy image, or a type that is not the true one; a
        leukemia whose type is left open is right for every leukemia.
        """
        if self.answers is None:
            return np.asarray(
                self.is_called & (self.predicted_labels != self.true_labels), np.bool_
            )
        return np.array(
            [
                is_called_wrongly(name, true)
                for name, true in zip(self.answers, self.true_names, strict=True)
            ],
            np.bool_,
        )

    @property
    def predicted_labels(self) -> NDArray[np.int64]:
        """Most probable class of each row whether called or not; see ``answered_labels``."""
        return answered_labels(self.probabilities)

    @property
    def independent_groups(self) -> NDArray[np.int64]:
        """Number of the group each row belongs to, int64 (images,), from 0.

        Groups of one name in two sources are two groups; a row without a group is its own.
        """
        keys = [
            (source, "group", group) if group else (source, "image", sample_id)
            for source, group, sample_id in zip(
                self.sources, self.groups, self.sample_ids, strict=True
            )
        ]
        number = {key: index for index, key in enumerate(sorted(set(keys)))}
        return np.array([number[key] for key in keys], np.int64)

    def of_branch(self, name: str) -> "HeldOutSet":
        """The same rows as one branch alone answers them; calls stay those of the bundle.

        Args:
            name: of the branch.

        Raises:
            KeyError: there is no such branch.
        """
        probabilities = {branch.name: branch.probabilities for branch in self.branches}[name]
        return replace(self, probabilities=probabilities, branches=(), answers=None)

    def where(self, mask: NDArray[np.bool_]) -> "HeldOutSet":
        """The rows that a mask keeps, in the same order.

        Args:
            mask: bool (images,).

        Raises:
            HeldOutError: the mask keeps no row.
        """
        return self.at(np.flatnonzero(mask))

    def at(self, rows: NDArray[np.int64]) -> "HeldOutSet":
        """Some rows, in the order that is asked for.

        Args:
            rows: their numbers from 0, int64 (images,), none twice.

        Raises:
            HeldOutError: there is no row.
        """
        return replace(
            self,
            sample_ids=tuple(self.sample_ids[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            groups_known=self.groups_known[rows],
            sources=tuple(self.sources[row] for row in rows),
            true_labels=self.true_labels[rows],
            probabilities=self.probabilities[rows],
            branches=tuple(
                BranchPredictions(name=branch.name, probabilities=branch.probabilities[rows])
                for branch in self.branches
            ),
            is_called=self.is_called[rows],
            no_call_reasons=tuple(self.no_call_reasons[row] for row in rows),
            answers=None if self.answers is None else tuple(self.answers[row] for row in rows),
        )

    def of_source(self, source: str) -> "HeldOutSet":
        """The rows of one source.

        Raises:
            HeldOutError: there are none.
        """
        return self.where(np.array([name == source for name in self.sources]))


def write_held_out(held_out: HeldOutSet, path: Path) -> None:
    """Write a held-out set as a flat table; the columns are at the top of this file.

    Args:
        held_out: the set.
        path: ends in ``.csv`` or ``.parquet``; its folder exists.

    Raises:
        HeldOutError: the name ends otherwise, or the file cannot be written.
    """
    columns: dict[str, object] = {
        "sample_id": held_out.sample_ids,
        "group": held_out.groups,
        "groups_known": [str(bool(known)).lower() for known in held_out.groups_known],
        "source": held_out.sources,
        "label": held_out.true_names,
        "protocol": [held_out.protocol] * len(held_out),
        "bundle_sha256": [held_out.bundle_sha256] * len(held_out),
    }
    of_classes = probability_columns(held_out.class_names)
    columns |= dict(zip(of_classes, held_out.probabilities.T, strict=True))
    for branch in held_out.branches:
        of_branch = _branch_columns(branch.name, of_classes)
        columns |= dict(zip(of_branch, branch.probabilities.T, strict=True))
    columns["is_called"] = [str(bool(called)).lower() for called in held_out.is_called]
    columns["no_call_reason"] = [reason or "" for reason in held_out.no_call_reasons]
    if held_out.answers is not None:
        for column, values in zip(
            ANSWER_COLUMNS, zip(*map(split_answer, held_out.answers), strict=True), strict=True
        ):
            columns[column] = [value or "" for value in values]
    table = pd.DataFrame(columns)
    suffix = _table_suffix(path)
    try:
        if suffix == ".csv":
            inert_table(table).to_csv(path, index=False, lineterminator="\n")
        else:
            table.to_parquet(path, index=False)
    except OSError as error:
        raise HeldOutError(
            f"{path.name} cannot be written; check that its folder exists and is writable."
        ) from error


def read_held_out(path: Path) -> HeldOutSet:
    """Read a held-out table; the columns are at the top of this file.

    Args:
        path: ends in ``.csv`` or ``.parquet``.

    Raises:
        HeldOutError: the file cannot be read or is not in the documented format.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HeldOutError(
            f"{path.name} cannot be read as a held-out table; check the path and the file."
        ) from error
    return parse_held_out(data, path.name)


def parse_held_out(data: bytes, name: str) -> HeldOutSet:
    """Read a held-out table from its bytes, for instance an uploaded one.

    Args:
        data: the file's bytes, of any origin.
        name: file name, ends in ``.csv`` or ``.parquet``; only its ending is relied on.

    Raises:
        HeldOutError: the bytes are not a table in the documented format.
    """
    table = _parse_table(data, name)
    class_names, branch_names = _names_in_columns(table)
    of_classes = probability_columns(class_names)
    of_branches = [_branch_columns(branch, of_classes) for branch in branch_names]
    faults = list(_faults_of_columns(table, name, class_names, of_branches))
    if faults:
        raise HeldOutError(*faults)
    labels = (*class_names, OTHER_LEUKEMIA)
    return HeldOutSet(
        sample_ids=_texts(table, "sample_id"),
        groups=_texts(table, "group"),
        groups_known=_truths(table, "groups_known"),
        sources=_texts(table, "source"),
        true_labels=np.array([labels.index(label) for label in _texts(table, "label")], np.int64),
        probabilities=_numbers(table, of_classes),
        branches=tuple(
            BranchPredictions(name=branch, probabilities=_numbers(table, columns))
            for branch, columns in zip(branch_names, of_branches, strict=True)
        ),
        is_called=_truths(table, "is_called"),
        no_call_reasons=tuple(reason or None for reason in _texts(table, "no_call_reason")),
        protocol=cast("SplitProtocol", _only_value(table, "protocol")),
        bundle_sha256=_only_value(table, "bundle_sha256"),
        class_names=class_names,
        answers=_answers(table) if ANSWER_COLUMNS[0] in table else None,
    )


def _faults_of_columns(
    table: pd.DataFrame,
    name: str,
    class_names: tuple[str, ...],
    of_branches: list[tuple[str, ...]],
) -> Iterator[str]:
    """Everything that keeps a table from being read, column by column."""
    of_classes = probability_columns(class_names)
    needed = dict.fromkeys([*LEADING_COLUMNS, *of_classes, *TRAILING_COLUMNS])
    needed |= dict.fromkeys(column for columns in of_branches for column in columns)
    if any(column in table for column in ANSWER_COLUMNS):
        needed |= dict.fromkeys(ANSWER_COLUMNS)
    missing = [column for column in needed if column not in table.columns]
    if len(missing) == 1:
        yield f"Column {missing[0]} is missing from {name}; add it."
    elif missing:
        yield f"Columns {', '.join(missing)} are missing from {name}; add them."
    if table.empty:
        yield f"{name} holds no images; write at least one row."
        return
    yield from _faults_of_texts(table, name, class_names)
    if all(column in table for column in ANSWER_COLUMNS):
        yield from _faults_raised(partial(_answers, table))
    for columns in (of_classes, *of_branches):
        if set(columns).isdisjoint(missing):
            yield from _faults_of_numbers(table, columns)


def _faults_of_texts(table: pd.DataFrame, name: str, class_names: tuple[str, ...]) -> Iterator[str]:
    """What is wrong in the columns of text that are there."""
    if "label" in table:
        unknown = sorted(set(_texts(table, "label")) - {*class_names, OTHER_LEUKEMIA})
        named = ", ".join(repr(label) for label in unknown[:MAX_NAMED])
        use = f"use {', '.join(class_names)}."
        if len(unknown) == 1:
            yield f"Label {named} in {name} is not known; {use}"
        elif unknown:
            yield f"{len(unknown)} labels in {name} are not known, such as {named}; {use}"
    if {"sample_id", "source"} <= set(table.columns):
        yield from _faults_of_rows(_texts(table, "sample_id"), _texts(table, "source"))
    unreadable = {
        column: _faults_raised(partial(read, table, column))
        for column, read in _READERS.items()
        if column in table
    }
    for faults in unreadable.values():
        yield from faults
    if unreadable.get("protocol") == ():
        yield from _faults_of_protocol(_only_value(table, "protocol"))
    if unreadable.get("groups_known") == () and {"sample_id", "group"} <= set(table.columns):
        known = _truths(table, "groups_known")
        yield from _faults_of_groups(_texts(table, "sample_id"), _texts(table, "group"), known)


def _faults_of_numbers(table: pd.DataFrame, columns: tuple[str, ...]) -> Iterator[str]:
    """What is wrong in the probabilities of the fused decision or of a branch."""
    unreadable = _faults_raised(partial(_numbers, table, columns))
    yield from unreadable
    if not unreadable and "sample_id" in table:
        sample_ids = _texts(table, "sample_id")
        yield from _faults_of_probabilities(_numbers(table, columns), sample_ids, columns)


def _faults_raised(read: Callable[[], object]) -> tuple[str, ...]:
    """What is wrong according to a reader of a column."""
    try:
        read()
    except HeldOutError as error:
        return error.faults
    return ()


def _parse_table(data: bytes, name: str) -> pd.DataFrame:
    """The bytes as a table; every cell of a CSV stays text."""
    suffix = _table_suffix(Path(name))
    try:
        table = parse_flat_table(data, is_parquet=suffix == ".parquet")
    except TableError as error:
        raise HeldOutError(
            f"{name} cannot be read as a held-out table; check the path and the file."
        ) from error
    return restored_table(table) if suffix == ".csv" else table


def _table_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".parquet"}:
        raise HeldOutError(f"{path.name} is neither .csv nor .parquet; rename or convert it.")
    return suffix


def _names_in_columns(table: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Classes and branches that the columns name; a class of any column is needed in all."""
    classes = {HEALTHY}
    branches: dict[str, None] = {}
    for column in map(str, table.columns):
        branch, separator, rest = column.rpartition(BRANCH_SEPARATOR)
        class_name = rest.removeprefix(PROBABILITY_PREFIX)
        if rest.startswith(PROBABILITY_PREFIX) and class_name in CLASS_NAMES:
            classes.add(class_name)
            if separator:
                branches[branch] = None
    return order_classes(classes), tuple(branches)


def probability_columns(class_names: tuple[str, ...]) -> tuple[str, ...]:
    """Columns of the fused decision in a held-out table, one a class."""
    return tuple(PROBABILITY_PREFIX + class_name for class_name in class_names)


def _branch_columns(branch_name: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{branch_name}{BRANCH_SEPARATOR}{column}" for column in columns)


def _texts(table: pd.DataFrame, column: str) -> tuple[str, ...]:
    """A column as text; a missing value becomes the empty text."""
    return tuple("" if pd.isna(value) else str(value) for value in table[column])


def _truths(table: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    texts = [text.lower() for text in _texts(table, column)]
    wrong = sorted(set(texts) - set(TRUTH_VALUES))
    if wrong:
        raise HeldOutError(f"Column {column} holds {wrong[0]!r}; write true or false.")
    return np.array([TRUTH_VALUES[text] for text in texts], np.bool_)


def _answers(table: pd.DataFrame) -> tuple[str | None, ...]:
    """What was called, of the two columns of an answer in two steps."""
    findings, classes = (
        [text or None for text in _texts(table, column)] for column in ANSWER_COLUMNS
    )
    names = tuple(name_answer(*pair) for pair in zip(findings, classes, strict=True))
    for row, name in enumerate(names):
        if split_answer(name) != (findings[row], classes[row]):
            raise HeldOutError(
                f"Row {row + 1} has the finding {findings[row] or ''!r} and the called_class "
                f"{classes[row] or ''!r}, which do not go together; write {HEALTHY} with "
                f"{HEALTHY}, {LEUKEMIA} with a leukemia or with nothing, or leave both empty for "
                "no call."
            )
    return names


def _numbers(table: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.float64]:
    """Columns as float64 (images, columns)."""
    try:
        return np.stack([table[column].to_numpy(np.float64) for column in columns], axis=1)
    except (TypeError, ValueError) as error:
        raise HeldOutError(
            f"Columns {columns[0]} to {columns[-1]} must hold numbers; correct the rows."
        ) from error


def _only_value(table: pd.DataFrame, column: str) -> str:
    values = sorted(set(_texts(table, column)))
    if len(values) > 1:
        raise HeldOutError(
            f"Column {column} holds {len(values)} values, such as {values[0]!r} and {values[1]!r}; "
            "write one table for each."
        )
    return values[0]


_READERS: Final[Mapping[str, Callable[[pd.DataFrame, str], object]]] = {
    "groups_known": _truths,
    "is_called": _truths,
    "protocol": _only_value,
    "bundle_sha256": _only_value,
}
"""How columns are read that not every text can stand in."""


def _check_lengths(held_out: HeldOutSet) -> None:
    n_images = len(held_out.sample_ids)
    if n_images == 0:
        raise HeldOutError("The held-out set holds no images; choose rows or write some.")
    n_classes = len(held_out.class_names)
    if n_classes < MIN_CLASSES or HEALTHY not in held_out.class_names:
        raise HeldOutError(
            f"The classes are {', '.join(held_out.class_names)}; there must be {HEALTHY} and "
            "another, each with a column of probabilities."
        )
    if held_out.probabilities.shape != (n_images, n_classes) or any(
        branch.probabilities.shape != held_out.probabilities.shape for branch in held_out.branches
    ):
        raise HeldOutError(
            f"Probabilities must have {n_images} rows and {n_classes} columns; correct them."
        )
    lengths = {
        "groups": len(held_out.groups),
        "groups_known": len(held_out.groups_known),
        "sources": len(held_out.sources),
        "true_labels": len(held_out.true_labels),
        "is_called": len(held_out.is_called),
        "no_call_reasons": len(held_out.no_call_reasons),
    }
    if held_out.answers is not None:
        lengths["answers"] = len(held_out.answers)
    wrong = [name for name, length in lengths.items() if length != n_images]
    if wrong:
        raise HeldOutError(
            f"{wrong[0]} must hold one value for each of the {n_images} images; "
            f"it holds {lengths[wrong[0]]}."
        )


def _faults_of_answers(held_out: HeldOutSet) -> Iterator[str]:
    """Answers that are no class of the set, and those that ``is_called`` denies."""
    if held_out.answers is None:
        return
    known = {*held_out.class_names, TYPE_NOT_DETERMINED, None}
    unknown = sorted({str(name) for name in held_out.answers if name not in known})
    if unknown:
        yield f"The answer {unknown[0]!r} is not known; use {', '.join(held_out.class_names)}."
    denied = [
        sample_id
        for sample_id, name, called in zip(
            held_out.sample_ids, held_out.answers, held_out.is_called, strict=True
        )
        if (name is not None) != called
    ]
    if denied:
        yield (
            f"{_first_of(denied)} has a finding where is_called is false, or none where it is "
            "true; correct one of them."
        )


def _faults_of_identities(held_out: HeldOutSet) -> Iterator[str]:
    """What is wrong with protocol, ids, groups and branch names."""
    yield from _faults_of_protocol(held_out.protocol)
    yield from _faults_of_rows(held_out.sample_ids, held_out.sources)
    yield from _faults_of_groups(held_out.sample_ids, held_out.groups, held_out.groups_known)
    names = [branch.name for branch in held_out.branches]
    if len(set(names)) != len(names) or not all(names):
        yield "Two branches have one name, or one has none; name each differently."


def _faults_of_rows(sample_ids: tuple[str, ...], sources: tuple[str, ...]) -> Iterator[str]:
    """Empty names, and images that stand more than once."""
    if not all(sample_ids) or not all(sources):
        yield "A row has an empty sample_id or source; fill in both."
    repeated = [name for name, count in Counter(sample_ids).items() if count > 1]
    if repeated:
        yield (
            f"{len(repeated)} sample ids stand more than once, first {repeated[0]!r}; "
            "list each image once."
        )


def _faults_of_groups(
    sample_ids: tuple[str, ...], groups: tuple[str, ...], groups_known: NDArray[np.bool_]
) -> Iterator[str]:
    """Rows that say that their group is known and have none."""
    rows = zip(sample_ids, groups, groups_known, strict=True)
    without = [sample_id for sample_id, group, known in rows if known and not group]
    if without:
        yield (
            f"{_first_of(without)} has no group though groups are known; fill it in or set "
            "groups_known to false."
        )


def _faults_of_protocol(protocol: str) -> Iterator[str]:
    if protocol not in PROTOCOLS:
        yield f"Protocol {protocol!r} is not known; use {', '.join(PROTOCOLS)}."


def _first_of(sample_ids: Sequence[str]) -> str:
    """The first of some rows, and how many more there are."""
    more = len(sample_ids) - 1
    return f"{sample_ids[0]} (and {more} more)" if more else sample_ids[0]


def _faults_of_probabilities(
    probabilities: NDArray[np.float64], sample_ids: tuple[str, ...], columns: tuple[str, ...]
) -> Iterator[str]:
    """The first row that is not finite, and the first that is not 0-1 with the sum one."""
    where = f"{columns[0]} to {columns[-1]}"
    finite = np.isfinite(probabilities).all(axis=1)
    if not finite.all():
        first = _first_of([sample_ids[row] for row in np.flatnonzero(~finite)])
        yield (f"{first} has a missing or infinite value in {where}; fill it in or drop the row.")
    outside = ((probabilities < -SUM_TOLERANCE) | (probabilities > 1 + SUM_TOLERANCE)).any(axis=1)
    off = np.abs(probabilities.sum(axis=1) - 1) > SUM_TOLERANCE
    wrong = (outside | off) & finite
    if wrong.any():
        rows = np.flatnonzero(wrong)
        first, row = _first_of([sample_ids[row] for row in rows]), int(rows[0])
        yield (
            f"{first} has probabilities in {where} that do not lie in 0-1 or "
            f"sum to {probabilities[row].sum():.4g}, not 1; correct the row."
        )


def _read_only(array: NDArray[np.generic], dtype: type[ScalarT]) -> NDArray[ScalarT]:
    """A copy that cannot be written to."""
    copy = np.array(array, dtype=dtype)
    copy.flags.writeable = False
    return copy
