"""The OpenAPI 3.1 document of a dialect, out of its operation table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from testamur import __version__
from testamur.http.index import reference_page
from testamur.http.keys import HEADER, LENGTH_MAX
from testamur.http.operations import Call, Dialect, Operation, Param, Reply
from testamur.http.replies import json_reply

_REF = "#/components/schemas/{name}"


def document(dialect: Dialect, base_url: str) -> dict[str, Any]:
    """The whole document; `base_url` is where the client reached the dialect."""
    types = [dialect.error, *_types(dialect.operations)]
    _, components = msgspec.json.schema_components(types, ref_template=_REF)
    error_ref = {"$ref": _REF.format(name=dialect.error.__name__)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in dialect.operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, {dialect.error_media_type: {"schema": error_ref}}, list(dialect.security)
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": dialect.title, "version": __version__},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": dialect.security},
    }


def operations(dialect: Dialect) -> tuple[Operation, ...]:
    """The calls by which a dialect describes itself: its OpenAPI document and a page for people."""

    async def openapi(call: Call) -> Reply:
        return json_reply(200, document(dialect, call.base_url))

    async def docs(call: Call) -> Reply:
        return Reply(200, reference_page(dialect).encode(), media_type=b"text/html; charset=utf-8")

    shared: dict[str, Any] = {"method": "GET", "scope": None, "answers": {200: dict}}
    return (
        Operation(name="openapi", path="/openapi.json", handler=openapi, summary="This document", **shared),
        Operation(name="docs", path="/docs", handler=docs, summary="A page about this API", **shared),
    )


def _types(operations: Iterable[Operation]) -> list[Any]:
    found: list[Any] = []
    for operation in operations:
        candidates = [operation.body, *operation.answers.values()]
        found += [type for type in candidates if type is not None and type not in found]
    return found


def _operation(operation: Operation, error: dict[str, Any], security: list[str]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, type in operation.answers.items():
        answers[str(status)] = {"description": HTTPStatus(status).phrase}
        if type is not None:
            texts = {media_type: {"schema": {"type": "string"}} for media_type in operation.media_types}
            if operation.answers_lines:
                # What describes the lines of a text has no place in a schema of the text; OpenAPI 3.2 will have one.
                lines = {"type": "string", "description": "Lines of JSON", "contentSchema": _schema(type)}
                answers[str(status)]["content"] = {operation.answers_lines: {"schema": lines}}
            else:
                answers[str(status)]["content"] = {"application/json": {"schema": _schema(type)}, **texts}
    problem = {"content": error}
    for status in sorted(operation.errors):
        answers[str(status)] = {"description": HTTPStatus(status).phrase, **problem}
    answers["default"] = {"description": "Any other error", **problem}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", operation.path)
        ]
        + [_param(param) for param in operation.params]
        + _headers(operation),
        "responses": answers,
        "security": [{name: []} for name in security] if operation.scope is not None else [],
    }
    if operation.body is not None:
        content = {"application/json": {"schema": _schema(operation.body)}}
        if operation.form:
            content["application/x-www-form-urlencoded"] = {"schema": _schema(operation.body)}
        described["requestBody"] = {"required": not operation.body_optional, "content": content}
    if offered := operation.files or operation.streams:
        binary = {"schema": {"type": "string", "format": "binary"}}
        described["requestBody"] = {
            "required": not operation.body_optional,
            "content": dict.fromkeys(offered, binary),
        }
    if operation.source:
        described["externalDocs"] = {"url": operation.source}
    return described


def _schema(type: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([type], ref_template=_REF)
    return schema


def _headers(operation: Operation) -> list[dict[str, Any]]:
    described: dict[str, dict[str, Any]] = {name: {"type": "string"} for name in operation.headers}
    if operation.idempotent_by_key:
        described[HEADER] = {"type": "string", "minLength": 1, "maxLength": LENGTH_MAX, "pattern": "^[ -~]+$"}
    if operation.conditional_on:
        described |= {name: {"type": "string"} for name in ("If-Match", "If-None-Match")}
    return [
        {"name": name, "in": "header", "required": False, "schema": schema, **_summary(operation.headers.get(name))}
        for name, schema in described.items()
    ]


def _summary(text: str | None) -> dict[str, str]:
    return {"description": text} if text else {}


def _param(param: Param) -> dict[str, Any]:
    schema: dict[str, Any]
    if param.kind == "integer":
        schema = {"type": "integer"}
        if param.minimum is not None and not param.clamp:
            schema["minimum"] = param.minimum
        if param.maximum is not None and not param.clamp:
            schema["maximum"] = param.maximum
    elif param.kind == "boolean":
        schema = {"type": "boolean"}
    elif param.kind == "moment":
        schema = {"type": "string", "format": "date-time"}
    else:
        schema = {"type": "string"}
        if param.choices:
            schema["enum"] = list(param.choices)
    if param.default is not None:
        schema["default"] = param.default
    return {
        "name": param.name,
        "in": "query",
        "required": param.is_required,
        "schema": schema,
        **_summary(param.summary),
    }
