"""Every figure draws in both languages with warnings as errors, is not cut, and gives the same bytes twice."""

from __future__ import annotations

import warnings
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from small_study import village_table, write_study

from analysis import samples
from analysis.checks.attrition import attrition
from analysis.figures import FigureError, figure_module, names
from analysis.figures._style import MODEL_COLOUR, new_axes, save, style, wrapped
from analysis.figures.distribution import _edges
from analysis.report.chapters import (
    distribution,
    members,
    plan,
    published,
    robustness,
    sensitivity,
    sources,
    validity,
)
from analysis.report.page import open_page


@cache
def page(language: str):
    return open_page(
        "03_collective_income", study="data/demo_county", language=language, outcome="operating_surplus"
    )


def of_households() -> dict[str, tuple]:
    """What the figures about single households draw."""
    here = open_page("04c_distribution", study="data/demo_county", language="en", outcome="member_income")
    sample = distribution.households(here)
    parts = sources.parts(here, sample)
    return {
        "group_effects": (distribution.groups(here, sample, "group_time"),),
        "links": (sources.links(here, sample, "group_time"),),
        "lorenz": (distribution.curves(here, distribution.everyone(here, sample)),),
        "losers": (distribution.losers(here, sample),),
        "quantile_effects": (distribution.quantiles(here, sample, "group_time").rows,),
        "waterfall": (sources.waterfall(here, sample, parts, "group_time").steps,),
    }


def of_choices() -> dict[str, tuple]:
    """What the figures about other choices draw."""
    here = open_page("06_robustness", study="data/demo_county", language="en")
    case = robustness.case(here, here.sample())
    rows = here.specifications(case)
    return {
        "exposure": (robustness.spillover(here, case),),
        "placebo_units": (robustness.placebo_units(here, case), rows.iloc[0]),
        "specification": (rows,),
        "specification_curve": (robustness.curve(here, case),),
    }


def of_proof() -> dict[str, tuple]:
    """What the figures about known truth draw."""
    proof = validity.proof(page("en"))
    return {
        "interval_coverage": (proof.villages,),
        "ladder_seeds": (proof.steps("member"),),
        "recovery": (proof.villages,),
    }


def of_sensitivity() -> dict[str, tuple]:
    """What the figures about wrong assumptions draw; a village of the small county is missing for a while."""
    here = open_page("06b_sensitivity", study="data/demo_county", language="en")
    start = sensitivity.main(here)
    trends = sensitivity.trends(here, start)
    rows = here.units[~((here.units["year"] == 2024) & (here.units["village_id"].str[-1] == "1"))]
    table, design = here.panel_table, here.design
    return {
        "attrition": (attrition(rows, table, "ci_operating_surplus", design, unit=here.unit),),
        "bacon": (sensitivity.comparisons(here, start).found,),
        "detectable": (sensitivity.detectable(here, start).found,),
        "inference_methods": (sensitivity.inference(here, start).found,),
        "omitted_variable": (sensitivity.confounding(here, start).found,),
        "pretest_power": (sensitivity.pretest(here, trends).found,),
        "synthetic": (sensitivity.synthetic(here, start).found,),
        "trend_bounds": (sensitivity.bounds(here, trends, "smoothness").found,),
    }


