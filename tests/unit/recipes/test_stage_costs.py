"""A stage says what it will take, from how long it took before."""

from leukapp.recipes import stage_costs
from leukapp.recipes.stage_costs import StageCosts


def test_the_next_run_knows_what_a_stage_takes(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(stage_costs.time, "monotonic", lambda: now[0])
    lines = []

    def run(n_units, seconds):
        costs = StageCosts(tmp_path / "new" / "costs.json", lines.append)
        with costs.stage("training: without here", "view", n_units):
            now[0] += seconds

    run(10, 20)
    run(30, 0.1)
    run(30, 60)
    assert lines == [
        "training: without here: not timed on this machine yet",
        "training: without here: at most about 1 min 00 s",
        "training: without here: at most about 1 min 00 s",
    ]


def test_damaged_times_are_none(tmp_path):
    (tmp_path / "costs.json").write_text("[")
    lines = []
    with StageCosts(tmp_path / "costs.json", lines.append).stage("a", "b", 1):
        pass
    assert lines == ["a: not timed on this machine yet"]
