"""The door: every name of the face is where it says, loads when first used, and every model has what the tests need."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

import lifeworth as lw
from lifeworth.models import MODELS, SPEND_MODELS, TRANSACTION_MODELS


def type_checking_imports() -> dict[str, str]:
    """Names that the door shows to type checkers, and where it says they are from."""
    tree = ast.parse(Path(lw.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {alias.asname or alias.name: node.module for node in block.body for alias in node.names}


def test_names_for_type_checkers_are_those_that_load() -> None:
    assert type_checking_imports() == lw._WHERE


@pytest.mark.parametrize("name", lw._WHERE)
def test_every_name_of_the_face_loads(name: str) -> None:
    found = getattr(lw, name)
    assert found is getattr(importlib.import_module(lw._WHERE[name]), name)
    assert found.__doc__
    assert getattr(lw, name) is found


def test_dir_lists_the_face() -> None:
    assert dir(lw) == sorted({"__version__", *lw._WHERE})
    assert set(lw.__all__) == set(dir(lw))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'lifeworth' has no attribute 'BetaGeoFitter'"):
        lw.BetaGeoFitter  # noqa: B018  # asking is the test


def test_every_model_is_on_the_face() -> None:
    assert set(MODELS) == {*TRANSACTION_MODELS, *SPEND_MODELS}
    for model in MODELS:
        assert getattr(lw, model.__name__) is model


def test_every_public_function_and_method_says_what_it_does(any_model: Any) -> None:
    public = [getattr(lw, name) for name in lw._WHERE] + [
        member for name, member in inspect.getmembers(any_model, inspect.isfunction) if not name.startswith("_")
    ]
    assert [item for item in public if not item.__doc__] == []


def test_every_model_says_what_it_is_and_where_it_comes_from(any_model: Any) -> None:
    assert any_model.name
    assert set(any_model.unit_parameters) < set(any_model.parameters)
    assert inspect.getmodule(any_model).__doc__.count("20") or inspect.getmodule(any_model).__doc__.count("19"), (
        "no citation"
    )
    assert inspect.isabstract(any_model) is False
    assert any_model.__final__


def test_a_model_without_an_entry_in_the_tables_of_the_tests_fails_by_name(pytester_like: Any) -> None:
    pytester_like("CrystalBall")


@pytest.fixture
def pytester_like(request: pytest.FixtureRequest) -> Any:
    """Ask the tables of conftest.py for a model that they do not know."""
    conftest = next(plugin for plugin in request.config.pluginmanager.get_plugins() if hasattr(plugin, "TRANSACTIONS"))

    def ask(name: str) -> None:
        stranger = type(name, (), {"name": name})
        for table in (conftest.TRANSACTIONS, conftest.SPENDS):
            with pytest.raises(
                pytest.fail.Exception, match=f"{name}: no entry in the tables of tests/models/conftest.py"
            ):
                conftest.entry(table, stranger)
        (only,) = conftest.known_sets((stranger,), conftest.TRANSACTIONS)
        assert only.id == f"{name}-without entry"

    return ask
