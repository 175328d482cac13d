"""Compares every table of the source with its copy, as text, by programs that share nothing with Tandem.

Rows are compared as multisets, each cell in the form that the destination's type gives it. A copy in DuckDB is read by
DuckDB's own Python module, one in Postgres by psql.
"""

import json
import os
import subprocess
import sys
from collections import Counter

import cells
from regress import DATABASE

DUCKDB = "duckdb==2.0.0"
RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind, json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod))
        ORDER BY a.attnum) FILTER (WHERE a.attnum > 0 AND NOT a.attisdropped)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'tandem')
    GROUP BY 1, 2, 3 ORDER BY 1, 2"""
HELD = "SELECT source_schema, source_table, schema_name, table_name FROM tandem.status WHERE sync = 'regress'"
# How the source writes values: as a stream's sessions have them written.
SETTINGS = "-c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC -c extra_float_digits=3 -c bytea_output=hex"
# Names of objects are written with their schemas. Views may call functions without.
QUALIFIED = SETTINGS + " -c search_path=pg_catalog"


def fetch(folder):
    """Makes DuckDB's Python module ready in `folder`."""
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "--root-user-action=ignore", "--only-binary=:all:", "--target", folder, DUCKDB], check=True)
    sys.path.insert(0, str(folder))


def differences(torture, failed, planned):
    """Sentences that say what of the source the destination does not hold, and nobody has said.

    `failed` are the tables that the run has named as failed, `planned` is what `plan --json` prints: a table that is
    not there must stand in one of them.
    """
    destination = Warehouse(torture) if torture.into == "duckdb" else Mirror(torture)
    held = {(row[0], row[1]): (row[2], row[3]) for row in destination.ask(HELD)}
    for schema, table, kind, columns in ask(torture.source, DATABASE, RELATIONS):
        name = f"{schema}.{table}"
        if name in failed:
            continue
        if (schema, table) not in held:
            if json.dumps(table)[1:-1] not in planned:
                yield f"{name} ({kind}) is neither at the destination nor named"
            continue
        yield from compare(torture, destination, name, kind, held[schema, table], json.loads(columns or "[]"))


def compare(torture, destination, name, kind, target, columns):
    there = destination.columns(target)
    both = [(column, type, there[column.lower()]) for column, type in columns if column.lower() in there]
    for column, _ in columns:
        if column.lower() not in there:
            yield f"{name} has no column {column} at the destination"
    if not both:
        return
    listed = ", ".join(quoted(column) for column, _, _ in both)
    # Those that inherit from a table are tables of their own.
    only = "ONLY " if kind == "r" else ""
    schema, table = name.split(".", 1)
    settings = QUALIFIED if kind in "rp" else SETTINGS
    read = f"SELECT {listed} FROM {only}{quoted(schema)}.{quoted(table)}"
    try:
        source = ask(torture.source, DATABASE, read, settings)
        if kind == "v" and shows_by_chance(torture, f"{quoted(schema)}.{quoted(table)}"):
            return
    except subprocess.CalledProcessError as error:
        yield f"{name} is at the destination, and cannot be read at the source: {error.stderr.strip()[-200:]}"
        return
    kinds = [kind for _, _, kind in both]
    expected = Counter(tuple(map(cells.plain, row, kinds)) for row in source)
    got = Counter(tuple(map(cells.plain, row, kinds)) for row in destination.rows(target, [c for c, _, _ in both]))
    missing, extra = expected - got, got - expected
    if missing or extra:
        example = next(iter(missing or extra))
        yield (f"{name}: of {sum(expected.values())} rows {sum(missing.values())} are missing and "
               f"{sum(extra.values())} are too many, such as {str(example)[:200]}; the other: "
               f"{str(next(iter(extra), ''))[:200]}; columns {[(c, t, k) for c, t, k in both][:12]}")


def shows_by_chance(torture, view):
    """Whether it reads a sample, another one each time."""
    sql = f"SELECT pg_get_viewdef('{view.replace(chr(39), chr(39) * 2)}'::regclass)"
    definition = ask(torture.source, DATABASE, sql)[0][0] or ""
    return definition.count("TABLESAMPLE") > definition.count("REPEATABLE")


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def ask(server, database, sql, settings=SETTINGS):
    """Rows as lists of texts and Nones."""
    done = subprocess.run([server.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", server.address(database)],
                          input=f"COPY ({sql}) TO STDOUT;", capture_output=True, text=True, check=True,
                          env={**os.environ, "PGOPTIONS": settings, "PGCLIENTENCODING": "UTF8"})
    return [[unescaped(cell) for cell in line.split("\t")] for line in done.stdout.split("\n")[:-1]]


def unescaped(cell):
    """A cell of COPY's text format."""
    if cell == "\\N":
        return None
    if "\\" not in cell:
        return cell
    escapes = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
    parts, index = [], 0
    while index < len(cell):
        if cell[index] == "\\":
            index += 1
            parts.append(escapes.get(cell[index], cell[index]))
        else:
            parts.append(cell[index])
        index += 1
    return "".join(parts)


class Mirror:
    """A copy in Postgres."""

    def __init__(self, torture):
        self.server = torture.reference

    def ask(self, sql):
        return ask(self.server, "warehouse", sql)

    def columns(self, target):
        rows = self.ask("SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid = "
                        f"'{quoted(target[0])}.{quoted(target[1])}'::regclass".replace("\\", "\\\\"))
        return {row[0].lower(): "TEXT" for row in rows}

    def rows(self, target, columns):
        listed = ", ".join(map(quoted, columns))
        return self.ask(f"SELECT {listed} FROM {quoted(target[0])}.{quoted(target[1])}")


class Warehouse:
    """A copy in a DuckDB file."""

    def __init__(self, torture):
        import duckdb
        self.connection = duckdb.connect(str(torture.folder / "warehouse.duckdb"), read_only=True)
        self.connection.execute("SET TimeZone = 'UTC'")

    def ask(self, sql):
        return self.connection.execute(sql).fetchall()

    def columns(self, target):
        rows = self.connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE lower(schema_name) = lower(?) AND lower(table_name) = lower(?)",
            target).fetchall()
        return {name.lower(): type for name, type in rows}

    def rows(self, target, columns):
        there = self.columns(target)
        # Elements of lists as text too: Python knows no years before the first.
        listed = ", ".join(
            f"list_transform({quoted(column)}, lambda cell: hex(cell))" if there[column.lower()] == "BLOB[]" else
            f"{quoted(column)}::VARCHAR[]" if there[column.lower()].endswith("]") else
            f"hex({quoted(column)})" if there[column.lower()] == "BLOB" else f"{quoted(column)}::VARCHAR"
            for column in columns)
        return self.connection.execute(f"SELECT {listed} FROM {quoted(target[0])}.{quoted(target[1])}").fetchall()
