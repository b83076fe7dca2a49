"""Folds: by origin, balanced, and one member for what was seen."""

from models.folds import FOLDS, assign, fold_of, label_of, members, seen_clips


def test_an_origin_lies_in_one_fold():
    folds: dict[str, set[int]] = {}
    for clip in seen_clips().values():
        folds.setdefault(clip.origin, set()).add(clip.fold)
    assert folds and all(len(found) == 1 for found in folds.values())


def test_every_fold_has_both_labels():
    for fold in range(FOLDS):
        assert {c.label for c in seen_clips().values() if c.fold == fold} == {"ai", "real"}


def test_assigning_balances_labels():
    clips = [(f"a{i}", "ai") for i in range(10)] + [(f"r{i}", "real") for i in range(10)]
    folds = assign(clips)
    for fold in range(FOLDS):
        assert sorted(name[0] for name, k in folds.items() if k == fold) == ["a", "a", "r", "r"]


def test_only_the_member_that_never_saw_it_speaks():
    clip = next(iter(seen_clips().values()))
    assert fold_of(clip.sha256) == clip.fold and fold_of("0" * 64) is None
    assert members(clip.fold) == (clip.fold,) and members(None) == tuple(range(FOLDS))


def test_labels():
    assert label_of("ai", "sora") == "ai" and label_of("talk", "sadtalker-generated") == "ai"
    assert label_of("av", "diff-foley") == "real"
