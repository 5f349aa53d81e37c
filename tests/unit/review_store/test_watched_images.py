"""Scores of images that commissioned bundles answered: each once, in order, apart by bundle."""

from dataclasses import replace

from fake_diagnoser import make_diagnosis

from leukapp.inference.watch_scores import WatchScores

SCORES = WatchScores(distance=0.5, stain=None, scale=60.0)


def test_each_image_is_kept_once_a_bundle_and_in_order(store):
    first, second = (
        replace(make_diagnosis(content), watch_scores=SCORES) for content in (b"1", b"2")
    )
    for answered in (first, second, first):
        store.record_diagnosis(answered)

    kept = store.watched_images(first.bundle.sha256)

    assert [one.image_sha256 for one in kept] == [first.image_sha256, second.image_sha256]
    assert kept[0].scores == SCORES
    assert store.watched_images(first.bundle.sha256, after=kept[0].number) == kept[1:]
    assert store.watched_images("0" * 64) == ()


def test_a_bundle_for_all_leaves_nothing_to_compare(store):
    answered = make_diagnosis(b"1")

    store.record_diagnosis(answered)

    assert answered.watch_scores is None
    assert store.watched_images(answered.bundle.sha256) == ()
