"""What could be wrong with a result, one question per file.

`specifications` asks the main question again with one decision changed at a time (`checks.changes`); `pre_trend`,
`placebo`, `ladder`, `differences` and `truth` ask questions of their own, and `agreement` says how far it all carries.
"""

from analysis.checks.changes import Case, Variant
from analysis.checks.specifications import answer, specifications

__all__ = ["Case", "Variant", "answer", "specifications"]
