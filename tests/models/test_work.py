"""Long work: spread over the cores in order, in bounded memory, telling how far it is."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lifeworth as lw
from lifeworth.models.ground import progress, threads
from lifeworth.models.ground.provenance import fingerprint, versions
from lifeworth.models.inference.diagnostics import Diagnostics
from lifeworth.models.inference.posterior import Posterior

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """What a reporter was told, while it is installed."""
    heard: list[Any] = []

    @contextmanager
    def reporter(description: str, steps: int) -> Iterator[Callable[[], None]]:
        heard.append((description, steps))
        yield lambda: heard.append("step")
        heard.append("end")

    assert lw.forecast is not None  # a name of the face, when first used, brings the reporter of the screen
    before = progress._reporter
    progress.set_reporter(reporter)
    yield heard
    progress.set_reporter(before)


def test_results_come_in_the_order_of_the_work() -> None:
    def slow_at_first(item: int) -> int:
        time.sleep(0.002 * (5 - item) if item < 5 else 0.0)
        return item * item

    assert list(threads.map_threads(slow_at_first, range(20))) == [item * item for item in range(20)]
    assert list(threads.map_threads(slow_at_first, [])) == []


def test_results_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 2)
    made: list[int] = []
    lock = threading.Lock()

    def work(item: int) -> int:
        with lock:
            made.append(item)
        return item

    results = threads.map_threads(work, range(50))
    for taken in range(40):
        next(results)
        time.sleep(0.0005)
        assert len(made) <= taken + 1 + 4


def test_an_error_in_a_thread_is_raised_where_the_results_are_read() -> None:
    def work(item: int) -> int:
        if item == 3:
            raise lw.InputError("item 3 is bad")
        return item

    with pytest.raises(lw.InputError, match="item 3 is bad"):
        list(threads.map_threads(work, range(10)))


def test_progress_is_told_step_by_step(told: list[Any]) -> None:
    assert list(threads.map_threads(str, [1, 2, 3], "Counting")) == ["1", "2", "3"]
    assert told == [("Counting", 3), "step", "step", "step", "end"]


def test_work_without_a_description_is_silent(told: list[Any]) -> None:
    assert list(threads.map_threads(str, [1, 2])) == ["1", "2"]
    assert told == []


def test_a_forecast_tells_how_far_it_is(told: list[Any], known: Any, cdnow_spend: Any, four: Any) -> None:
    lw.forecast(known.fitted, cdnow_spend, four, "4W", draws=10)
    assert "Simulating futures" in [entry[0] for entry in told if isinstance(entry, tuple)]
    assert told.count("end") == sum(isinstance(entry, tuple) for entry in told)


def test_without_a_reporter_there_is_silence(told: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    progress.set_reporter(None)
    assert list(progress.track([1, 2], "Quiet", 2)) == [1, 2]
    assert told == []
    assert capsys.readouterr().out == ""


def test_a_reporter_of_ones_own_stays_when_further_names_are_loaded(told: list[Any]) -> None:
    vars(lw).pop("Economics", None)
    assert lw.Economics(0.3, 0.1).margin == 0.3
    assert list(progress.track([1], "Mine", 1)) == [1]
    assert told[0] == ("Mine", 1)


def test_a_fingerprint_tells_data_apart(four: Any, cdnow_sample: Any) -> None:
    x, other = four.frame["frequency"].to_numpy(), cdnow_sample.frame["frequency"].to_numpy()
    assert fingerprint(x) == fingerprint(x.copy())
    assert len({fingerprint(x), fingerprint(other), fingerprint(x[::-1])}) == 3
    assert versions()["lifeworth_version"] == lw.__version__


def test_a_fit_carries_the_fingerprint_of_its_data_whatever_their_order(any_model: Any, cdnow_sample: Any) -> None:
    shuffled = lw.CustomerSummary.from_frame(cdnow_sample.frame.sample(frac=1.0, random_state=1), unit="W")
    fewer = lw.CustomerSummary.from_frame(cdnow_sample.frame.head(2000), unit="W")
    prints = [
        any_model().fit(summary, method="map").posterior.attributes["fingerprint"]
        for summary in (cdnow_sample, shuffled, fewer)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_inference_data_have_coordinates_attributes_and_statistics(any_model: Any, fitted: Any) -> None:
    idata = fitted(any_model).idata
    assert set(idata.children) == {"posterior", "sample_stats"}
    assert set(idata["posterior"].data_vars) == set(any_model.parameters)
    assert dict(idata["posterior"].sizes) == {"chain": 1, "draw": 4000}
    assert {"lp", "importance_weight"} <= set(idata["sample_stats"].data_vars)
    attributes = idata["posterior"].attrs
    assert attributes["model"] == any_model.name
    assert attributes["until"] == "1997-09-30"
    assert attributes["method"] == "laplace"
    assert {"seed", "scale", "priors", "customers", "lifeworth_version", "numpy_version", "fingerprint"} <= set(
        attributes
    )


# ---- draws ---------------------------------------------------------------------------------------


def numbered(chains: int, draws: int) -> Posterior:
    """A posterior of one parameter whose draws are numbered through all chains."""
    values = np.arange(float(chains * draws)).reshape(chains, draws, 1)
    return Posterior(("number",), values, {}, Diagnostics("nuts"))


def test_draws_for_a_forecast_are_taken_evenly_from_all_chains() -> None:
    assert numbered(4, 10).spread(8)[0].tolist() == [0, 5, 10, 15, 20, 25, 30, 35]
    assert numbered(4, 10).spread(40)[0].tolist() == list(range(40))


def test_where_there_are_fewer_draws_they_are_used_again() -> None:
    assert numbered(1, 3).spread(7)[0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert numbered(4, 10).mean.tolist() == [19.5]
    assert len(numbered(4, 10)) == 40
