"""What each notebook can be told, typed, and checked before anything runs."""

from __future__ import annotations

import ast
import difflib
import json
import re
import types
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analysis.report.errors import ParameterError
from analysis.study import Study

RESERVED = ("study", "language", "run_folder")  # set by the run itself
SECTIONS = "repeated_cross_section"  # a table's design
Language = Literal["zh", "en"]
Estimator = Literal["group_time", "imputation", "saturated", "twfe"]


def _labelled(default: str, zh: str, en: str) -> Any:
    return Field(default=default, json_schema_extra={"zh": zh, "en": en})


class Parameters(BaseModel):
    """Parameters of every notebook; `about` says which outcomes one that takes an outcome is run for.

    needs : sections of study.toml without which a report leaves the notebook out and names the matter as not measured
    followed : whether it needs the same units over time, so that it is not run for outcomes of repeated cross-sections
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    about: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    followed: ClassVar[bool] = False

    study: str = _labelled("data/demo_county", "评估项目所在目录", "folder of the study")
    language: Language = _labelled("zh", "语言", "language")
    run_folder: str = _labelled(
        "", "结果保存目录;空则只显示", "folder where results are kept; empty: shown only"
    )


class Of(Parameters):
    """A notebook about one outcome."""

    outcome: str = _labelled(
        "", "结果变量;空则取主要结果", "key of an outcome in study.toml; empty: the primary one"
    )


class CollectiveIncome(Of):
    """03: effects on collective income and on whatever else was measured for units."""

    about = ("collective_income", "other")
    estimator: Estimator = _labelled("group_time", "估计方法", "estimator")


class HouseholdIncome(Of):
    """04: effects on household income."""

    about = ("household_income",)
    estimator: Estimator = _labelled("group_time", "估计方法", "estimator")


class HouseholdDistribution(Of):
    """04c: outcomes of single households."""

    about = ("single_households",)
    followed = True
    estimator: Estimator = _labelled("group_time", "估计方法", "estimator")


class IncomeSources(Of):
    """04d: outcomes whose sources are declared."""

    about = ("sources",)
    followed = True
    estimator: Estimator = _labelled("group_time", "估计方法", "estimator")


class Members(Parameters):
    """04b: members against non-members."""

    needs = ("membership",)


class Primary(Of):
    """05, 06 and 06b: about the primary outcome."""

    about = ("primary",)


class Followed(Primary):
    """06: the primary outcome, if its units are followed over time."""

    followed = True


class Plan(Parameters):
    """07b: every outcome, judged as the plan says."""

    estimator: Estimator = _labelled("group_time", "估计方法", "estimator")


MODELS: dict[str, type[Parameters]] = {
    "01_data": Parameters,
    "02_programme": Parameters,
    "03_collective_income": CollectiveIncome,
    "04_household_income": HouseholdIncome,
    "04b_members": Members,
    "04c_distribution": HouseholdDistribution,
    "04d_income_sources": IncomeSources,
    "05_ten_models": Primary,
    "06_robustness": Followed,
    "06b_sensitivity": Primary,
    "07b_plan": Plan,
    "09_report": Parameters,
}


def model_of(notebook: str) -> type[Parameters]:
    """The parameters of a notebook; one that is not listed here has those of every notebook."""
    return MODELS.get(notebook, Parameters)


def outcomes_of(notebook: str, study: Study) -> list[str]:
    """Outcomes that a notebook is run for in this study; empty where it takes none or none was measured."""
    about = model_of(notebook).about
    if about == ("primary",):
        found = [study.primary_outcome]
    elif about == ("sources",):
        found = list(study.sources)
    elif about == ("single_households",):
        keys = study.outcomes_about("household_income")
        found = [key for key in keys if study.table(study.outcome(key).table).level == "household"]
    else:
        found = study.outcomes_about(*about)
    if model_of(notebook).followed:
        found = [key for key in found if study.table(study.outcome(key).table).design != SECTIONS]
    return found


def check(settings: dict[str, str], study: Study, notebooks: list[str]) -> dict[str, Parameters]:
    """Parameters of every notebook, defaults and `settings` together.

    Parameters
    ----------
    settings : "notebook.parameter" -> value as typed; text stays text ("014407" stays "014407").
    notebooks : names of the notebooks of this run.

    Raises
    ------
    ParameterError : all unknown names, wrong types and values out of range, each with what is possible.
    """
    problems: list[str] = []
    given: dict[str, dict[str, Any]] = {name: {} for name in notebooks}
    for setting, text in settings.items():
        notebook, _, parameter = setting.rpartition(".")
        name = _notebook_named(notebook, notebooks)
        if name is None:
            problems.append(_no_notebook(setting, notebook, notebooks))
            continue
        problem = _problem(setting, name, parameter, text, study)
        if problem:
            problems.append(problem)
        else:
            given[name][parameter] = _typed(text, model_of(name).model_fields[parameter].annotation)
    made = {}
    for name, values in given.items():
        try:
            made[name] = model_of(name)(**values)
        except ValidationError as error:
            problems += [_sentence(name, entry) for entry in error.errors(include_url=False)]
    if problems:
        raise ParameterError(problems)
    return made


def differences(notebook: Path) -> list[str]:
    """How the `parameters` cell of a notebook differs from its model; empty if it does not."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        return [f"{notebook.name}: {len(tagged)} cells are tagged 'parameters'; there must be one"]
    found = {}
    for node in ast.parse("".join(tagged[0]["source"])).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = (ast.unparse(node.annotation), ast.literal_eval(node.value))
    fields = model_of(notebook.stem).model_fields
    wanted = {name: (_plain_name(field.annotation), field.default) for name, field in fields.items()}
    return [
        f"{notebook.name}: {name} is {found.get(name, 'absent')} in the notebook, "
        f"{wanted.get(name, 'absent')} in its model"
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name) != wanted.get(name)
    ]


