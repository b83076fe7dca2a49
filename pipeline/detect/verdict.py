"""The answer to "is this AI-made?", and why nothing more can be said when nothing more can be said."""

from __future__ import annotations

from pipeline.detect import container, content_rules, credentials, declared_rules, watermark
from pipeline.detect.findings import Content, Findings
from pipeline.detect.labels import Labels
from pipeline.records import Clip, Credential, Marks, Verdict

# the first rule with an opinion decides; what a file declares comes before what its pictures look like
_RULES = (
    declared_rules.by_ai_credentials,
    declared_rules.by_contradiction,
    declared_rules.by_label,
    declared_rules.by_capture,
    declared_rules.by_unreadable,
    declared_rules.by_broken_credentials,
    declared_rules.by_silent_credentials,
    content_rules.by_likely,
    content_rules.by_no_evidence,
    content_rules.by_unfit,
)


def judge(
    *,
    credential: Credential | None,
    marks: Marks = Marks(),
    clip: Clip | None,
    labels: Labels | None = None,
    content: Content = Content(),
    not_checked: tuple[str, ...] = (),
    unreadable: str = "",
    looked_for: tuple[str, ...] = ("credentials", "container"),
) -> Verdict:
    """Weigh everything known of one file.

    Parameters
    ----------
    credential : Credential or None
        None when the file carries none.
    marks : Marks
        Empty when the mark was not looked for.
    clip : Clip or None
        None when the file was not probed or could not be.
    labels : Labels, optional
        What the whole file says of itself unsigned; without, the clip's container tags are looked at.
    content : Content
        What detectors found in picture and sound. It counts where nothing is declared; hints of the container never do.
    not_checked : tuple of str
        What was not looked at and why, a sentence each.
    unreadable : str
        Why the media could not be read; empty when it could.
    looked_for : tuple of str
        Which of "credentials" and "container" were looked at; of the others nothing is said.

    Returns
    -------
    Verdict
        The same findings always give the same verdict.
    """
    label = container.declaration(clip, labels)
    findings = Findings(credential, marks, label, content, unreadable, looked_for)
    opinions = (opinion for rule in _RULES if (opinion := rule(findings)) is not None)
    opinion = next(opinions, None) or content_rules.by_nothing(findings)
    looked = credentials.evidence(credential) if "credentials" in looked_for else ()
    declared = [*looked, watermark.evidence(marks), *([label] if label else [])]
    hints = container.hints(clip, labels)
    return Verdict(
        name=opinion.name,
        headline=opinion.headline,
        explanation=" ".join(opinion.sentences),
        evidence=(*declared, *content.shown, *hints),
        not_checked=not_checked,
    )
