import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from networks import write_tiny_bundle

from leukapp import diagnosis as diagnosis_module
from leukapp.diagnosis import AHEAD_A_CORE, Diagnoser
from leukapp.errors import ImageError
from leukapp.imaging.image_io import decoded_bytes
from leukapp.imaging.quality import assess_quality
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.labels import CLASS_NAMES


@pytest.mark.keras
class TestDiagnoser:
    @pytest.fixture(scope="class")
    def diagnoser(self, tmp_path_factory):
        bundle = write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
        return Diagnoser.open(bundle.folder)

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

    def test_large_images_are_not_judged_side_by_side(self, diagnoser, png, monkeypatch):
        taken = []

        def endless():
            while True:
                taken.append(len(taken))
                yield png

        monkeypatch.setattr(diagnosis_module, "MAX_AHEAD_BYTES", 2 * decoded_bytes(png))
        answers = diagnoser.diagnose_many(endless())
        next(answers)
        answers.close()
        # Two together, and the third is only read.
        assert len(taken) == 3
