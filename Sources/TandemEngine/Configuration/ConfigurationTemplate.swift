/// The configuration that `tandem init` writes.
package enum ConfigurationTemplate {
    package static let text = """
        # What Tandem copies, from where and to where. Every key: docs/configuration.md
        # Check this file and all it leads to with `tandem check`; then `tandem plan` and `tandem run`.

        # project: shop                     # what slots are called after; default: the name of this folder

        connections:
          # The database to copy from. What is left out, libpq finds as always: PG… variables, .pgpass, service files.
          shop:
            type: postgres
            host: ${SHOP_HOST:-localhost}
            port: 5432
            user: tandem                    # `tandem setup shop` prints the SQL that makes a read-only user
            password: ${SHOP_PASSWORD}      # from the environment; or password_file: PATH, or a line in ~/.pgpass
            database: ${SHOP_DATABASE:-shop}
            # sslmode: verify-full          # disable, allow, prefer (default), require, verify-ca, verify-full
            # sslrootcert: ca.pem           # or system, for the authorities that this machine trusts

          # The warehouse: one file, which any DuckDB program can query.
          warehouse:
            type: duckdb
            path: warehouse.duckdb          # from the folder of this file

        syncs:
          shop_to_warehouse:
            from: shop
            to: warehouse
            method: auto                    # the best each table allows; or LOG_BASED, TRIGGER_BASED, INCREMENTAL, FULL_TABLE

            # Which tables. * and ? are wildcards, a leading ! leaves out, and what comes later counts more.
            # Without `tables`, everything that can be read is copied.
            # tables:
            #   - public.*
            #   - "!public.audit_*"
            #   - name: public.customers
            #     columns: ["!card_number"] # all but this one; or name those to copy: [id, name]
            #   - name: public.orders
            #     target: all_orders        # its name in the warehouse
            #   - name: public.events
            #     method: INCREMENTAL       # only rows from the last value of the cursor on
            #     cursor: updated_at        # grows with every insert and update; or [updated_at, id]
            #     lookback: 10m             # read again before it, for what was committed late

            # into: analytics               # one schema for all tables; default: each table's own
            # unfit_values: text            # what a type of the warehouse cannot hold: text, clamp or issue
            # numeric: decimal(38, 10)      # numeric without a precision as numbers; default: text

        """
}
