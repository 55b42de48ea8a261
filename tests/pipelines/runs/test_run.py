"""A run: published whole, made once, gone on with after a kill, held where it must be, and said so."""

import json
import os
import resource
from pathlib import Path

import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.pipelines.runs import run as run_module
from lifeworth.pipelines.runs.steps import STEPS

FIRST, SECOND = "1998-05-31", "1998-06-30"


def table(out: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(out / "current" / "tables" / f"{name}.parquet")


def current(settings: Path) -> str:
    return os.readlink(settings.parent / "out" / "current")


def test_a_first_run_publishes_everything_and_has_nothing_to_compare_with(published):
    out = published.parent / "out"
    names = {path.name for path in (out / "current").iterdir()}
    assert names >= {
        "report.html", "customers.parquet", "customers.csv", "lifeworth.xlsx", "summary.json", "manifest.json",
        "quarantine.parquet", "models", "tables", "state",
    }  # fmt: skip
    assert table(out, "bridge").empty
    assert list((out / ".work").iterdir()) == []
    manifest = json.loads((out / "current" / "manifest.json").read_text())
    assert current(published) == f"runs/{manifest['run_id']}"
    assert manifest["data"]["rows_in"] == manifest["data"]["rows_used"] + manifest["data"]["rows_set_aside"]
    assert manifest["data"]["rows_set_aside"] == len(pd.read_parquet(out / "current" / "quarantine.parquet"))


def test_a_finished_run_is_not_made_again(published):
    heard = []
    again = lw.run(published, as_of=FIRST, listen=heard.append)
    assert again.ending == "nothing to do"
    assert [event.name for event in heard] == ["read", "run"]
    assert again.figures["run_id"] == again.run_id


def test_a_month_later_the_run_is_compared_with_the_one_before(second_night):
    out = second_night.parent / "out"
    before = current(second_night)
    result = lw.run(second_night, as_of=SECOND)
    assert result.ending in ("published", "published with warnings")
    bridge = table(out, "bridge")
    assert bridge["mean"].iloc[1:-1].sum() == pytest.approx(bridge["mean"].iloc[-1] - bridge["mean"].iloc[0])
    assert set(bridge["last_run_id"]) == {before.removeprefix("runs/")}
    assert set(table(out, "since")["quantity"]) == {"purchases", "spend"}
    assert table(out, "champion")["role"].tolist() == ["champion"]
    customers = pd.read_parquet(out / "current" / "customers.parquet")
    assert customers["previous_tier"].notna().all()
    # An earlier day again: finished before, and readers go on to see the later one.
    heard = []
    assert lw.run(second_night, as_of=FIRST, listen=heard.append).ending == "nothing to do"
    assert current(second_night) == f"runs/{result.run_id}"
    assert (
        heard[-1].message
        == f"{before.removeprefix('runs/')} was published before, and {result.run_id} since: nothing to do"
    )


def test_a_run_of_an_earlier_day_is_held_and_can_be_asked_for(second_night):
    before = current(second_night)
    held = lw.run(second_night, as_of="1998-04-30")
    assert held.ending == "held"
    assert (held.folder / "why.txt").read_text().startswith(f"Run {held.run_id} was held back by the gate going_back")
    assert current(second_night) == before
    asked = lw.run(
        second_night, as_of="1998-04-30", accept=[gate.gate for gate in held.gates if gate.outcome == "held"]
    )
    assert asked.ending == "published with warnings"
    assert table(second_night.parent / "out", "bridge").empty


class Killed(BaseException):
    """Ends a run as a kill does: nothing of ours catches it."""


def kill_at(step: str):
    """Steps of which one dies."""

    def die(state):
        raise Killed

    return tuple(die if each.__name__ == step else each for each in STEPS)


def test_a_run_that_was_killed_goes_on_where_it_was_and_finds_the_same_numbers(shop, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(run_module, "STEPS", kill_at("value"))
        with pytest.raises(Killed):
            lw.run(shop, as_of=FIRST)
    assert not (tmp_path / "out" / "current").exists()
    heard = []
    lw.run(shop, as_of=FIRST, listen=heard.append)
    kept = [event.name for event in heard if event.what == "kept"]
    assert kept == [step.__name__ for step in STEPS[: kept.index(kept[-1]) + 1]]
    assert kept[-1] == "forecast"
    straight = tmp_path / "straight"
    lw.run(shop, as_of=FIRST, out=straight)
    for name in ("totals", "parameters", "cash_flow", "tiers"):
        pd.testing.assert_frame_equal(table(tmp_path / "out", name), table(straight, name), check_exact=True)


def test_a_checkpoint_that_is_half_written_is_made_again(shop, tmp_path):
    lw_look = run_module.look(shop, "fit", as_of=FIRST)
    (lw_look.work / "fit.checkpoint").write_bytes(b"half")
    heard = []
    run_module.look(shop, "diagnose", as_of=FIRST, listen=heard.append)
    assert [(event.what, event.name) for event in heard] == [
        ("done", "read"), ("kept", "check"), ("kept", "summarise"), ("done", "fit"), ("done", "diagnose")
    ]  # fmt: skip


def test_amounts_in_cents_are_held_by_a_gate_that_says_so_and_can_be_accepted(second_night, orders):
    folder, before = second_night.parent, current(second_night)
    orders.assign(amount=100.0 * orders["amount"]).to_csv(folder / "orders.csv", index=False)
    result = lw.run(second_night, as_of=SECOND)
    assert result.ending == "held"
    assert current(second_night) == before
    why = (result.folder / "why.txt").read_text()
    assert "max_amount_ratio" in why.splitlines()[0]
    assert "cents" in why
    assert (result.folder / "gates.csv").is_file()
    held = [gate.gate for gate in result.gates if gate.outcome == "held"]
    accepted = lw.run(second_night, as_of=SECOND, accept=held)
    assert accepted.ending in ("held", "published with warnings")
    assert not {gate.gate for gate in accepted.gates if gate.outcome == "held"} & set(held)


def test_a_gate_that_is_none_cannot_be_accepted(shop):
    with pytest.raises(lw.InputError, match="accept: no gate 'rows'; expected some of schema_change"):
        lw.run(shop, accept=["rows"])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.unlink(), "orders.csv"),
        (lambda file: file.write_bytes(b""), "orders.csv"),
        (lambda file: file.write_text("customer_id,day\n1,1998-01-01\n"), "there is no 'amount'"),
    ],
)
def test_a_source_that_is_gone_empty_or_changed_leaves_what_is_published(second_night, damage, said):
    before = current(second_night)
    damage(second_night.parent / "orders.csv")
    with pytest.raises(lw.InputError, match=said):
        lw.run(second_night, as_of=SECOND)
    assert current(second_night) == before
    assert list((second_night.parent / "out" / ".work").iterdir()) == []


