import pytest

from pipeline.config import Settings, load_settings, read_yaml
from pipeline.errors import UsageError


def write(tmp_path, text):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    return path


def test_later_layers_win(tmp_path):
    file = write(tmp_path, "preset: broadcast\nsound: {seed: 3}\nencode: {crf: 17}\n")
    settings = load_settings(
        file=file,
        environment={"FOLEYMARK_ENCODE_CRF": "19", "FOLEYMARK_HOME": "/x"},
        arguments={"sound": {"seed": None}},
    )
    assert (settings.sound.loudness, settings.sound.seed, settings.encode.crf) == ("ebu", 3, 19)
    settings = load_settings(file=file, environment={"FOLEYMARK_ENCODE_CRF": "19"}, arguments={"encode": {"crf": 21}})
    assert settings.encode.crf == 21


def test_defaults():
    assert load_settings(environment={}) == Settings()


@pytest.mark.parametrize(
    "text, word",
    [
        ("sond: {}", "sond"),
        ("sound: {volume: 3}", "volume"),
        ("sound: loud", "section"),
        ("encode: {crf: high}", "crf"),
        ("encode: {crf: 99}", "51"),
        ("mark: {profile: huge}", "profile"),
        ("preset: best", "preset"),
        ("- a\n- b", "name: value"),
        ("a: [", "YAML"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: !!python/object/apply:os.system [ls]", "YAML"),
        ("[" * 5000, "YAML"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, word):
    with pytest.raises(UsageError) as caught:
        load_settings(file=write(tmp_path, text), environment={})
    assert word in str(caught.value) and "\n" not in str(caught.value)


def test_missing_and_large_files(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="too large"):
        read_yaml(write(tmp_path, "#" * 2_100_000))


def test_detectors_of_others_are_named_and_calibrated(tmp_path):
    calibration = write(tmp_path, "{}")
    text = f"check: {{plugins: [mine, yours], detectors: [{{name: mine, calibration: {calibration}}}]}}"
    other = tmp_path / "other.yaml"
    other.write_text(text)
    check = load_settings(file=other, environment={}).check
    assert check.plugins == ("mine", "yours") and check.detectors[0].calibration == calibration
    folder = tmp_path / "encoder"
    folder.mkdir()
    other.write_text(f"check: {{encoder: {{path: {folder}, kind: clip}}}}")
    encoder = load_settings(file=other, environment={}).check.encoder
    assert (encoder.path, encoder.kind, encoder.calibration) == (folder, "clip", None)


@pytest.mark.parametrize(
    "text, word",
    [
        ("check: {plugins: [a, a]}", "twice"),
        ("check: {detectors: [{name: a, calibration: x.json}]}", "check.plugins"),
        ("check: {plugins: [a], detectors: [{name: a, calibration: /none/x.json}]}", "/none/x.json"),
        ("check: {plugins: [a], detectors: [{name: a}]}", "calibration"),
        ("check: {encoder: {path: /none/here}}", "no folder"),
        ("check: {encoder: {kind: gpt}}", "kind"),
        ("check: {encoder: {calibration: /none/x.json}}", "/none/x.json"),
        ("check: {encoder: {weights: x}}", "weights"),
    ],
)
def test_wrong_detectors_are_named(tmp_path, text, word):
    with pytest.raises(UsageError) as caught:
        load_settings(file=write(tmp_path, text), environment={})
    assert word in str(caught.value) and "\n" not in str(caught.value)
