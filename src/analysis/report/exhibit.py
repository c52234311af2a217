"""What a notebook shows: a figure, a table or a text that displays well and that every export understands."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One thing shown, with what exports need to number, caption and describe it.

    kind : "figure", "table" or "text"
    id : unique within a run, e.g. "fig-03-event_study-operating_surplus"
    data : MIME bundle
    caption, alt, note, box : plain text; alt for figures, box ("warning", "summary", "missing") for texts
    """

    kind: str
    id: str
    data: dict[str, str]
    caption: str = ""
    alt: str = ""
    note: str = ""
    box: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        described = {
            "kind": self.kind, "id": self.id, "caption": self.caption, "alt": self.alt, "note": self.note,
            "box": self.box, **self.extra,
        }  # fmt: skip
        return self.data, {"coopeval": described}
