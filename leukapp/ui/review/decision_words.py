"""A saved decision in words."""

from datetime import UTC

from leukapp.review.records import Decision, DecisionKind
from leukapp.ui import theme
from leukapp.ui.texts import review as texts
from leukapp.ui.wording import escape_markdown

_SAVED = {
    DecisionKind.AGREE: texts.SAVED_AGREE,
    DecisionKind.OVERRIDE: texts.SAVED_OVERRIDE,
    DecisionKind.UNSURE: texts.SAVED_UNSURE,
}


def describe_decision(decision: Decision) -> str:
    """Say what was decided, by whom and when, as Markdown in which nothing typed is markup.

    Args:
        decision: one that stands.
    """
    moment = decision.decided_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    words = [_SAVED[decision.kind].format(answer=theme.marked(decision.answer_name))]
    words.append(texts.SAVED_BY.format(initials=escape_markdown(decision.initials), moment=moment))
    if decision.is_blinded:
        words.append(texts.SAVED_BLINDED)
    if decision.is_adjudication:
        words.append(texts.SAVED_ADJUDICATION)
    line = ", ".join(words)
    if decision.reason:
        line += ". " + texts.SAVED_REASON.format(reason=escape_markdown(decision.reason))
    return line
