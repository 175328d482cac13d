"""Peak memory of each method, of a table and of one with a tenth of its rows: it must not grow with them."""

from process import measure
from server import DATABASE

ROWS = 1_000_000
CONFIGURATION = """\
connections:
  source: {{type: postgres, host: 127.0.0.1, port: {port}, user: postgres, database: {database}, sslmode: disable}}
  warehouse: {{type: duckdb, path: warehouse.duckdb}}
syncs:
  memory:
    from: source
    to: warehouse
    method: {method}
    auto_setup: true
    tables: [{{name: public.m, {table}}}]
    {sync}
"""
# Settings of the table and of the sync.
METHODS = {
    "FULL_TABLE": ("FULL_TABLE", "", ""),
    "LOG_BASED": ("LOG_BASED", "", ""),
    "TRIGGER_BASED": ("TRIGGER_BASED", "", ""),
    "INCREMENTAL, deletes: compare": ("INCREMENTAL", "cursor: at", "deletes: compare\n    compare_every: 1"),
}


def compare(bench, rows):
    """By method and step: the peaks of a tenth and of all, in MB."""
    found = {}
    for method in METHODS:
        tenth, full = run(bench, method, rows // 10), run(bench, method, rows)
        found |= {f"{method}, {step}": (tenth[step], full[step]) for step in full}
    return found


def run(bench, method, rows):
    sql = bench.server.query
    name, table, sync = METHODS[method]
    sql("create table m (id text primary key, at timestamptz not null default clock_timestamp(), filler text)")
    sql(f"insert into m select md5(g::text), now(), repeat('x', 60) from generate_series(1, {rows}) g")
    folder = bench.folder / f"memory-{name}-{rows}"
    folder.mkdir()
    (folder / "tandem.yaml").write_text(CONFIGURATION.format(
        port=bench.server.port, database=DATABASE, method=name, table=table, sync=sync).replace(", }", "}"))
    try:
        figures = {"first copy": measure([bench.tandem, "run", "--quiet"], folder=folder).rss}
        # One of each thousand goes, and a third of the others changes.
        sql("delete from m where hashtext(id) % 1000 = 0")
        sql("update m set filler = filler || 'y', at = clock_timestamp() where hashtext(id) % 3 = 0")
        figures["changes"] = measure([bench.tandem, "run", "--quiet"], folder=folder).rss
        figures["verify"] = measure([bench.tandem, "verify", "memory"], folder=folder).rss
    finally:
        measure([bench.tandem, "teardown", "source"], folder=folder)
        sql("drop table m")
    bench.say(f"memory, {method}, {rows:,} rows: {figures}")
    return figures
