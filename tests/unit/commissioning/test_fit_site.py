"""Fits to a shifted laboratory: what they gain, what they certify, and what they leave alone."""

from dataclasses import replace

import numpy as np
from local_cells import make_images, make_parent

from leukapp.commissioning import fitting
from leukapp.commissioning.fitting import Promise, fit_site, site_probabilities
from leukapp.commissioning.judging import (
    answer_after,
    answer_before,
    suspicious_labels,
)
from leukapp.commissioning.learning_curve import draw_learning_curve
from leukapp.commissioning.local_images import group_folds
from leukapp.commissioning.report import describe_certificate, measure_site
from leukapp.inference.rule_for_many import call_images
from leukapp.model.manifest import CallLimits

LABELS = [0] * 30 + [2] * 30


def test_a_few_images_a_class_teach_a_laboratory():
    parent, images = make_parent(), make_images(LABELS)
    before = measure_site(answer_before(parent, images), images)

    site = fit_site(parent, images, Promise())

    others = make_images([0] * 300 + [2] * 300, seed=1)
    probabilities = site_probabilities(site, others)
    answers = call_images(probabilities, site.thresholds.limits, others.class_names)
    called = np.array([answer is not None for answer in answers])
    healthy = np.array([answer == "Healthy" for answer in answers])
    assert called.mean() > 0.6 > before.coverage.value
    # What was certified of missed leukemias holds for images that were not fitted on.
    missed = next(c for c in site.certificates if c.kind == "missed leukemia")
    assert healthy[:300].mean() <= missed.certified


def test_the_parent_is_asked_for_its_limits_of_the_mode_that_an_image_is_judged_in():
    parent, images = make_parent(), make_images(LABELS)
    always = CallLimits(healthy=0.5, leukemia=0.5, types={"ALL": 0.5, "AML": 0.5})
    never = CallLimits(healthy=None, leukemia=None, types={"ALL": None, "AML": None})
    limits = replace(parent.thresholds, limits=never, mode_limits={"field": always})
    of_modes = replace(images, modes=("cell", "field") * (len(images) // 2))

    answers = answer_before(replace(parent, thresholds=limits), of_modes).answers

    assert set(answers[::2]) == {None}
    assert sum(answer is not None for answer in answers[1::2]) > len(images) / 4


def test_what_cannot_be_certified_says_how_many_patients_are_missing():
    site = fit_site(make_parent(), make_images(LABELS), Promise())

    missed = site.certificates[0]

    assert (missed.certified, missed.n_more_groups) == (0.0951, 119)
    assert "9.5% of images of leukemia are called Healthy" in describe_certificate(missed)
    assert "119 patients more" in describe_certificate(missed)


def test_a_risk_within_reach_is_certified():
    site = fit_site(make_parent(), make_images(LABELS), Promise(risk=0.2))

    assert all(c.is_reached and c.certified == 0.2 for c in site.certificates[:2])


def test_healthy_images_alone_certify_false_alarms_and_leave_the_networks_alone():
    parent = make_parent()

    site = fit_site(parent, make_images([2] * 30), Promise())

    assert [c.kind for c in site.certificates] == ["false alarm"]
    assert site.setting is None
    assert site.heads is parent.heads
    assert site.thresholds.limits.healthy == 0.9


def test_no_patient_is_on_both_sides_of_a_fold():
    images = make_images(LABELS, a_group=3)

    folds = group_folds(images, n_folds=5, seed=0)

    assert sorted(np.concatenate(folds).tolist()) == list(range(60))
    sides = [set(images.groups[fold]) for fold in folds]
    assert sum(map(len, sides)) == len(set().union(*sides)) == 20


def test_the_curve_has_more_images_at_each_point_and_ends_at_the_judgement_of_all():
    # So few leukemias that nothing is fitted, which is quick.
    parent, images = make_parent(), make_images([0] * 5 + [2] * 15)
    after = answer_after(parent, images, Promise())

    curve = draw_learning_curve(parent, images, Promise(), after)

    n_images = [point.n_images for point in curve]
    assert n_images == sorted(set(n_images))
    assert curve[-1].coverage == measure_site(after, images).coverage
    assert [point.share for point in curve] == [0.25, 0.5, 0.75, 1.0]


def test_a_tenth_of_flipped_labels_is_noticed_and_listed(monkeypatch):
    # One strength of the ridge is quick.
    monkeypatch.setattr(fitting, "RIDGES", (1.6,))
    labels = np.array([0] * 20 + [2] * 20)
    parent, images = make_parent(), make_images(labels, distance=4.0)
    flipped = [3, 11, 25, 38]
    images.labels[flipped] = 2 - labels[flipped]

    after = answer_after(parent, images, Promise())

    suspects = suspicious_labels(after, images)
    assert set(suspects.tolist()) == set(flipped)
    own = np.where(images.is_healthy, after.probabilities[:, 2], 1 - after.probabilities[:, 2])
    assert own[suspects].tolist() == sorted(own[suspects])
