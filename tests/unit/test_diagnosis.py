import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from networks import write_tiny_bundle

from leukapp.diagnosis import AHEAD_A_CORE, Diagnoser, no_call_reason
from leukapp.errors import ImageError
from leukapp.imaging.quality import QualityFinding, QualityReport, assess_quality
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.labels import CLASS_NAMES
from leukapp.model.bundle import Thresholds

LIMITS = Thresholds(
    temperature=1.0, min_confidence=0.8, max_feature_distance=1.0, false_reject_fraction=0.02
)
SURE = ClassProbabilities((0.9, 0.05, 0.05))


def quality(*findings):
    return QualityReport(
        width_px=224,
        height_px=224,
        focus=1.0,
        brightness=100.0,
        contrast=30.0,
        saturated_fraction=0.0,
        stained_fraction=0.1,
        findings=findings,
    )


BLURRED = QualityFinding(kind="out_of_focus", message="It is out of focus.", blocks_call=True)
SMALL = QualityFinding(kind="too_small", message="It is small.", blocks_call=False)


def test_no_reason_means_a_call():
    assert no_call_reason(quality(SMALL), SURE, 0.5, LIMITS) is None


def test_quality_comes_first():
    unsure = ClassProbabilities((0.4, 0.3, 0.3))
    assert no_call_reason(quality(SMALL, BLURRED), unsure, 2.0, LIMITS) == "It is out of focus."


def test_distance_comes_before_confidence():
    unsure = ClassProbabilities((0.4, 0.3, 0.3))
    assert "unlike anything" in str(no_call_reason(quality(), unsure, 1.01, LIMITS))
    assert "AML with 79%" in str(
        no_call_reason(quality(), ClassProbabilities((0.2, 0.79, 0.01)), 0.5, LIMITS)
    )


def test_least_sure_decides_where_agreement_is_needed():
    strict = replace(LIMITS, min_confidence=0.7, needs_agreement=True)
    sure, unsure = SURE, ClassProbabilities((0.65, 0.3, 0.05))
    other = ClassProbabilities((0.1, 0.8, 0.1))
    assert no_call_reason(quality(), sure, 0.5, strict, (sure, sure)) is None
    assert "ALL with 65%" in str(no_call_reason(quality(), sure, 0.5, strict, (sure, unsure)))
    reason = no_call_reason(quality(), sure, 0.5, strict, (sure, other))
    assert reason == "The fused decision says ALL, and the branches do not all agree (ALL, AML)."


@pytest.mark.keras
class TestDiagnoser:
    @pytest.fixture(scope="class")
    def diagnoser(self, tmp_path_factory):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LEUKAPP_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
            bundle = write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
            yield Diagnoser.open(bundle.folder)

    @pytest.fixture(scope="class")
    def png(self, encode_png):
        return encode_png(draw_synthetic_cell("myeloblast", seed=3))

    def test_whole_answer(self, diagnoser, png, tmp_path):
        diagnosis = diagnoser.diagnose(png)
        assert diagnosis.label == diagnosis.probabilities.top_class
        assert [vote.name for vote in diagnosis.branches] == ["first", "second"]
        assert not diagnosis.image.flags.writeable
        assert not diagnosis.enhanced.flags.writeable
        assert diagnosis.quality == assess_quality(diagnosis.image)
        assert diagnosis.engine.startswith("openvino-cpu")
        path = tmp_path / "image.txt"
        path.write_bytes(png)
        again = diagnoser.diagnose(path)
        assert again.probabilities == diagnosis.probabilities
        assert again.image_sha256 == diagnosis.image_sha256

    def test_explaining_runs_no_network(self, diagnoser, png, monkeypatch):
        diagnosis = diagnoser.diagnose(png)
        monkeypatch.setattr(diagnoser, "engine", None)
        same = diagnoser.explain(diagnosis, diagnosis.probabilities.top_class)
        for heatmap, own in zip(same.branches, diagnosis.explanation.branches, strict=True):
            np.testing.assert_array_equal(heatmap.values, own.values)
        maps = [diagnoser.explain(diagnosis, name).fused.values for name in CLASS_NAMES]
        assert not np.array_equal(maps[0], maps[1])

    def test_threads_get_their_own_answers(self, diagnoser, encode_png):
        images = [encode_png(draw_synthetic_cell("neutrophil", seed=i)) for i in range(4)]
        alone = [diagnoser.diagnose(image).probabilities.values for image in images]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(diagnoser.diagnose, images * 4))
        for i, diagnosis in enumerate(together):
            np.testing.assert_allclose(diagnosis.probabilities.values, alone[i % 4], atol=1e-5)

    def test_garbage_is_one_sentence(self, diagnoser):
        with pytest.raises(ImageError, match="This is not"):
            diagnoser.diagnose(b"%PDF-1.7")

    def test_many_in_their_order_with_errors_in_their_place(self, diagnoser, encode_png, tmp_path):
        images = [encode_png(draw_synthetic_cell("neutrophil", seed=i)) for i in range(9)]
        images[4] = b"%PDF-1.7"
        images[6] = tmp_path / "gone.png"
        images[7] = ImageError("The file is not there.")
        answers = list(diagnoser.diagnose_many(iter(images)))
        assert [isinstance(answer, ImageError) for answer in answers] == [
            i in {4, 6, 7} for i in range(9)
        ]
        assert answers[7] is images[7]
        for i in (0, 5, 8):
            alone = diagnoser.diagnose(images[i])
            assert answers[i].image_sha256 == alone.image_sha256
            heat = answers[i].explanation.fused
            assert heat is answers[i].explanation.fused
            np.testing.assert_allclose(heat.values, alone.explanation.fused.values, atol=0.05)
            np.testing.assert_allclose(
                answers[i].probabilities.values, alone.probabilities.values, atol=2e-3
            )

    def test_many_takes_images_only_as_they_are_needed(self, diagnoser, png):
        taken = []

        def endless():
            while True:
                taken.append(len(taken))
                yield png

        answers = diagnoser.diagnose_many(endless())
        next(answers)
        answers.close()
        assert len(taken) <= 1 + AHEAD_A_CORE * (os.cpu_count() or 1)
