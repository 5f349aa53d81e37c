"""The verdict, what each branch says alone, and the quality findings."""

import html

import streamlit as st

from leukapp.diagnosis import BranchVote, Diagnosis
from leukapp.labels import TYPE_NOT_DETERMINED
from leukapp.ui import texts, theme
from leukapp.ui.texts import diagnose as own_texts
from leukapp.ui.wording import branch_title, escape_markdown, percent


def show_verdict(diagnosis: Diagnosis) -> None:
    """Write the verdict, or "No call" with its reason, as the first thing to be read."""
    color = theme.css_color(diagnosis.answer_name)
    st.html(
        f'<div class="leuk-verdict" style="--class-color: {color}">'
        f"<small>{texts.VERDICT}</small>"
        f"<h2>{html.escape(theme.marked(diagnosis.answer_name))}</h2>{_verdict_lines(diagnosis)}</div>"
    )


def _verdict_lines(diagnosis: Diagnosis) -> str:
    """The lines under the verdict, as HTML."""
    answer, probability = diagnosis.answer_name, diagnosis.answer_probability
    if answer is None or probability is None:
        return f"<p>{html.escape(diagnosis.no_call_reason or '')}</p>"
    sentence = describe_probability(answer, probability)
    notes = [diagnosis.type_note or "", _agreement(diagnosis.branches)]
    return (
        f"<p>{html.escape(texts.CLASS_MEANINGS[answer])}</p>"
        f'<p class="leuk-number">{html.escape(sentence)}</p>'
        + "".join(f'<p class="leuk-note">{html.escape(note)}</p>' for note in notes if note)
    )


def describe_probability(answer: str, probability: float) -> str:
    """Say how probable an answer is, and of what where its name does not say it.

    Args:
        answer: a class, or leukemia of no determined type.
        probability: calibrated, 0-1.
    """
    words = texts.PROBABILITY_OF_LEUKEMIA if answer == TYPE_NOT_DETERMINED else texts.PROBABILITY_OF
    return words.format(value=percent(probability))


def _agreement(branches: tuple[BranchVote, ...]) -> str:
    """Say whether the networks agree; who says what stands in the details."""
    labels = {branch.probabilities.top_class for branch in branches}
    if not labels:
        return ""
    return own_texts.NETWORKS_AGREE if len(labels) == 1 else own_texts.NETWORKS_DISAGREE


def describe_agreement(branches: tuple[BranchVote, ...]) -> str:
    """Say in one sentence whether the branches agree, and if not, who says what."""
    labels = [branch.probabilities.top_class for branch in branches]
    if not labels:
        return ""
    if len(set(labels)) == 1:
        return texts.BRANCHES_AGREE.format(label=labels[0])
    votes = ", ".join(
        texts.BRANCH_VOTE.format(branch=branch_title(branch.name), label=label)
        for branch, label in zip(branches, labels, strict=True)
    )
    return texts.BRANCHES_DISAGREE.format(votes=votes)


def show_branch_votes(branches: tuple[BranchVote, ...]) -> None:
    """Write each branch's own vote, one line each."""
    st.subheader(texts.BRANCHES, help=texts.BRANCHES_HELP, anchor=False)
    st.html("".join(_vote_line(branch) for branch in branches))


def _vote_line(branch: BranchVote) -> str:
    """One branch's vote, as HTML."""
    label = branch.probabilities.top_class
    color = theme.css_color(label)
    own = texts.VOTE_OWN.format(value=percent(branch.probabilities.top_value))
    return (
        f'<div class="leuk-vote" style="--class-color: {color}">'
        f"<span>{html.escape(branch_title(branch.name))}</span>"
        f"<span><b>{html.escape(theme.marked(label))}</b> <small>{html.escape(own)}</small></span>"
        "</div>"
    )


def show_quality(diagnosis: Diagnosis) -> None:
    """Write what is wrong with the image, or that nothing was found, and the measurements."""
    quality = diagnosis.quality
    st.subheader(texts.QUALITY, help=texts.QUALITY_HELP, anchor=False)
    if not quality.findings:
        st.markdown(f":material/check_circle: {texts.QUALITY_FINE}")
    for finding in quality.findings:
        icon = ":material/block:" if finding.blocks_call else ":material/info:"
        kind = texts.QUALITY_BLOCKS if finding.blocks_call else texts.QUALITY_NOTE
        st.markdown(f"{icon} **{kind}** {escape_markdown(finding.message)}")
    st.caption(
        texts.QUALITY_MEASURES.format(
            brightness=quality.brightness,
            contrast=quality.contrast,
            focus=quality.focus,
            stained=quality.stained_fraction,
            saturated=quality.saturated_fraction,
        )
    )
