"""The records of study.toml: every decision of an evaluation, frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, Field, ValidationError, model_validator

from analysis import paths
from analysis.study._record import Key, Record, Text
from analysis.study.errors import StudyError, listed, nearest, problems
from analysis.study.membership import Membership
from analysis.study.plan import Plan
from analysis.study.robustness import Robustness
from analysis.study.sources import Sources

Estimator = Literal[
    "group_time", "imputation", "saturated", "twfe"
]  # the files in estimators/: a test compares
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)


class Table(Record):
    """A table of the study: where it lies, what must hold for it, and the roles of its columns.

    A panel table names `unit`, `time` and `cohort`; any other table names its `key`. In a panel table `design` says what
    its rows are: "panel", one row per unit and period, units with incomplete histories are left out and counted;
    "unbalanced_panel", the same, units with gaps stay; "repeated_cross_section", other people in every period: `unit`
    is where they live, the level that adopts, and `key` names the columns that identify a person's row.
    """

    file: str
    root: Literal["", "COOPEVAL_DATA"] = ""  # folder that `file` is relative to; "" = the study's own folder
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    sheet: str = ""
    key: tuple[str, ...] = ()
    unit: str = ""
    time: str = ""
    cohort: str = ""
    never: tuple[int | str, ...] = ()
    cluster: str = ""
    weight: str = ""
    model: str = ""
    group: str = ""
    level: Literal["unit", "household"] = "unit"
    design: Literal["panel", "unbalanced_panel", "repeated_cross_section"] = "panel"
    covariates: tuple[str, ...] | None = None  # None: those of [design]
    exclude: tuple[str, ...] = ()  # columns of true/false; units where true are left out, counted
    describe: dict[str, Text] = Field(
        default={}
    )  # columns compared at baseline between adopters and others, with labels
    description: Text | None = None

    @property
    def is_panel(self) -> bool:
        """Whether adoption is dated in this table."""
        return bool(self.cohort)


class Outcome(Record):
    """An outcome: which column of which table, in which unit, for which chapter."""

    table: str
    column: str
    unit: str
    label: Text
    primary: bool = False
    concept: Literal["collective_income", "household_income", "other"] = "other"


class Design(Record):
    """How effects are estimated; `covariates` are baseline columns, constant within a unit."""

    comparison_group: Literal["never_treated", "not_yet_treated"] = "not_yet_treated"
    base_period: Literal["varying", "universal"] = "varying"
    anticipation: int = Field(default=0, ge=0, le=10)
    covariates: tuple[str, ...] = ()
    adjustment: Literal["doubly_robust", "outcome_regression", "ipw"] = "doubly_robust"
    estimators: tuple[Estimator, ...] = ESTIMATORS
    conf_level: float = Field(default=0.95, gt=0.5, lt=1)
    seed: int = Field(default=20201101, ge=0)
    min_treated_units: int = Field(default=5, ge=2, le=1000)
    bootstrap_draws: int = Field(default=999, ge=99, le=100_000)

    @model_validator(mode="after")
    def _benchmark_beside_an_estimator(self) -> Design:
        if not set(self.estimators) - {"twfe"}:
            raise ValueError(
                "estimators: twfe is the benchmark that earlier adopters distort and never stands alone; name one of "
                "group_time, imputation, saturated"
            )
        return self


class Model(Record):
    """A treatment arm, one of the cooperative models."""

    label: Text
    name_status: Literal["county", "working"] = "working"
    dimension: str = ""


class Release(Record):
    """Who may read the report."""

    audience: Literal["internal", "public"] = "internal"


class About(Record):
    """What the study is called."""

    name: Key
    title: Text
    synthetic: bool = False
    unit_label: Text = Text(zh="村", en="village")
    warnings: tuple[Text, ...] = ()  # what readers of this study's numbers must know, printed on page one


class TrueEffect(Record):
    """Where the true effect on one outcome stands: a file with the panel's unit and time columns and this column."""

    file: str
    column: str


class Truth(Record):
    """Known effects by outcome; synthetic studies only, never read by an estimator."""

    folder: str
    effects: dict[Key, TrueEffect] = Field(default={})