def test_a_disk_that_takes_no_more_leaves_what_is_published_and_the_next_run_succeeds(second_night):
    before = current(second_night)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(lw.PlaceError, match=r"cannot write into .*untouched"):
            lw.run(second_night, as_of=SECOND)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert current(second_night) == before
    assert lw.run(second_night, as_of=SECOND).ending in ("published", "published with warnings")
    assert current(second_night) != before


def test_a_place_that_cannot_be_written_is_named(shop):
    with pytest.raises(lw.InputError, match="cannot write into '/proc/lifeworth'"):
        lw.run(shop, as_of=FIRST, out="/proc/lifeworth")


def test_the_last_day_decides_which_run_it_is_and_settings_of_the_place_do_not(shop, tmp_path):
    one = run_module.look(shop, "check", as_of=FIRST)
    other = run_module.look(shop, "check", as_of=SECOND)
    elsewhere = run_module.look(shop, "check", as_of=FIRST, out=tmp_path / "elsewhere")
    assert one.run_id == elsewhere.run_id != other.run_id
    assert one.run_id.startswith(FIRST)
    shop.write_text(shop.read_text().replace("margin = 0.3", "margin = 0.4"))
    assert run_module.look(shop, "check", as_of=FIRST).run_id != one.run_id


def test_the_order_of_the_rows_does_not_matter(shop, tmp_path, orders):
    one = run_module.look(shop, "check", as_of=FIRST)
    orders.sample(frac=1.0, random_state=1).to_csv(tmp_path / "orders.csv", index=False)
    assert run_module.look(shop, "check", as_of=FIRST).run_id == one.run_id


@pytest.mark.parametrize(("asked", "day"), [('"last order"', "1998-06-30"), ("1998-03-31", "1998-03-31")])
def test_the_settings_say_which_day_a_run_speaks_of(shop, asked, day):
    shop.write_text(shop.read_text().replace("[run]", f"[run]\nas_of = {asked}"))
    assert run_module.look(shop, "check").as_of == pd.Timestamp(day)
