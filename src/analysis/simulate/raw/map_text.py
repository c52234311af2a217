"""MAP.toml of a raw set: how its files are read, and the sections of the clean study."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

from analysis.simulate import study_text
from analysis.simulate.code_lists import REFERENCE
from analysis.simulate.raw import places
from analysis.simulate.raw.office import Source

_HEAD = "# How the raw files of the synthetic county (simulated data) are read; written by `coopeval simulate --dirty`.\n"
_OWN_FILE = "household_spillover"  # a second reading of another table's file


def map_toml(sources: Sequence[Source], decisions: Sequence[dict[str, str]], seed: int) -> str:
    """The map; its study sections are those of the clean study without files, digests and truth."""
    import tomli_w

    zones = {zone: parent for zone, (parent, _) in places.ZONES.items()}
    content: dict[str, object] = {
        "import": {"vintage": REFERENCE, "zones": zones, "aliases": places.aliases()}
    }
    if decisions:
        content["decide"] = list(decisions)
    content["source"] = list(sources)
    return _HEAD + tomli_w.dumps(content | _study(seed))


def _study(seed: int) -> dict[str, object]:
    digests = dict.fromkeys(study_text.files(), "")
    sections = tomllib.loads(study_text.study_toml(digests, seed))
    del sections["truth"]
    for key, table in sections["tables"].items():
        del table["sha256"]
        if key != _OWN_FILE:
            del table["file"]
    return sections
