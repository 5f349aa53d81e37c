import os
import resource
from dataclasses import replace

import numpy as np
import openvino
import pytest
from networks import SIZE_PX, TINY_PRESET, write_tiny_bundle

from leukapp.errors import BundleError
from leukapp.inference.choose import open_engine
from leukapp.inference.openvino_engine import has_bf16
from leukapp.model.fusion import softmax

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """An empty one, where a network is built again."""
    monkeypatch.setenv("LEUKAPP_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def inputs(n_images=3, seed=0):
    rng = np.random.default_rng(seed)
    batch = rng.uniform(0, 255, (n_images, SIZE_PX, SIZE_PX, 3)).astype(np.float32)
    return batch, batch


def test_engines_agree(bundle):
    fast = open_engine(bundle, "openvino-f32").run(inputs())
    reference = open_engine(bundle, "keras").run(inputs())
    np.testing.assert_allclose(
        softmax(fast.fused_logits), softmax(reference.fused_logits), atol=1e-3
    )
    for ours, theirs in zip(fast.branch_logits, reference.branch_logits, strict=True):
        np.testing.assert_allclose(softmax(ours), softmax(theirs), atol=1e-3)
    for ours, theirs in zip(fast.activations, reference.activations, strict=True):
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.9999
        assert ours.shape == theirs.shape


def test_a_network_of_one_branch_answers_too(tmp_path):
    """Its own vote is the fused decision, so two outputs are one tensor."""
    alone = replace(TINY_PRESET, branches=TINY_PRESET.branches[1:])
    bundle = write_tiny_bundle(tmp_path / "alone", preset=alone)
    reference = open_engine(bundle, "keras").run(inputs()[:1])
    for _built_then_from_cache in range(2):
        fast = open_engine(bundle, "openvino-f32").run(inputs()[:1])
        np.testing.assert_array_equal(fast.fused_logits, fast.branch_logits[0])
        np.testing.assert_allclose(
            softmax(fast.fused_logits), softmax(reference.fused_logits), atol=1e-3
        )


@pytest.mark.parametrize("engine", ["openvino-f32", "keras"])
def test_four_turns_are_the_mean_of_each_alone(bundle, tmp_path, engine):
    turning = write_tiny_bundle(tmp_path / "turning", preset=replace(TINY_PRESET, n_turns=4))
    alone, together = open_engine(bundle, engine), open_engine(turning, engine)
    found = together.run(inputs())
    for branch, averaged in enumerate(found.activations):
        each = [
            np.rot90(alone.run(_turned(turn)).activations[branch], -turn, axes=(1, 2))
            for turn in range(4)
        ]
        np.testing.assert_allclose(averaged, np.mean(each, axis=0), atol=1e-3)


def test_with_four_turns_a_turned_image_has_turned_activations_and_one_answer(tmp_path):
    turning = write_tiny_bundle(tmp_path / "turning", preset=replace(TINY_PRESET, n_turns=4))
    engine = open_engine(turning, "openvino-f32")
    upright, turned = engine.run(inputs()), engine.run(_turned(1))
    np.testing.assert_allclose(turned.fused_logits, upright.fused_logits, atol=1e-4)
    for ours, theirs in zip(turned.activations, upright.activations, strict=True):
        np.testing.assert_allclose(ours, np.rot90(theirs, axes=(1, 2)), atol=1e-3)


def _turned(turn):
    return tuple(np.rot90(batch, turn, axes=(1, 2)).copy() for batch in inputs())


def test_batch_equals_single(bundle):
    engine = open_engine(bundle, "openvino-f32")
    together = engine.run(inputs())
    first = engine.run(tuple(batch[1:2] for batch in inputs()))
    np.testing.assert_allclose(first.fused_logits[0], together.fused_logits[1], atol=1e-4)


def test_corrupt_compiled_network_is_rebuilt(bundle, own_cache):
    wanted = open_engine(bundle).run(inputs()).fused_logits
    (weights,) = own_cache.glob("*/network.bin")
    damaged = bytearray(weights.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    weights.write_bytes(damaged)
    np.testing.assert_array_equal(open_engine(bundle).run(inputs()).fused_logits, wanted)
    assert not list(own_cache.glob(".building-*"))


def test_a_cache_that_takes_nothing_is_one_sentence(bundle, own_cache, monkeypatch):
    own_cache.write_text("a file where the folder should be")
    with pytest.raises(BundleError, match=r"cache folder.*LEUKAPP_CACHE_DIR"):
        open_engine(bundle)
    monkeypatch.setenv("LEUKAPP_CACHE_DIR", str(own_cache.with_name("full")))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(BundleError, match=r"cache folder.*LEUKAPP_CACHE_DIR"):
            open_engine(bundle)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(own_cache.with_name("full").iterdir()) == []


def test_what_a_killed_build_left_is_removed_and_a_running_build_stays(bundle, own_cache):
    left, running = own_cache / ".building-left", own_cache / ".building-running"
    for folder in (left, running):
        folder.mkdir(parents=True)
        (folder / "network.bin").write_bytes(b"half")
    os.utime(left, (0, 0))
    open_engine(bundle)
    assert not left.exists()
    assert running.exists()


def test_many_at_once_answer_as_one(bundle):
    engine = open_engine(bundle, "openvino-f32")
    many = engine.for_many()
    assert many.for_many() is many
    assert many.name == engine.name
    np.testing.assert_allclose(
        many.run(inputs()).fused_logits, engine.run(inputs()).fused_logits, atol=1e-4
    )


def test_the_first_tensor_is_made_before_threads_share_a_network(bundle, monkeypatch):
    # Two first tensors at once were seen to wait for each other without end.
    made = []
    tensor = openvino.Tensor
    monkeypatch.setattr(openvino, "Tensor", lambda array: made.append(tensor(array)))

    open_engine(bundle, "openvino")

    assert made


def test_bf16_is_taken_only_when_asked_for(bundle):
    assert open_engine(bundle).name == "openvino-cpu-f32"
    if has_bf16():
        assert open_engine(bundle, "openvino-bf16").name == "openvino-cpu-bf16"
    else:
        with pytest.raises(BundleError, match="choose openvino-f32"):
            open_engine(bundle, "openvino-bf16")


def test_environment_names_the_engine(bundle, monkeypatch):
    monkeypatch.setenv("LEUKAPP_ENGINE", "openvino-f32")
    assert open_engine(bundle).name == "openvino-cpu-f32"
    for unset in ("auto", ""):
        monkeypatch.setenv("LEUKAPP_ENGINE", unset)
        assert open_engine(bundle).name.startswith("openvino-cpu-")
    monkeypatch.setenv("LEUKAPP_ENGINE", "abacus")
    with pytest.raises(BundleError, match="no engine 'abacus'"):
        open_engine(bundle)


def test_build_that_keras_refuses_once_is_tried_again(bundle, own_cache, monkeypatch):
    from leukapp.model import network

    build, calls = network.build_network, []

    def refuse_once(preset, weights):
        calls.append(preset)
        if len(calls) == 1:
            raise ValueError('The name "activation" is used 2 times in the model.')
        return build(preset, weights)

    monkeypatch.setattr(network, "build_network", refuse_once)
    assert open_engine(bundle, "openvino-f32").run(inputs()).fused_logits.shape == (3, 3)
    assert len(calls) == 2


def test_unknown_engine(bundle):
    with pytest.raises(BundleError, match="choose auto"):
        open_engine(bundle, "abacus")
