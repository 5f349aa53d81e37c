"""The verdict on a field, asked again with what readers say of its leukocytes."""

from collections.abc import Sequence

from leukapp.diagnosis import Diagnosis
from leukapp.inference.decision import Answer
from leukapp.labels import ANSWER_NAMES
from leukapp.review.corrected_cells import CorrectedCell, n_corrected
from leukapp.ui.session import SharedDiagnoser


def corrected_verdict(
    diagnosis: Diagnosis, diagnoser: SharedDiagnoser, cells: Sequence[CorrectedCell]
) -> Answer | None:
    """Ask the networks' rule for a field again, as ``Diagnoser.answer_as_corrected`` does.

    Args:
        diagnosis: of the field.
        diagnoser: that answered.
        cells: of the field, those that the networks found first.

    Returns:
        The answer; None where nothing was corrected, or no leukocyte is left of which the rule
        could be asked.
    """
    if not n_corrected(cells):
        return None
    kept = [index for index, cell in enumerate(cells) if cell.correction is None]
    given = [
        cell.correction.answer
        for cell in cells
        if cell.correction is not None and cell.correction.answer in ANSWER_NAMES
    ]
    if not kept and not given:
        return None
    return diagnoser.answer_as_corrected(diagnosis, kept=kept, given=given)
