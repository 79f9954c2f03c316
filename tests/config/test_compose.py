"""Configurations compose as Hydra's grammar says, and every mistake is told with the nearest name."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from hw_trigger.config.compose import ConfigError, config_directory, from_yaml, load_config, to_yaml
from hw_trigger.config.schema import NetworkKindError
from hw_trigger.errors import UserError
from hw_trigger.hls.settings import LayerReuse
from hw_trigger.models.spec import Architecture, ClassifierArchitecture
from hw_trigger.rtl.settings import LayerParallelism

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
MODELS = "classifier, classifier32x16, classifier8, lstm16, lstm16w50, lstm32, lstm32x16, lstm64, lstm8"


def test_defaults() -> None:
    config = load_config()
    assert config.autoencoder() == Architecture("lstm16w50", 1, 50, (16,), 8, (16,))
    assert config.model.window == 50
    assert config.training.float_epochs * (config.training.steps_per_epoch or 0) == 600
    assert config.tracking.kind == "none"
    assert config.trigger.sigmas == 4.0
    assert config.hls.io_type == "io_stream"
    assert config.model_copy(update={"channel": "S-1"}).run_name == "S-1-lstm16w50-w8a8"


def test_the_overrides_of_the_readme() -> None:
    config = load_config(["channel=S-1", "model=lstm64", "quant=w6a8", "training.epochs=5", "data.columns=[0,3]"])
    assert (config.channel, config.quant.weight.width, config.training.epochs) == ("S-1", 6, 5)
    assert config.architecture().n_features == 2
    assert config.bundle_path == Path("models/S-1-lstm64-w6a8")
    assert config.project_path == Path("hls_projects/S-1-lstm64-w6a8")
    assert config.report_path == Path("reports/S-1-lstm64-w6a8")


def test_a_run_may_be_called_by_a_number() -> None:
    assert load_config(["run=2024"]).run_name == "2024"


def test_the_run_of_a_file_is_called_after_it() -> None:
    assert load_config(["onnx=some/where/foreign.onnx"]).run_name == "foreign"


def test_another_projects_configs_are_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "config.yaml").write_text("theirs: 1\n")
    monkeypatch.chdir(tmp_path)
    assert config_directory() == CONFIGS


def test_where_a_tracker_writes() -> None:
    assert load_config(["paths.reports=elsewhere"]).tracking_path == Path("elsewhere/tracking")
    assert load_config(["tracking.directory=mine", "tracking.kind=wandb"]).tracking_path == Path("mine")


def test_what_is_kept_beside_results_has_no_tracking() -> None:
    config = load_config(["tracking.kind=tensorboard", "tracking.directory=mine", "tracking.project=trials"])
    assert config.untracked() == load_config()


def test_a_classifier() -> None:
    config = load_config(["model=classifier", "model.dense=[]", "data.columns=[0,3]"])
    assert config.architecture() == ClassifierArchitecture("classifier", 2, 50, (16,), (), 2)
    assert config.run_name == "auto-classifier-w8a8"
    assert from_yaml(to_yaml(config)) == config
    with pytest.raises(NetworkKindError) as caught:
        config.autoencoder()
    assert str(caught.value) == (
        "model 'classifier' is a classifier, and this is possible with an autoencoder only; "
        "choose another one with model=<name>"
    )


def test_a_model_that_does_not_say_its_kind_is_an_autoencoder() -> None:
    config = load_config(["model=lstm8"])
    assert config.autoencoder() == config.architecture() == Architecture("lstm8", 1, 50, (8,), 4, (8,))
    assert from_yaml(to_yaml(config).replace("  kind: autoencoder\n", "")) == config


def test_layers_can_have_exceptions() -> None:
    config = load_config(["+hls.layers.encoder.reuse_factor=4", "+hls.layers.encoder.gate_unroll=2"])
    assert config.hls.layers == {"encoder": LayerReuse(4, None, 2)}


@pytest.mark.parametrize(
    "option", [path.relative_to(CONFIGS).with_suffix("").as_posix() for path in sorted(CONFIGS.glob("*/*.yaml"))]
)
def test_every_option_is_valid(option: str) -> None:
    group, name = option.split("/")
    config = load_config([f"{group}={name}"])
    section = getattr(config, group)
    assert getattr(section, "name", name) == name


def test_demo_is_valid() -> None:
    config = load_config(name="demo")
    assert (config.channel, config.data.source, config.run_name) == ("SYN-1", "synthetic", "demo")


def test_yaml_round_trip() -> None:
    config = load_config(["+hls.layers.encoder.reuse_factor=4", "channel=A-1"])
    assert from_yaml(to_yaml(config)) == config
    older = to_yaml(config).replace("csim:", "unknown:")
    assert from_yaml(to_yaml(config), csim={"windows": 7, "jobs": None}).csim.windows == 7
    with pytest.raises(ConfigError):
        from_yaml(older, csim={"windows": 7, "jobs": None})
    assert to_yaml(from_yaml(to_yaml(config))) == to_yaml(config)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model=lstm65", f"there is no model 'lstm65'; did you mean 'lstm64'?; the choices are {MODELS}"),
        (
            "model.windw=3",
            (
                "the configuration has no key 'model.windw'; did you mean 'model.window'?; "
                "the keys there are model.name, model.window, model.encoder, model.latent, model.decoder"
            ),
        ),
        (
            "training.supervised.train=0.9",
            (
                "the configuration has training.supervised={'train': 0.9, 'validation': 0.2, 'rounds': 1, "
                "'class_weights': True}: value error, train and validation are 1.1 together, and must be below 1"
            ),
        ),
        (
            "+model.widow=3",
            (
                "the configuration has no key 'model.widow'; did you mean 'model.window'?; "
                "the keys there are model.kind, model.name, model.window, model.encoder, model.latent, model.decoder"
            ),
        ),
        (
            "modle=lstm16",
            (
                "the configuration has no key 'modle'; did you mean 'model'?; "
                "the keys there are model, quant, training, hls, rtl, explore, serve, channel, run, onnx, seed, data, trigger, "
                "csim, evaluate, fleet, tracking, paths, parts"
            ),
        ),
        (
            "+quant.weight.wdth=1",
            (
                "the configuration has no key 'quant.weight.wdth'; did you mean 'quant.weight.width'?; "
                "the keys there are quant.weight.width, quant.weight.integer, quant.weight.signed, quant.weight.narrow"
            ),
        ),
        (
            "hls.layers.encoder.reuse_factor=4",
            "the configuration has no key 'hls.layers.encoder' yet; +hls.layers.encoder=... adds it",
        ),
        (
            "model.window=abc",
            (
                "the configuration has model.window='abc': input should be a valid integer, "
                "unable to parse string as an integer"
            ),
        ),
        ("training.epochs=0", "the configuration has training.epochs=0: input should be greater than 0"),
        (
            "training.steps_per_epoch=0",
            "the configuration has training.steps_per_epoch=0: input should be greater than 0",
        ),
        (
            "training.float_noise=-1",
            "the configuration has training.float_noise=-1: input should be greater than or equal to 0",
        ),
        ("data.least_half_range=0", "the configuration has data.least_half_range=0: input should be greater than 0"),
        (
            "tracking.kind=mlflow",
            "the configuration has tracking.kind='mlflow': input should be 'none', 'tensorboard' or 'wandb'",
        ),
        ("~quant", "the configuration lacks the key 'quant'"),
        (
            "channel=../x",
            "the configuration has channel='../x': string should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]*$'",
        ),
        (
            "data.source=archiv",
            "the configuration has data.source='archiv': input should be 'auto', 'archive', 'download' or 'synthetic'",
        ),
        (
            "hls.strategy=Latncy",
            "the HLS setting strategy must be 'Latency' or 'Resource', not 'Latncy'; did you mean 'Latency'?",
        ),
        (
            "garbage",
            (
                "the override 'garbage' cannot be read: Error parsing override 'garbage'; it must be key=value, +key=value or "
                "~key, and a value with special characters needs quotes"
            ),
        ),
        ("~hls.strategy", "the configuration lacks the key 'hls.strategy'"),
        ("~quant.input", "the configuration lacks the key 'quant.input'"),
        ("data.columns=[0,0]", "the configuration has data.columns=[0, 0]: value error, a column is named twice"),
        (
            "training.float_learning_rate=inf",
            "the configuration has training.float_learning_rate=inf: input should be a finite number",
        ),
    ],
)
def test_mistakes(override: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_config([override])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "model.kind=perceptron",
            "the configuration has model.kind='perceptron': its kind must be autoencoder or classifier",
        ),
        (
            "+model.latent=3",
            (
                "the configuration has no key 'model.latent'; did you mean 'model.lstm'?; "
                "the keys there are model.kind, model.name, model.window, model.lstm, model.dense"
            ),
        ),
        (
            "model.encoder=[4]",
            (
                "the configuration has no key 'model.encoder'; did you mean 'model.name'?; "
                "the keys there are model.kind, model.name, model.window, model.lstm, model.dense"
            ),
        ),
        ("~model.lstm", "the configuration lacks the key 'model.lstm'"),
        (
            "model.lstm=[]",
            "the configuration has model.lstm=[]: tuple should have at least 1 item after validation, not 0",
        ),
    ],
)
def test_mistakes_in_a_classifier(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(["model=classifier", override])
    assert str(caught.value) == message


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(["training.epochs=0", "seed=-1"])
    assert str(caught.value).splitlines() == [
        "the configuration has seed=-1: input should be greater than or equal to 0",
        "the configuration has training.epochs=0: input should be greater than 0",
    ]


def test_unknown_configuration() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(name="dem")
    assert str(caught.value) == (
        f"there is no configuration 'dem' in {CONFIGS}; did you mean 'demo'?; there are config, demo"
    )


def test_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW_TRIGGER_CONFIGS", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        load_config()
    assert str(caught.value) == (f"no configuration found in {tmp_path}; set HW_TRIGGER_CONFIGS or give --config-dir")


def test_a_directory_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text("channel: [")
    monkeypatch.setenv("HW_TRIGGER_CONFIGS", str(tmp_path))
    assert config_directory() == tmp_path
    with pytest.raises(ConfigError, match=r"^the configuration 'config' is not YAML: while parsing a flow node"):
        load_config()


def test_saved_text_that_is_no_configuration() -> None:
    with pytest.raises(ConfigError) as caught:
        from_yaml("- 1")
    assert str(caught.value) == "the saved configuration is empty or no mapping"


def test_a_wheel_would_hold_every_configuration() -> None:
    """The data files that are listed for installation are all that are there."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["data-files"]
    found = {path for patterns in listed.values() for pattern in patterns for path in ROOT.glob(pattern)}
    assert found == set(CONFIGS.rglob("*.yaml"))


