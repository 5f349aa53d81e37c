"""How a bundle does in each group (patient or block), the worst first."""

from dataclasses import dataclass

import numpy as np

from leukapp.evaluation.held_out import HeldOutSet


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One group of one source.

    Attributes:
        group: its name; the image's id where it stands alone.
        is_known: whether the source names patients or blocks.
        n_images: images in the group.
        support: images of each class, in the order of the set's ``class_names``; of another
            leukemia none.
        n_right: images whose most probable class is right.
        accuracy: share of right images, 0-1.
        n_called: images with a call.
        n_wrong_calls: calls that are wrong.
    """

    group: str
    is_known: bool
    n_images: int
    support: tuple[int, ...]
    n_right: int
    accuracy: float
    n_called: int
    n_wrong_calls: int


def group_rows(held_out: HeldOutSet) -> tuple[GroupRow, ...]:
    """One row a group: by accuracy from the worst, then by wrong calls, then by name.

    Args:
        held_out: one source under one protocol.
    """
    numbers = held_out.independent_groups
    right, wrong_call = held_out.is_right, held_out.is_wrong_call
    n_classes = len(held_out.class_names)
    rows = []
    for number in range(int(numbers.max()) + 1):
        inside = numbers == number
        first = int(np.argmax(inside))
        n_images, n_right = int(inside.sum()), int((inside & right).sum())
        support = np.bincount(held_out.true_labels[inside], minlength=n_classes)[:n_classes]
        rows.append(
            GroupRow(
                group=held_out.groups[first] or held_out.sample_ids[first],
                is_known=bool(held_out.groups_known[inside].all()),
                n_images=n_images,
                support=tuple(int(count) for count in support),
                n_right=n_right,
                accuracy=n_right / n_images,
                n_called=int((inside & held_out.is_called).sum()),
                n_wrong_calls=int((inside & wrong_call).sum()),
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.accuracy, -row.n_wrong_calls, row.group)))