class Study(Record):
    """A study folder's decisions. Made by `read_study`; never edited."""

    about: About = Field(alias="study")
    tables: dict[Key, Table]
    outcomes: dict[Key, Outcome]
    design: Design = Design()
    models: dict[Key, Model] = Field(default={})
    release: Release = Release()
    truth: Truth | None = None
    membership: Membership | None = None
    robustness: Robustness = Robustness()
    plan: Plan | None = None
    sources: dict[Key, Sources] = Field(default={})
    folder: Path = Field(default=Path(), exclude=True, strict=False)

    @model_validator(mode="after")
    def _refer_to_what_exists(self) -> Study:
        problems = [*self._table_problems(), *self._outcome_problems()]
        if self.truth is not None and not self.about.synthetic:
            problems.append("[truth]: only a study with synthetic = true has known effects; remove [truth]")
        if self.membership is not None:
            problems += self.membership.problems(self)
        problems += self.robustness.problems(self)
        if self.plan is not None:
            problems += self.plan.problems(self)
        for outcome, parts in self.sources.items():
            problems += parts.problems(outcome, self)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _table_problems(self) -> list[str]:
        problems = []
        for name, table in self.tables.items():
            if table.is_panel and not (table.unit and table.time):
                problems.append(f"[tables.{name}]: 'cohort' is given, so 'unit' and 'time' must be too")
            if table.design == "repeated_cross_section" and not table.key:
                problems.append(
                    f"[tables.{name}]: design = \"repeated_cross_section\" needs 'key', the columns that identify a "
                    "person's row, so that nobody is counted twice"
                )
            if not table.is_panel and table.design != "panel":
                problems.append(
                    f"[tables.{name}]: 'design' is of tables that date adoption; give 'cohort' or remove it"
                )
            if not table.is_panel and not table.key:
                problems.append(
                    f"[tables.{name}]: give 'unit', 'time' and 'cohort' (a panel on which adoption is dated) "
                    "or 'key' (the columns that identify a row)"
                )
        if not any(table.is_panel for table in self.tables.values()):
            problems.append("[tables]: no table dates adoption; give one of them 'unit', 'time' and 'cohort'")
        return problems

    def _outcome_problems(self) -> list[str]:
        problems = []
        panels = [name for name, table in self.tables.items() if table.is_panel]
        for name, outcome in self.outcomes.items():
            if outcome.table not in panels:
                problems.append(
                    f"[outcomes.{name}] table: {outcome.table!r} is not a panel table of this study; "
                    f"choose {listed(panels)}{nearest(outcome.table, panels)}"
                )
        if not self.outcomes:
            problems.append(
                "[outcomes]: none defined; add [outcomes.NAME] with table, column, unit and label"
            )
        primary = [name for name, outcome in self.outcomes.items() if outcome.primary]
        if len(primary) > 1:
            problems.append(f"[outcomes]: one primary outcome at most, here {listed(primary)}")
        return problems

    @property
    def primary_outcome(self) -> str:
        """Key of the primary outcome; the first one where none is marked."""
        marked = [name for name, outcome in self.outcomes.items() if outcome.primary]
        return marked[0] if marked else next(iter(self.outcomes))

    def outcome(self, key: str) -> Outcome:
        """The outcome of that key; StudyError naming the choices otherwise."""
        if key not in self.outcomes:
            choices = list(self.outcomes)
            raise StudyError(
                self.folder / "study.toml",
                [f"no outcome {key!r}; it defines {listed(choices)}{nearest(key, choices)}"],
            )
        return self.outcomes[key]

    def table(self, key: str) -> Table:
        """The table of that key; StudyError naming the choices otherwise."""
        if key not in self.tables:
            choices = list(self.tables)
            raise StudyError(
                self.folder / "study.toml",
                [f"no table {key!r}; it defines {listed(choices)}{nearest(key, choices)}"],
            )
        return self.tables[key]

    def outcomes_about(self, *concepts: str) -> list[str]:
        """Keys of the outcomes of these concepts, in the order of study.toml."""
        return [key for key, outcome in self.outcomes.items() if outcome.concept in concepts]

    def covariates(self, table: str) -> tuple[str, ...]:
        """Baseline covariates used with a table: its own list, else those of [design] if it is the main panel."""
        own = self.tables[table].covariates
        return self.design.covariates if own is None else own

    @property
    def panel_table(self) -> str:
        """Key of the table on which adoption of the units is dated: that of the primary outcome if it is one
        of units, else the first panel table of level "unit", else the primary outcome's."""
        primary = self.outcomes[self.primary_outcome].table
        units = [n for n, t in self.tables.items() if t.is_panel and t.level == "unit"]
        return primary if primary in units or not units else units[0]

    def changed(self, *, outcome: str, covariates: tuple[str, ...] | None = None, **design: object) -> Study:
        """The study with single design decisions changed (None: unchanged); `covariates` apply to the outcome's table.

        Raises
        ------
        StudyError : a value that [design] does not allow, with the choices.
        """
        table = self.outcome(outcome).table
        given = {key: value for key, value in design.items() if value is not None}
        tables = dict(self.tables)
        if covariates is not None:
            given["covariates"] = covariates
            tables[table] = tables[table].model_copy(update={"covariates": covariates})
        try:
            decided = Design.model_validate({**self.design.model_dump(), **given})
        except ValidationError as error:
            nested = [
                {**entry, "loc": ("design", *entry["loc"])} for entry in error.errors(include_url=False)
            ]
            raise StudyError(self.folder / "study.toml", problems(nested, SECTIONS)) from error
        return self.model_copy(update={"design": decided, "tables": tables})

    def path_of(self, table: str) -> Path:
        """Where the table's file lies. StudyError where its folder is not known."""
        declared = self.table(table)
        if declared.root == "COOPEVAL_DATA":
            base = paths.shared_data()
            if base is None:
                raise StudyError(
                    self.folder / "study.toml",
                    [
                        f"[tables.{table}] is read from the folder named by the environment variable "
                        "COOPEVAL_DATA, which is not set or not a folder; set it to the folder that holds "
                        f"{declared.file}"
                    ],
                )
            return base / declared.file
        return self.folder / declared.file


SECTIONS: dict[str, type[BaseModel]] = {
    "study": About, "tables": Table, "outcomes": Outcome, "design": Design,
    "models": Model, "release": Release, "truth": Truth, "membership": Membership, "robustness": Robustness,
    "plan": Plan, "sources": Sources,
}  # fmt: skip
