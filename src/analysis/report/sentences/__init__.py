"""Sentences whose numbers are those of the tables: rows in, text out, in the language of the words.

A file per chapter, its functions named here.
"""

from analysis.report.sentences._sentence import Sentence
from analysis.report.sentences.adoption import comparison, coverage, federations, unlike
from analysis.report.sentences.data import arrived, imported, kept, no_past, not_held
from analysis.report.sentences.effects import (
    estimand,
    estimators,
    gate_notes,
    ladder,
    left_out,
    overall,
    path,
)
from analysis.report.sentences.front import (
    cautions,
    further_cautions,
    households_together,
    judgement,
    models_told_apart,
    programme,
    reading_guide,
    results,
    study_warnings,
    synthetic,
)
from analysis.report.sentences.models import model_differences
from analysis.report.sentences.robustness import agreement, placebo, pre_trend, reasons

__all__ = [
    "Sentence",
    "agreement",
    "arrived",
    "cautions",
    "comparison",
    "coverage",
    "estimand",
    "estimators",
    "federations",
    "further_cautions",
    "gate_notes",
    "households_together",
    "imported",
    "judgement",
    "kept",
    "ladder",
    "left_out",
    "model_differences",
    "models_told_apart",
    "no_past",
    "not_held",
    "overall",
    "path",
    "placebo",
    "pre_trend",
    "programme",
    "reading_guide",
    "reasons",
    "results",
    "study_warnings",
    "synthetic",
    "unlike",
]
