"""A CUDA device is used where there is one; here there is none, so its absence is what runs."""

import sys

import pytest
from networks import write_tiny_bundle

from leukapp.inference import choose, cuda, keras_engine
from leukapp.inference.choose import open_engine


@pytest.fixture(autouse=True)
def asked_anew():
    cuda.has_cuda.cache_clear()
    yield
    cuda.has_cuda.cache_clear()


def test_without_a_driver_tensorflow_is_not_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(cuda, "DRIVER_FILES", (tmp_path / "absent",))
    monkeypatch.delenv(cuda.VISIBLE_VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "keras", None)
    assert not cuda.has_cuda()


@pytest.mark.parametrize("hidden", ["", "-1", "none"])
def test_devices_that_are_hidden_are_not_there(monkeypatch, tmp_path, hidden):
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr(cuda, "DRIVER_FILES", (tmp_path / "nvidiactl",))
    monkeypatch.setenv(cuda.VISIBLE_VARIABLE, hidden)
    monkeypatch.setitem(sys.modules, "keras", None)
    assert not cuda.has_cuda()


@pytest.mark.keras
def test_auto_takes_keras_where_it_has_a_device(monkeypatch, tmp_path):
    bundle = write_tiny_bundle(tmp_path / "tiny")
    monkeypatch.delenv(choose.ENGINE_VARIABLE, raising=False)
    for module in (choose, keras_engine):
        monkeypatch.setattr(module, "has_cuda", lambda: True)
    engine = open_engine(bundle, "auto")
    assert engine.name == "keras-tensorflow-gpu-f32"
    monkeypatch.setenv(choose.ENGINE_VARIABLE, "openvino-f32")
    assert open_engine(bundle, "auto").name.startswith("openvino-cpu")
