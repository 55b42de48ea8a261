"""The section on methods cites what was used, and tells how the model was chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

import lifeworth as lw
from lifeworth.pipelines.record.record import RunRecord
from lifeworth.pipelines.report.methods import MODELS, PAPERS, methods
from lifeworth.pipelines.report.parts import English, Section


@pytest.fixture(scope="module")
def section(second_record: RunRecord) -> Section:
    return methods(second_record)


def test_every_model_has_its_sentence_and_its_paper() -> None:
    kinds = (lw.BetaGeoModel, lw.ModifiedBetaGeoModel, lw.ParetoNBDModel, lw.GammaGammaModel)
    assert set(MODELS) == set(PAPERS) == {kind().name for kind in kinds}


def test_models_that_ran_are_cited_and_others_are_not(section: Section) -> None:
    cited = " ".join(section.parts[-1].points)
    assert "Counting Your Customers" in cited
    assert "Batislam" in cited
    assert "Gneiting & Raftery (2007)" in cited
    assert "Schmittlein" not in cited  # Pareto/NBD was no candidate
    assert all(isinstance(paper, English) for paper in section.parts[-1].points)


def test_steps_have_the_numbers_of_the_run(section: Section, second_record: RunRecord) -> None:
    said = " ".join(section.parts[0].points)
    origins = second_record.scorecard.totals["origin"].nunique()
    assert f"forecast from {origins} days in the past, knowing only what was known then, 4 weeks and 13 weeks" in said
    assert f"Of BG/NBD and MBG/NBD, {second_record.choice.model} was taken" in said
    assert "For the intervals 200 futures of every customer" in said


def test_of_a_single_model_nothing_is_compared(second_record: RunRecord) -> None:
    alone = replace(second_record.scorecard, models=("BG/NBD",))
    section = methods(replace(second_record, scorecard=alone))
    assert "BG/NBD is the only model that was tested." in section.parts[0].points
    assert [name for name, _ in section.parts[1].terms] == ["BG/NBD", "Gamma-Gamma"]
