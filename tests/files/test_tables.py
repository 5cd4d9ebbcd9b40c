"""Files as tables, also such as nobody should send."""

from __future__ import annotations

import gc
import gzip
import io
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pyarrow
import pytest
from pyarrow import parquet

from testamur.core.errors import FieldFault
from testamur.files import FileUnreadable, RawRow, opened, written
from testamur.files.tables import CELL_MAX_CHARACTERS, LINE_MAX_BYTES


def read(data: str | bytes, **options: Any) -> tuple[str, list[str], list[RawRow]]:
    data = data if isinstance(data, bytes) else data.encode()
    with opened(io.BytesIO(data), **options) as (format, table):
        rows = list(table.rows())
        return format, table.header, rows


def cells(data: str | bytes, **options: Any) -> list[Any]:
    return [row.cells for row in read(data, **options)[2]]


def faults(data: str | bytes) -> list[FieldFault | None]:
    return [row.fault for row in read(data)[2]]


def refused(data: str | bytes, **options: Any) -> str:
    with pytest.raises(FileUnreadable) as error:
        read(data, **options)
    return error.value.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_i18_delimiters_line_ends_quotes_and_byte_order_marks_are_recognised(
    delimiter: str, end: str, mark: str
) -> None:
    lines = [["a", "b,;"], ["1", f"x{end}y"], ["ä\u2028", '"']]
    text = "".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) + end for line in lines)
    assert read(mark + text)[:2] == ("csv", ["a", "b,;"])
    assert cells(mark + text) == lines[1:]


def test_i18_the_encoding_is_utf_8_unless_declared_or_marked() -> None:
    text = "a,b\nä,€\n"
    assert cells(text.encode("utf-16")) == [["ä", "€"]]
    assert cells(text.encode("cp1252"), encoding="cp1252") == [["ä", "€"]]
    assert "is not valid utf-8 behind line 1" in refused(text.encode("cp1252"))
    assert "is not valid ascii" in refused(text, encoding="ascii")
    assert "is not valid UTF-8" in refused(b'{"a":"\xff"}')
    assert "is not valid utf-8" in refused(b"a,b\n1,\xc3")


def test_an_empty_file_is_refused_and_one_with_a_header_alone_has_no_rows() -> None:
    assert "empty" in refused(b"")
    assert "empty" in refused(b"\n\n")
    assert cells(b"a,b\n") == []
    assert cells(b"a,b") == []


def test_a_row_that_cannot_be_read_is_named_and_the_next_one_is_read() -> None:
    found = faults(b'a,b\n1,2\n1,2,3\n1\n"x"y,2\n1,\x00\n3,4')
    assert [fault.message if fault else None for fault in found] == [
        None,
        "has 3 cells for 2 columns",
        "has 1 cells for 2 columns",
        "cannot be read: ',' expected after '\"'",
        "holds U+0000",
        None,
    ]
    found = faults(b'{"a":1}\nnope\n[1]\n{"a":1,"a":2}\n{"a":"\\u0000"}\n{"b":{"c":"\\u0000"}}\n{"a":"\\\\u0000"}\n')
    assert [(fault.field, fault.code) if fault else None for fault in found] == [
        None,
        ("", "format"),
        ("", "format"),
        ("a", "duplicate"),
        ("", "format"),
        ("", "format"),
        None,
    ]


def test_lines_cells_and_rows_without_end_do_not_fill_memory() -> None:
    assert "is longer than" in refused(b"a,b\n" + b"x" * (LINE_MAX_BYTES + 10))
    assert "is longer than" in refused(b'{"a":"' + b"x" * LINE_MAX_BYTES + b'"}')
    assert "is a quote not closed" in refused(b'a,b\n1,"' + b"x\n" * CELL_MAX_CHARACTERS)
    assert "a row has more than" in refused(b'a,b\n"' + b'x\n","' * 1_000_000)


def test_i19_what_a_spreadsheet_takes_for_a_formula_is_text_both_ways() -> None:
    for text in ("=1+1", "+44", "-1", "@x", "\tx"):
        assert written(text) == "'" + text
        assert cells(f'a,b\n"{written(text)}",1\n') == [[text, "1"]]
        assert cells(f'a,b\n"{text}",1\n') == [[text, "1"]]
    assert [written(one) for one in ("a=b", "'x", "", None, -1, True)] == ["a=b", "'x", "", "", "-1", "true"]


def test_ndjson_rows_have_the_columns_that_are_known_by_then() -> None:
    format, header, rows = read('{"a":1}\n\n{"b":"x","a":null}\n{"a":2}')
    assert (format, header) == ("ndjson", ["a", "b"])
    assert [row.cells for row in rows] == [[1], [None, "x"], [2, None]]
    assert "more than 500 columns" in refused("\n".join(f'{{"c{number}":1}}' for number in range(501)))


def packed_parquet(columns: dict[str, list[Any]]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


def test_parquet_keeps_its_types() -> None:
    data = packed_parquet({"a": ["x", None], "d": [date(2023, 5, 4), None], "n": [1.5, 2.0], "l": [[1], []]})
    assert read(data)[:2] == ("parquet", ["a", "d", "n", "l"])
    assert cells(data) == [["x", date(2023, 5, 4), 1.5, [1]], [None, None, 2.0, []]]
    assert "Parquet" in refused(data[:-9])
    assert cells(gzip.compress(data)) == cells(data)


def workbook(*rows: list[Any], sheet: str = "History") -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.create_sheet("Other").append(["x", "y"])
    book.save(out)
    return out.getvalue()


def test_a_workbook_keeps_days_as_days() -> None:
    at = datetime.fromisoformat("2023-05-04T00:00")
    data = workbook(
        ["a", "d", None],
        [1, at],
        [None, None],
        ["x", at.replace(hour=10)],
        [1, 2, 3],
    )
    assert read(data)[:2] == ("xlsx", ["a", "d"])
    assert cells(data) == [[1, date(2023, 5, 4)], ["x", at.replace(hour=10)], None]
    assert read(data, sheet="Other")[1] == ["x", "y"]
    assert "has the sheets History, Other" in refused(data, sheet="Third")
    assert "workbook" in refused(data[:200])


def test_bombs_are_refused_before_they_unpack() -> None:
    text = (b'{"a":"' + b"x" * 500_000 + b'"}\n') * 200
    assert "times its size" in refused(gzip.compress(text, 9))
    out = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(out, "zstd") as stream:
        stream.write(text)
    assert "times its size" in refused(out.getvalue().to_pybytes())
    packed = io.BytesIO(workbook(["a", "b"]))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/media/image1.xml", b"\0" * (64 << 20))
    assert "unpacks to more" in refused(packed.getvalue())


def test_gzip_and_zstd_are_unpacked_and_what_is_broken_is_refused() -> None:
    text = b"a,b\n1,2\n"
    out = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(out, "zstd") as stream:
        stream.write(text)
    for data in (gzip.compress(text), out.getvalue().to_pybytes()):
        assert cells(data) == [["1", "2"]]
    assert "cannot be unpacked" in refused(gzip.compress(text)[:-12] + b"broken")


def test_what_is_said_to_be_another_format_is_refused() -> None:
    assert "is csv, not ndjson" in refused(b"a,b\n", format="ndjson")
    assert "is ndjson, not xlsx" in refused(b'{"a":1}', format="xlsx")


def test_a_packed_file_stays_open_when_its_reader_is_gone() -> None:
    stream = io.BytesIO(gzip.compress(b'{"a":1}\n'))
    with opened(stream) as (_, table):
        assert [row.cells for row in table.rows()] == [[1]]
    del table
    gc.collect()
    assert not stream.closed
