"""The docs run: every block of Python of a page, in order and without a warning, prints what stands below it."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import matplotlib as mpl
import pytest

import lifeworth as lw
from lifeworth.models import MODELS, SPEND_MODELS, TRANSACTION_MODELS

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
README: Final = "README.md"
PAGES: Final = sorted(str(path.relative_to(ROOT)) for path in (*DOCS.rglob("*.md"), ROOT / README))
LONG: Final = ("docs/does-it-hold.md",)
"""Run by `make test-slow`: backtests of full logs, whose numbers other tests hold too."""
CHOOSER: Final = "docs/how-to-choose-a-model.md"

LANGUAGES: Final = {"", "bash", "math", "python", "text", "toml"}
"""What a fence may hold; code by another name, such as py, would not be run."""
FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
NUMBER: Final = re.compile(r"-?\d[\d,]*(?:\.\d+)?")

RELATIVE: Final = 0.01
"""By how much a number printed may differ from the page's: the last digits hang on the processor."""
PAGES_OF_A_MODEL_HAVE: Final = (
    "The story", "The formula", "The parameters", "The default priors", "What it assumes", "When it fails",
    "On CDNOW", "Sources",
)  # fmt: skip


class Block(NamedTuple):
    """A block of Python, the line of the page it begins at, and the output that is stated below it."""

    line: int
    code: str
    stated: str | None


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose_of(page: str) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", text_of(page))


def blocks_of(page: str) -> Iterator[Block]:
    """Every block of Python; a block of text right below it is its output."""
    text = text_of(page)
    fences = list(FENCE.finditer(text))
    for fence, below in zip(fences, [*fences[1:], None], strict=True):
        if fence[1] != "python":
            continue
        follows = below is not None and below[1] == "text" and not text[fence.end() : below.start()].strip()
        yield Block(text[: fence.start()].count("\n") + 2, fence[2], below[2] if below and follows else None)


def outputs_of(page: str) -> Iterator[tuple[Block, str]]:
    """Run the blocks of a page in one namespace; each with what it prints."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(page):
        printed = io.StringIO()
        # as many empty lines in front as on the page, so that a traceback names its lines
        code = compile("\n" * (block.line - 1) + block.code, page, "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        yield block, printed.getvalue()


def differences(printed: str, stated: str) -> list[str]:
    """Lines of an output that are not those stated: words and shape exactly, numbers nearly."""
    ours, theirs = printed.rstrip().splitlines(), stated.rstrip().splitlines()
    if len(ours) != len(theirs):
        return [f"{len(ours)} lines printed, {len(theirs)} stated; printed:\n{printed}"]
    return [f"printed {a!r}, stated {b!r}" for a, b in zip(ours, theirs, strict=True) if not alike(a, b)]


def alike(printed: str, stated: str) -> bool:
    """Whether two lines have the same words, and numbers within 1 % or a step of the last digit stated."""
    if [part.split() for part in NUMBER.split(printed)] != [part.split() for part in NUMBER.split(stated)]:
        return False
    for ours, theirs in zip(NUMBER.findall(printed), NUMBER.findall(stated), strict=True):
        step = 10.0 ** -len(theirs.partition(".")[2])
        value = float(theirs.replace(",", ""))
        is_count = "." not in theirs and abs(value) < 100.0  # such as a horizon, a year of a hundred, "90 %"
        room = 0.0 if is_count else max(RELATIVE * abs(value), 1.001 * step)
        if abs(float(ours.replace(",", "")) - value) > room:
            return False
    return True


def page_of(name: str) -> str:
    """The page of a model by the name the literature gives it."""
    return f"models/{name.lower().replace('/', '-')}.md"


def anchors_of(page: Path) -> set[str]:
    """What links to the headings of a page are called, as GitHub makes them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# ---- code ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.slow) if page in LONG else page for page in PAGES]
)
def test_every_block_of_a_page_runs_and_prints_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # files that a page writes
    if page == README:  # word for word, but on the small log: forecast and value of all of CDNOW take minutes
        monkeypatch.setattr(lw, "load_cdnow", partial(lw.load_cdnow, sample=True))
    with mpl.rc_context({"backend": "agg"}):
        amiss = [
            f"{page}:{block.line}: {difference}"
            for block, printed in outputs_of(page)
            if block.stated is not None
            for difference in differences(printed, block.stated)
        ]
    assert amiss == []


@pytest.mark.parametrize("page", PAGES)
def test_no_block_escapes_being_run_or_compared(page: str) -> None:
    text = text_of(page)
    fences = FENCE.findall(text)
    assert text.count("```") == 2 * len(fences), "a fence is not closed, or not at the beginning of a line"
    assert {language for language, _ in fences} <= LANGUAGES
    compared = sum(block.stated is not None for block in blocks_of(page))
    assert compared == sum(language == "text" for language, _ in fences), "an output without its code right above it"


def test_the_comparison_sees_other_words_and_numbers_but_not_last_digits() -> None:
    assert alike("a  1.003  (90 %)", "a 1.000 (90 %)")
    assert alike("1,882 purchases", "1,880 purchases")
    for printed in ("b 1.000 (90 %)", "a 1.020 (90 %)", "a 1.000 (91 %)", "a 1.000", "a -1.000 (90 %)"):
        assert not alike(printed, "a 1.000 (90 %)")
    assert differences("one\n", "one\ntwo\n") != []


# ---- links and pictures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_of_a_page_leads_somewhere(page: str) -> None:
    missing = []
    for _, _, target in LINK.findall(prose_of(page)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        there = (ROOT / page).parent / path if path else ROOT / page
        if not there.exists() or (anchor and anchor not in anchors_of(there)):
            missing.append(target)
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_says_what_it_shows_to_who_cannot_see_it(page: str) -> None:
    assert [target for mark, words, target in LINK.findall(prose_of(page)) if mark and len(words.split()) < 3] == []


def test_every_picture_of_a_model_is_drawn_by_the_script_and_shown() -> None:
    drawn = {f"model-{name}.png" for name in re.findall(r'^    "([\w-]+)": \w+,$', script(), re.MULTILINE)}
    assert drawn == {path.name for path in (DOCS / "images").glob("model-*.png")}
    shown = {Path(target).name for page in PAGES for mark, _, target in LINK.findall(prose_of(page)) if mark}
    assert drawn <= shown


def script() -> str:
    return (DOCS / "make_model_images.py").read_text(encoding="utf-8")


# ---- completeness ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_has_a_page_that_the_chooser_links_to(model: Any) -> None:
    page = page_of(model.name)
    assert (page_of(model.name), model.name) in [(target, words) for _, words, target in LINK.findall(text_of(CHOOSER))]
    text = text_of(f"docs/{page}")
    assert text.startswith(f"# {model.name}")
    assert f"lw.{model.__name__}(" in text
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(PAGES_OF_A_MODEL_HAVE)
    assert "```math" in text
    assert [target for mark, _, target in LINK.findall(text) if mark]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_page_of_a_model_states_its_parameters_and_default_priors(model: Any) -> None:
    text = text_of(f"docs/{page_of(model.name)}")
    for coordinate, prior in model.default_priors.items():
        assert f"`{coordinate}`" in text
        assert repr(prior) in text
    # in the formula a letter may be spelt as TeX has it: \alpha
    assert [letter for letter in model.parameters if f"`{letter}`" not in text] == []


def test_the_chooser_tries_every_transaction_model_and_names_every_spend_model() -> None:
    text = text_of(CHOOSER)
    for model in (*TRANSACTION_MODELS, *SPEND_MODELS):
        assert model.__name__ in text
        assert model.__name__ in lw.__all__
