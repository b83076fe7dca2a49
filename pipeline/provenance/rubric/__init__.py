"""The rubrics of the conformance programme, on the crJSON report of a file: does what was signed pass them?"""

from pipeline.provenance.rubric.conformance import evaluate
from pipeline.provenance.rubric.integrity import evaluate_integrity
from pipeline.provenance.rubric.results import RubricResult

__all__ = ["RubricResult", "evaluate", "evaluate_integrity"]
