"""What services do to a clip, done to crops."""

import numpy as np

from models.deliveries import DELIVERIES, Delivery, deliver, draw


def test_a_delivery_scales_and_recodes_every_crop():
    crops = np.random.default_rng(0).integers(0, 255, (3, 5, 256, 256), np.uint8)
    asked = []

    def recode(lumas, crf, codec):
        asked.append((lumas.shape, crf, codec))
        return lumas

    small = deliver(crops, Delivery(0.75, 28, "libx265"), recode)
    assert small.shape == (3, 5, 192, 192)
    assert asked == [((5, 192, 192), 28, "libx265")] * 3


def test_crops_never_fall_below_what_is_measured():
    crops = np.zeros((1, 5, 160, 160), np.uint8)
    assert deliver(crops, Delivery(0.5, 20), lambda lumas, crf, codec: lumas).shape[-1] == 128


def test_draws_are_what_their_names_say_and_repeat_with_the_seed():
    def drawn(kind):
        return [draw(kind, np.random.default_rng([seed, 1])) for seed in range(40)]

    for kind in DELIVERIES:
        assert drawn(kind) == drawn(kind)
    assert {d.scale for d in drawn("clean")} == {1.0} and max(d.crf for d in drawn("clean")) < 24
    assert {d.scale for d in drawn("small")} == {0.75}
    assert len({d.scale for d in drawn("wild")}) > 2 and {d.codec for d in drawn("wild")} == {"libx264", "libx265"}
