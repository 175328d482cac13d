"""Copies one table into a DuckDB file with dlt: dlt_copy.py URL TABLE FILE. Runs in the peers' environment."""

import sys

import dlt
from dlt.sources.sql_database import sql_table

url, table, file = sys.argv[1:]
pipeline = dlt.pipeline(
    pipeline_name=f"bench_{table}", dataset_name="main", pipelines_dir=file + ".dlt",
    destination=dlt.destinations.duckdb(file),
)
pipeline.run(
    sql_table(credentials=url, schema="public", table=table, backend="connectorx"), write_disposition="replace")
