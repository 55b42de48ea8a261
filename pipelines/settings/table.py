"""What tables of the settings are made of: strict, frozen, and with problems told in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from . import checks
from .checks import Problem

Share = Annotated[float, Field(ge=0.0, le=1.0)]
SomeShare = Annotated[float, Field(gt=0.0, le=1.0)]
"""A share that is not nothing."""
ShareBelowOne = Annotated[float, Field(ge=0.0, lt=1.0)]
Quantile = Annotated[float, Field(gt=0.0, lt=1.0)]
Cost = Annotated[float, Field(ge=0.0)]
Costs = Annotated[dict[str, Cost], Field(min_length=1)]
CostShares = Annotated[dict[str, ShareBelowOne], Field(min_length=1)]
Positive = Annotated[float, Field(gt=0.0)]
Action = Literal["warn", "hold", "off"]
Name = Annotated[str, Field(min_length=1)]
Column = Annotated[str, Field(min_length=1, title="the name of a column")]
Attribute = Annotated[str, Field(min_length=1, title="the name of an attribute")]
Horizon = Annotated[str, Field(title='lengths such as "12M", "26W" or "365D"')]

PROBLEMS: Final = "problems"
"""Type of the error that carries what `Table.problems` found."""


class Table(BaseModel):
    """A table of the file: an unknown key is an error, and nothing changes once it is read."""

    # Inputs stay out of pydantic's own messages: one may be a secret.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, data: Any) -> Any:
        """Arrays of a file become tuples, and dates in quotes dates; nothing else is converted."""
        return checks.as_written(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _checked(self) -> Self:
        found = tuple(self.problems())
        if found:
            text = "; ".join(f"{problem.key}: {problem.text}" for problem in found)
            raise PydanticCustomError(PROBLEMS, "{text}", {"text": text, PROBLEMS: found})
        return self

    def problems(self) -> Iterator[Problem]:
        """What the keys get wrong together."""
        yield from ()
