"""One form for the texts that Postgres and DuckDB write of the same value."""

import re
import struct
from decimal import Decimal, InvalidOperation


def plain(cell, kind):
    """A cell, written by either database, in the form that is compared. `kind` is the destination's type."""
    if cell is None:
        return None
    if kind.endswith("[]"):
        elements = array(cell) if isinstance(cell, str) else cell
        return tuple(plain(element, kind[:-2]) for element in elements)
    if kind == "BOOLEAN":
        return {"t": True, "true": True, "f": False, "false": False}[cell]
    if kind in ("FLOAT", "DOUBLE"):
        return number(cell, "f" if kind == "FLOAT" else "d")
    if kind.startswith("DECIMAL"):
        return decimal(cell)
    if kind == "BLOB":
        return cell.removeprefix("\\x").lower()
    if kind == "INTERVAL":
        return interval(cell)
    if kind in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"):
        return moment(cell)
    if kind in ("TIME", "TIME WITH TIME ZONE"):
        return re.sub(r"(\.\d*?)0+(?=$|[+-])", r"\1", cell).replace(".+", "+").rstrip(".")
    return cell


def number(cell, format):
    value = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}.get(cell)
    try:
        packed = struct.pack(format, float(cell) if value is None else value)
    except OverflowError:
        packed = struct.pack(format, float("inf"))
    return "nan" if value is not None and value != value or cell == "nan" else packed


def decimal(cell):
    try:
        return Decimal(cell).normalize() + 0
    except InvalidOperation:
        return cell


def moment(cell):
    """`2020-01-01 10:00:00.5+00`; years before the first as Postgres marks them."""
    # DuckDB marks them behind the date.
    era = " BC" if "BC" in cell else ""
    body = cell.replace(" (BC)", "").replace(" BC", "")
    return re.sub(r"(\.\d*?)0+(?=$|[+-])", r"\1", body).replace(".+", "+").rstrip(".") + era


def interval(cell):
    """Months, days and microseconds, by whichever database wrote it."""
    units = {"year": (12, 0, 0), "mon": (1, 0, 0), "month": (1, 0, 0), "day": (0, 1, 0)}
    months = days = micros = 0
    for amount, unit in re.findall(r"([+-]?\d+) (year|month|mon|day)s?", cell):
        month, day, _ = units[unit]
        months, days = months + int(amount) * month, days + int(amount) * day
    clock = re.search(r"([+-]?)(\d+):(\d+):(\d+)(?:\.(\d+))?", cell)
    if clock:
        sign, hours, minutes, seconds, fraction = clock.groups()
        micros = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 10**6
        micros += int((fraction or "0").ljust(6, "0")[:6])
        micros = -micros if sign == "-" else micros
    return months, days, micros


def array(text):
    """The elements of a one-dimensional array as Postgres writes it."""
    elements, index = [], 1
    while text[index] != "}":
        if text[index] == ",":
            index += 1
        if text[index] == '"':
            part, index = "", index + 1
            while text[index] != '"':
                index += text[index] == "\\"
                part, index = part + text[index], index + 1
            elements.append(part)
            index += 1
        else:
            part = re.match(r"[^,}]*", text[index:])[0]
            elements.append(None if part == "NULL" else part)
            index += len(part)
    return elements