def _notebook_named(given: str, notebooks: list[str]) -> str | None:
    if given in notebooks:
        return given
    short = [name for name in notebooks if given in {name.partition("_")[2], name.partition("_")[0]}]
    return short[0] if len(short) == 1 else None


def _no_notebook(setting: str, notebook: str, notebooks: list[str]) -> str:
    if not notebook:
        return f"{setting}: write notebook.parameter=value, for example {notebooks[0]}.NAME=VALUE"
    return (
        f"{setting}: no notebook {notebook!r}; there are {', '.join(notebooks)}{_near(notebook, notebooks)}"
    )


def _problem(setting: str, notebook: str, parameter: str, text: str, study: Study) -> str:
    fields = model_of(notebook).model_fields
    free = [name for name in fields if name not in RESERVED]
    offered = ", ".join(free) if free else "none that can be set"
    if parameter in RESERVED:
        return f"{setting}: {parameter!r} is set by the run itself; this notebook's own parameters: {offered}"
    if parameter not in fields:
        near = _near(parameter, free)
        return f"{setting}: notebook {notebook} has no parameter {parameter!r}; it has {offered}{near}"
    if parameter == "outcome" and text:
        about = model_of(notebook).about
        choices = list(study.outcomes) if about == ("primary",) else outcomes_of(notebook, study)
        if not choices:
            return f"{setting}: this study measured no outcome for {notebook}; leave the parameter out"
        if text not in choices:
            near = _near(text, choices)
            return f"{setting}: no outcome {text!r} for this notebook; choose {', '.join(choices)}{near}"
    try:
        _typed(text, fields[parameter].annotation)
    except ValueError:
        return f"{setting}: {text!r} is not {_KINDS[_plain(fields[parameter].annotation)]}"
    return ""


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _plain(annotation: Any) -> type:
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    if get_origin(annotation) in {Annotated, types.UnionType}:
        return _plain(get_args(annotation)[0])
    return annotation


def _plain_name(annotation: Any) -> str:
    return _plain(annotation).__name__


def _typed(text: str, annotation: Any) -> Any:
    kind = _plain(annotation)
    if kind is int and re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    if kind is float and re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return float(text)
    if kind is bool and text in {"true", "false"}:
        return text == "true"
    if kind is str:
        return text
    raise ValueError(text)


def _sentence(notebook: str, entry: Any) -> str:
    name = str(entry["loc"][0])
    choices = re.findall(r"'([^']*)'", entry.get("ctx", {}).get("expected", ""))
    if choices:
        near = _near(str(entry["input"]), choices)
        return f"{notebook}.{name}: {entry['input']!r} is not allowed; choose {', '.join(choices)}{near}"
    return f"{notebook}.{name}: {entry['msg'][0].lower()}{entry['msg'][1:]}, here {entry['input']!r}"


def _near(given: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(given, choices, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
