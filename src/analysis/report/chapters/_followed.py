"""Samples of units seen in every period, which chapters about changes of whole distributions need."""

from __future__ import annotations

from dataclasses import replace

from analysis.samples import Sample


def followed(sample: Sample) -> Sample | None:
    """The sample with complete histories only; None of repeated cross-sections, in which nobody is seen twice."""
    if sample.panel.design == "repeated_cross_section":
        return None
    if sample.panel.design == "unbalanced_panel":
        return replace(sample, panel=sample.panel.complete())
    return sample
