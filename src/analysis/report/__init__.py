"""The report: notebooks run, results gathered, HTML and PDF published with a manifest."""

import sys

# nbformat would load two seconds of grammars for internationalised addresses, which no notebook schema uses;
# jsonschema does without them where they are missing.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
