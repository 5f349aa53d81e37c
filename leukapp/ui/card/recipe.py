"""What a bundle is and what it was trained on."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.labels import MODE_NAMES
from leukapp.model.bundle import Bundle
from leukapp.model.fit_bounds import bound_notes
from leukapp.model.manifest import CallLimits, Thresholds
from leukapp.model.presets import told_assumptions
from leukapp.ui import theme
from leukapp.ui.card.bundle_choice import card_origin
from leukapp.ui.evaluation.figure_box import show_figure, show_numbers
from leukapp.ui.evaluation.figure_style import finish_figure
from leukapp.ui.texts import evaluation as evaluation_texts
from leukapp.ui.texts import model_card as texts
from leukapp.ui.wording import escape_markdown


def show_identity(bundle: Bundle) -> None:
    """Write the bundle's name, badges and hash."""
    protocol = bundle.training.protocol
    st.markdown(f"#### {escape_markdown(bundle.name)}")
    with st.container(horizontal=True, gap="small"):
        is_leaking = protocol == "paper"
        st.badge(
            evaluation_texts.PROTOCOL_BADGES.get(protocol, _for_badge(protocol)),
            color="red" if is_leaking else "green",
            icon=":material/warning:" if is_leaking else ":material/verified:",
            help=evaluation_texts.PROTOCOL_HELP.get(protocol),
        )
        preset = _for_badge(bundle.preset.name)
        st.badge(texts.PRESET_BADGE.format(name=preset), color="gray")
        st.badge(texts.VERIFIED, color="green", icon=":material/lock:", help=texts.VERIFIED_HELP)
    st.caption(
        texts.HASH_LINE.format(
            sha=bundle.sha256,
            created=escape_markdown(str(bundle.training.created_utc)),
            seed=escape_markdown(str(bundle.training.seed)),
        )
    )
    if is_leaking:
        st.warning(evaluation_texts.LEAKING_WARNING, icon=":material/warning:")


def _for_badge(text: object) -> str:
    """A text of a bundle; brackets go, since a badge escapes them once more and so lets them in."""
    return escape_markdown(str(text).replace("[", "(").replace("]", ")"))


def show_recipe(bundle: Bundle) -> None:
    """Write the recipe and the limits as a table."""
    st.subheader(texts.WHAT, help=texts.WHAT_HELP, anchor=False)
    facts = fact_table(bundle)
    show_numbers(facts, card_origin(bundle, "recipe"), name="facts", fold=False)
    # Whole sentences: a column of the table would cut them off.
    for note in bound_notes(bundle.thresholds):
        st.caption(note)


def fact_table(bundle: Bundle) -> pd.DataFrame:
    """Give one row a fact of the manifest."""
    preset, limits, training = bundle.preset, bundle.thresholds, bundle.training
    enhancement = preset.enhancement
    facts = {
        texts.BRANCH.format(number=number): texts.BRANCH_VALUE.format(
            backbone=branch.backbone,
            size=branch.input_size_px,
            features=branch.hands_on.replace("_", " "),
        )
        for number, branch in enumerate(preset.branches, start=1)
    }
    facts[texts.ENHANCEMENT] = (
        texts.ENHANCEMENT_ON.format(
            order=enhancement.order.replace("_", " "),
            shift=enhancement.offset,
            gain=enhancement.gain,
        )
        if enhancement.is_on
        else "-"
    )
    assumptions = told_assumptions(preset)
    if assumptions:
        facts[texts.ASSUMED] = assumptions
    facts[texts.TEMPERATURE] = f"{limits.temperature:.3f}"
    facts |= _call_facts(limits)
    facts[texts.MAX_DISTANCE] = f"{limits.max_feature_distance:.3f}"
    facts[texts.FALSE_REJECTS] = f"{limits.false_reject_fraction:.1%}"
    facts[texts.CATALOG] = training.catalog_sha256
    facts[texts.LIBRARIES] = ", ".join(
        f"{name} {version}" for name, version in training.library_versions.items()
    )
    return pd.DataFrame({texts.FACT: list(facts), texts.VALUE: list(facts.values())})


def _call_facts(thresholds: Thresholds) -> dict[str, str]:
    """From when what is called: one limit, or those of two steps."""
    limits = thresholds.limits
    if limits is None:
        return {texts.MIN_CONFIDENCE: f"{thresholds.min_confidence:.3f}"}
    facts = _step_facts(limits)
    for mode, own in thresholds.mode_limits.items():
        facts |= {
            texts.OF_MODE.format(fact=fact, mode=MODE_NAMES[mode]): value
            for fact, value in _step_facts(own).items()
        }
    return facts


def _step_facts(limits: CallLimits) -> dict[str, str]:
    of_types = {
        texts.MIN_TYPE_SHARE.format(name=name): limit for name, limit in limits.types.items()
    }
    steps = {texts.MIN_HEALTHY: limits.healthy, texts.MIN_LEUKEMIA: limits.leukemia, **of_types}
    return {fact: texts.NEVER if limit is None else f"{limit:.4g}" for fact, limit in steps.items()}


def show_training(bundle: Bundle) -> None:
    """Write what each source gave to the training."""
    training = bundle.training
    st.subheader(texts.TRAINED_ON, help=texts.TRAINED_ON_HELP, anchor=False)
    st.caption(
        texts.TRAINED_GROUPS.format(
            train=len(training.train_groups),
            validation=len(training.validation_groups),
            test=len(training.test_groups),
        )
    )
    figure = build_training_figure(bundle, dark=theme.is_dark())
    show_figure(figure, training_table(bundle), card_origin(bundle, texts.TRAINING), name="sources")


def build_training_figure(bundle: Bundle, *, dark: bool) -> go.Figure:
    """Build one bar a source, its classes stacked in their colors and patterns."""
    sources = list(bundle.training.sources)
    figure = go.Figure()
    for name in bundle.class_names:
        counts = [bundle.training.sources[source].get(name, 0) for source in sources]
        figure.add_bar(
            x=counts,
            y=sources,
            orientation="h",
            name=theme.marked(name),
            text=[str(count) if count else "" for count in counts],
            marker={
                "color": theme.color_of(name, dark=dark),
                "pattern": {
                    "shape": theme.style_of(name).pattern,
                    "fillmode": "overlay",
                    "fgcolor": "rgba(255,255,255,0.45)",
                    "solidity": 0.12,
                },
            },
            hovertemplate="%{y}: %{x} " + name + "<extra></extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.35)
    figure.update_xaxes(title={"text": texts.IMAGES})
    figure.update_yaxes(autorange="reversed", automargin=True)
    origin = card_origin(bundle, texts.TRAINING)
    return finish_figure(figure, origin, dark=dark, height_px=230 + 34 * len(sources))


def training_table(bundle: Bundle) -> pd.DataFrame:
    """Give one row a source, its images of each class."""
    return pd.DataFrame(
        {"source": source, **{name: counts.get(name, 0) for name in bundle.class_names}}
        for source, counts in bundle.training.sources.items()
    )
