"""Reads training rows. A row that cannot be used is an error that names its line: no row is skipped silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from hone_trainer.errors import TrainerError

PLACEHOLDER = "<image>"


class Message(BaseModel):
    """One turn; `<image>` marks where a picture belongs."""

    model_config = ConfigDict(extra="ignore")
    role: str
    content: str


class Row(BaseModel):
    """What SFT and GRPO rows share."""

    model_config = ConfigDict(extra="ignore")
    id: str
    images: list[Path] = []  # absolute, or relative to the file of rows

    def turns(self) -> list[Message]:
        """The messages that may hold image marks."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _marks_match(self) -> Row:
        marks = sum(message.content.count(PLACEHOLDER) for message in self.turns())
        if marks != len(self.images):
            raise ValueError(f"{marks} {PLACEHOLDER} marks but {len(self.images)} images")
        return self


class SftRow(Row):
    """A conversation that ends with the assistant's turn."""

    messages: list[Message]

    def turns(self) -> list[Message]:
        return [message for message in self.messages if message.role != "assistant"]  # a model may write the mark

    @model_validator(mode="after")
    def _ends_with_answer(self) -> SftRow:
        if len(self.messages) < 2 or self.messages[-1].role != "assistant":
            raise ValueError("the last message must be the assistant's")
        return self


class Check(BaseModel):
    """How a row's answer is checked: the fields of domain/answer-check.ts, to which a test holds them."""

    kind: str | None = None
    choices: list[str] | None = None
    precision: int | None = None
    policy: dict[str, Any] | None = None
    reward: Literal["rule", "judge"] | None = None
    """Who rewards it: rules alone, or a judge where rules leave it open. None leaves it to the server."""

    def check(self) -> dict[str, Any]:
        """The fields as columns. A policy is text: columns of dicts get every key of every row, with null in most."""
        columns = {name: getattr(self, name) for name in Check.model_fields}
        policy = None if self.policy is None else json.dumps(self.policy, separators=(",", ":"))
        return {**columns, "policy": policy}


class GrpoRow(Row, Check):
    """A question with the answer that the reward server compares with."""

    prompt: list[Message]
    answer: str

    def turns(self) -> list[Message]:
        return self.prompt


RowT = TypeVar("RowT", bound=Row)


def read_rows(path: Path, shape: type[RowT]) -> list[RowT]:
    """Reads a JSONL file of rows. Raises TrainerError naming the line, the id and what is wrong."""
    rows: list[RowT] = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    rows.append(_row(path, number, line, shape))
    except OSError as error:
        raise TrainerError(f"cannot read the rows {path}: {error.strerror}") from error
    if not rows:
        raise TrainerError(f"{path} has no rows: the step before kept nothing; look at its reasons for dropping")
    return rows


def _row(path: Path, number: int, line: str, shape: type[RowT]) -> RowT:
    try:
        row = shape.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = f"{where} {first['msg']}".strip()
        raise TrainerError(f"{path} line {number}{_id_of(line)}: {said}") from error
    row.images = [path.parent / image for image in row.images]  # an absolute path stays as it is
    missing = [str(image) for image in row.images if not image.is_file()]
    if missing:
        raise TrainerError(f"{path} line {number} (row {row.id}): image {missing[0]} does not exist")
    return row


def _id_of(line: str) -> str:
    """` (row <id>)` where the line has an id, however wrong the rest of it is."""
    try:
        name = json.loads(line).get("id")
    except (ValueError, AttributeError):
        return ""
    return f" (row {name})" if isinstance(name, str) else ""


def parts(message: Message, images: list[Any]) -> dict[str, Any]:
    """A message as content parts, each `<image>` mark replaced by the next of `images` (taken from the front)."""
    content: list[dict[str, Any]] = []
    for index, text in enumerate(message.content.split(PLACEHOLDER)):
        if index > 0:
            content.append({"type": "image", "image": images.pop(0)})
        if text:
            content.append({"type": "text", "text": text})
    return {"role": message.role, "content": content}