def test_channels_of_an_evaluation() -> None:
    config = load_config(["evaluate.channels=SMAP", "evaluate.seeds=[3,0,3]", "evaluate.name=smap"])
    assert (config.evaluate.channels, config.evaluate.seeds) == (("SMAP",), (3, 0))
    assert config.evaluation_path == Path("reports/evaluate-smap")
    with pytest.raises(ConfigError) as excinfo:
        load_config(["evaluate.channels=[]"])
    assert str(excinfo.value) == "the configuration has evaluate.channels=[]: value error, there must be 1 at least"


def test_the_rtl_presets() -> None:
    presets = {name: load_config([f"rtl={name}"]).rtl for name in ("default", "small", "fast", "interleaved")}
    assert {name: (each.multipliers, each.channels) for name, each in presets.items()} == {
        "default": (256, 1),
        "small": (64, 1),
        "fast": (0, 1),
        "interleaved": (256, 16),
    }
    for each in presets.values():
        assert replace(each, multipliers=256, channels=1) == presets["default"]
    assert load_config(["channel=S-1"]).rtl_path == Path("rtl_projects/S-1-lstm16w50-w8a8")


def test_exceptions_of_rtl_layers() -> None:
    config = load_config(["+rtl.layers.encoder.state=[64,4]", "+rtl.layers.latent.product=[2,1]"])
    assert config.rtl.layers == {
        "encoder": LayerParallelism(state=(64, 4)),
        "latent": LayerParallelism(product=(2, 1)),
    }
    assert from_yaml(to_yaml(config)) == config


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rtl=huge", "there is no rtl 'huge'; the choices are default, fast, interleaved, small"),
        ("rtl.multipliers=-1", "the RTL setting multipliers must be a whole number of at least 0, not -1"),
        (
            "rtl.layers.encoder.state=[64,4]",
            "the configuration has no key 'rtl.layers.encoder' yet; +rtl.layers.encoder=... adds it",
        ),
    ],
)
def test_mistakes_of_rtl(override: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_config([override])
    assert str(caught.value) == message