@cache
def data() -> dict[str, tuple]:
    """What each figure draws, from the synthetic county."""
    here = page("en")
    sample = here.sample()
    effects = here.fit("group_time", sample)
    each = here.each_estimator(sample)
    by_model = here.sample_by_model()
    households = members.compared(here)
    models = [here.average(here.fit(name, by_model), by="model") for name in ("imputation", "group_time")]
    return {
        "balance": (here.balance(),),
        "distribution": (here.spread(),),
        "coverage": (samples.coverage(here.tables, here.study),),
        "event_study": (here.average(effects, by="event_time"),),
        **of_households(),
        **of_proof(),
        "flow_diagram": (samples.diagram(here.samples(), here.study),),
        "forest": (here.beside(*models),),
        "heat_map": (here.average(effects, by="cell"),),
        "heaping": (samples.heaped(here.tables, here.study),),
        "joining": (members.joining(here, households),),
        "ladder": (here.ladder(sample, effects, each),),
        "love_plot": (members.balance(here, households),),
        "member_effects": (members.effects(here, households, None),),
        "overlap": (members.overlap(here, households),),
        "outliers": (samples.extremes(here.tables, here.study, here.key),),
        "prices": (samples.prices(here.held),),
        "published_distance": (published.published(here).rows,),
        "published_trainees": (published.trainees(here),),
        "rollout": (here.rollout(),),
        **of_choices(),
        **of_sensitivity(),
        "subgroups": (plan.groups(here, "group_time"),),
        "three_questions": (members.together(here),),
    }


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", names())
def test_every_figure_draws_in_both_languages(name, language, tmp_path):
    words, module = page(language).words, figure_module(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("default", ResourceWarning)  # of sockets that other tests left to the collector
        axes = module.draw(*data()[name], words)
        svg = save(axes, tmp_path / name)

    assert svg.startswith("<?xml")
    assert axes.get_title() == "", "no title in the picture"
    assert axes.get_xlabel(), "the axis says what it shows"
    assert {path.suffix for path in tmp_path.iterdir()} == {".svg", ".pdf", ".png"}
    assert len(module.alt(*data()[name], words)) > 40
    assert module.note(*data()[name], words)
    assert set(module.CAPTION) == {"zh", "en"}


def tick_labels(axis) -> list:
    """Labels of the ticks that are drawn, those inside the axis."""
    low, high = sorted(axis.get_view_interval())
    found = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    return [label for place, label in found if low <= place <= high and label.get_text()]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", names())
def test_nothing_is_cut_or_written_over(name, language):
    with style():
        axes = figure_module(name).draw(*data()[name], page(language).words)
        figure = axes.get_figure()
        figure.draw_without_rendering()
        renderer = FigureCanvasAgg(figure).get_renderer()
        whole = figure.bbox
        for axis in (axis for each in figure.axes for axis in (each.xaxis, each.yaxis)):
            labels = tick_labels(axis)
            boxes = [label.get_window_extent(renderer) for label in labels]
            for first, second in pairwise(boxes):
                assert not first.overlaps(second), f"tick labels overlap: {[t.get_text() for t in labels]}"
            for text in (axis.label, *labels, *axes.texts):
                box = text.get_window_extent(renderer)
                inside = whole.x0 - 1 <= box.x0 and box.x1 <= whole.x1 + 1
                assert not text.get_text() or (
                    inside and whole.y0 - 1 <= box.y0 and box.y1 <= whole.y1 + 1
                ), f"{text.get_text()} is cut"


@pytest.mark.parametrize("name", ["event_study", "heat_map"])
def test_the_same_input_gives_the_same_bytes(name, tmp_path):
    for turn in ("a", "b"):
        save(figure_module(name).draw(*data()[name], page("zh").words), tmp_path / turn)
    for kind in ("svg", "pdf", "png"):
        first, second = ((tmp_path / f"{turn}.{kind}").read_bytes() for turn in ("a", "b"))
        assert first.replace(b"/a.svg", b"/b.svg") == second, kind


def test_the_bitmap_is_large_enough_for_print_and_not_empty(tmp_path):
    save(figure_module("rollout").draw(*data()["rollout"], page("zh").words), tmp_path / "r")
    with Image.open(tmp_path / "r.png") as image:
        assert image.width >= 6.5 * 300
        assert len(set(np.asarray(image.convert("L")).ravel().tolist())) > 20


def test_a_character_that_no_font_has_is_an_error():
    with style():
        axes = new_axes()
        axes.set_xlabel("\U00020bb7")  # a rare hanzi outside GB2312
        with pytest.raises(UserWarning, match=r"[Gg]lyph"):
            axes.get_figure().draw_without_rendering()


def test_an_unknown_figure_is_refused_with_the_choices():
    with pytest.raises(FigureError, match="no figure 'pie'; there are " + ", ".join(names())):
        figure_module("pie")


def test_models_have_one_colour_each_that_grey_print_tells_apart_from_its_neighbours():
    assert list(MODEL_COLOUR) == [f"M{i:02d}" for i in range(1, 11)]
    assert len(set(MODEL_COLOUR.values())) == 10

    def grey(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    shades = [grey(colour) for colour in MODEL_COLOUR.values()]
    assert all(abs(a - b) > 12 for a, b in pairwise(shades))


def test_a_public_histogram_has_no_bin_of_a_few_units():
    rng = np.random.default_rng(1)
    values = rng.lognormal(1, 1.2, 366)
    edges = _edges(values, log=True, least=10)
    counts, _ = np.histogram(values, edges)

    assert counts.min() >= 10
    assert counts.sum() == 366


def test_few_units_in_a_public_report_are_not_drawn(tmp_path):
    folder = write_study(tmp_path / "s", village_table(n=24), design='[release]\naudience = "public"')
    public = open_page("03_collective_income", study=str(folder), language="en", outcome="income")
    effects = public.fit("group_time", public.sample())
    shown = public.average(effects, by="cohort")

    assert shown.rows["estimate"].isna().all(), "six units per cohort"
    note = figure_module("heat_map").note(public.average(effects, by="cell"), public.words)
    assert "withheld" in note
    axes = figure_module("rollout").draw(public.rollout(), public.words)
    assert "6" not in [t.get_text() for t in axes.texts]


def test_long_labels_are_broken_between_words():
    assert wrapped("mean operating surplus 2015-19 (asinh, 10,000 yuan)").split("\n") == [
        "mean operating surplus", "2015-19 (asinh, 10,000 yuan)",
    ]  # fmt: skip
    assert wrapped("户数") == "户数"
    assert "\n" in wrapped("年均经营收益（反双曲正弦，以万元计）")


def test_the_ladder_draws_without_truth_and_without_others():
    steps = data()["ladder"][0]
    bare = steps[steps["step"] != "truth"].copy()
    bare.loc[bare["step"] == "difference", ["estimate", "conf_low", "conf_high"]] = np.nan
    axes = figure_module("ladder").draw(bare.reset_index(drop=True), page("en").words)
    assert len(axes.get_yticklabels()) == len(bare)
    assert pd.notna(bare["estimate"]).sum() == len(bare) - 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_ladder_tells_three_kinds_apart_and_names_what_has_no_number(language):
    steps, words, module = data()["ladder"][0], page(language).words, figure_module("ladder")
    marks = {
        line.get_marker()
        + line.get_fillstyle()
        + str(line.get_markerfacecolor() == "white"): line.get_color()
        for line in module.draw(steps, words).get_lines()
        if line.get_marker() in {"o", "D"}
    }
    assert len(steps) == 13
    assert len(set(marks.values())) == 4, "naive, adjusted, credible, truth"
    assert words("notes.ladder_adjusted") in module.note(steps, words)

    gone = steps.copy()
    gone.loc[gone["step"] == "ipw", ["estimate", "conf_low", "conf_high"]] = np.nan
    assert words("notes.ladder_without", steps=words("steps.ipw")) in module.note(gone, words)
    bare = steps.copy()
    bare.loc[bare["step"] == "aipw", ["conf_low", "conf_high"]] = np.nan
    labels = [label.get_text() for label in module.draw(bare, words).get_yticklabels()]
    assert [label for label in labels if words("terms.no_interval") in label] == [
        f"{words('steps.aipw')}\n{words('terms.no_interval')}"
    ]
    without = steps[~steps["step"].isin(["ols", "nearest_neighbour", "ipw", "aipw"])]
    without = without[~without["step"].isin(["entropy_balancing", "matched_differences"])]
    assert words("notes.ladder_no_covariates") in module.note(without, words)
