import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from leukapp.model.dense import forward
from leukapp.model.fusion import softmax
from leukapp.model.presets import Hyperparameters
from leukapp.training.corpus import PooledItems
from leukapp.training.progress import Progress, format_seconds

RUN = """
import sys
from pathlib import Path
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_heads import items
from leukapp.model.presets import Hyperparameters
from leukapp.training.heads import StageRun, train_branch_head, train_fusion

run = StageRun(
    hyperparameters=Hyperparameters(n_epochs=4),
    seed=5,
    checkpoint_dir=Path(sys.argv[1]),
    report=lambda line: print(line, flush=True),
)
first = train_branch_head(items(0), items(1), name="a", run=run)
second = train_fusion(items(2), items(3), run=run)
print("RESULT", first.curve, second.curve)
"""


def items(seed, n=96):
    """Separable features of three classes."""
    rng = np.random.default_rng(seed)
    class_indices = rng.integers(0, 3, n)
    features = rng.normal(0, 0.3, (n, 40)).astype(np.float32)
    features[np.arange(n), class_indices] += 1
    return PooledItems(
        pooled=(features,), class_indices=class_indices, weights=np.ones(n, np.float32)
    )


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def result_of(lines):
    return next(line for line in lines if line.startswith("RESULT"))


@pytest.mark.keras
def test_a_killed_training_goes_on_and_ends_the_same(tmp_path):
    whole, _ = start(tmp_path / "whole").communicate(timeout=120)
    killed = start(tmp_path / "killed")
    for line in killed.stdout:
        if line.startswith("fusion"):
            killed.send_signal(signal.SIGKILL)
            break
    killed.wait(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "killed").glob("*.npz"))) == 1
    resumed, _ = start(tmp_path / "killed").communicate(timeout=120)
    assert "branch:a: taken from an earlier run" in resumed
    assert "fusion: taken" not in resumed
    assert result_of(resumed.splitlines()) == result_of(whole.splitlines())


@pytest.mark.keras
def test_standardized_heads_do_not_depend_on_offset_and_unit_of_features():
    from leukapp.training.heads import StageRun, train_branch_head

    run = StageRun(hyperparameters=Hyperparameters(n_epochs=4, standardize=True), seed=5)
    logits = []
    for unit, offset in ((1, 0), (40, -7)):
        changed = [
            part.with_features(part.features * np.float32(unit) + np.float32(offset))
            for part in (items(0), items(1))
        ]
        head = train_branch_head(*changed, name="a", run=run)
        logits.append(forward(head.layers, changed[1].features))
    assert (logits[0].argmax(axis=1) == items(1).class_indices).mean() > 0.6
    # The little that is added to a deviation weighs less in larger units.
    assert logits[0] == pytest.approx(logits[1], abs=0.05)


@pytest.mark.keras
def test_label_smoothing_keeps_heads_from_being_sure():
    from leukapp.training.heads import StageRun, train_branch_head

    sureness = []
    for share in (0.0, 0.3):
        settings = Hyperparameters(n_epochs=30, learning_rate=0.01, label_smoothing=share)
        run = StageRun(hyperparameters=settings, seed=5)
        head = train_branch_head(items(0), items(1), name="a", run=run)
        logits = forward(head.layers, items(0).features)
        sureness.append(softmax(logits).max(axis=1).mean())
    assert sureness[0] > 0.95
    assert sureness[1] < 0.9


@pytest.mark.keras
def test_the_key_depends_on_everything():
    from leukapp.training.heads import stage_key

    settings = Hyperparameters()
    base = stage_key("a", items(0), items(1), hyperparameters=settings, seed=0)
    assert base == stage_key("a", items(0), items(1), hyperparameters=settings, seed=0)
    others = [
        stage_key("b", items(0), items(1), hyperparameters=settings, seed=0),
        stage_key("a", items(2), items(1), hyperparameters=settings, seed=0),
        stage_key("a", items(0), items(2), hyperparameters=settings, seed=0),
        stage_key("a", items(0), items(1), hyperparameters=Hyperparameters(n_epochs=9), seed=0),
        stage_key("a", items(0), items(1), hyperparameters=settings, seed=1),
    ]
    assert len({base, *others}) == 6


@pytest.mark.keras
def test_a_damaged_copy_is_trained_again(tmp_path):
    from leukapp.training.heads import read_stage

    assert read_stage(tmp_path, "none") is None
    (tmp_path / "half.npz").write_bytes(b"PK\x03\x04 half a file")
    assert read_stage(tmp_path, "half") is None


def test_progress_names_the_time_left():
    lines, now = [], iter([0.0, 10.0, 10.5, 40.0])
    progress = Progress("epochs", lines.append, clock=lambda: next(now))
    progress.step(25, 100)
    progress.step(30, 100, "half a second later: no line")
    progress.step(100, 100, "loss 0.1")
    assert lines == [
        "epochs [#####...............] 25/100, 30 s left",
        "epochs [####################] 100/100, 0 s left, loss 0.1",
    ]
    assert format_seconds(150) == "2 min 30 s"
