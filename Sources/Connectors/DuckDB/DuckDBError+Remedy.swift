package import TandemCore
import TandemRows

extension DuckDBError {
    package var remedy: Remedy? {
        switch self {
        case .missing: Remedy("Run the sync first, or correct `path`.")
        case .noFolder(let path):
            Remedy("Make the folder (`mkdir -p \(FileFacts.folder(of: path))`) or correct `path`.")
        case .isDevice: Remedy("Name a file in `path`.")
        case .isFolder(let path): Remedy("Name a file, such as \(path)/warehouse.duckdb, in `path`.")
        case .unwritable, .unreadable: Remedy("Give this user the right on the file and its folder, or correct `path`.")
        case .locked: Remedy("Close the file there, open it read-only and shortly, or raise `lock_timeout`.")
        case .notADatabase: Remedy("Name another file in `path`, or move this one away.")
        case .newerFile: Remedy("Update the DuckDB library, or let Tandem make a new file.")
        case .newerMetadata: Remedy("Update Tandem.")
        case .olderMetadata:
            Remedy("Move the file away, or run `tandem teardown` for the sync: then everything is copied anew.")
        case .damagedLog(let path, _):
            Remedy("Keep a copy of both files, then move \(path).wal away: what it holds is lost, and copied again.")
        case .damaged: Remedy("Restore the file, or move it away and run again: everything is copied anew.")
        case .diskFull(let path, _):
            Remedy("Free space where \(path) lies; a run needs room for a second copy of what it replaces.")
        case .outOfMemory: Remedy("Raise `memory_limit`, or lower `threads`.")
        case .viewInTheWay(let name):
            Remedy(
                "Drop or rename the view, or choose another schema with `into`.",
                sql: ["DROP VIEW \(Self.name(name))"]
            )
        case .foreignTable(let name):
            Remedy(
                "Rename that table, or choose another schema with `into`. A copy of an earlier version that was given another comment is known again by: COMMENT ON TABLE \(Self.name(name)) IS '\(WarehouseCatalog.mark)'",
                sql: ["ALTER TABLE \(Self.name(name)) RENAME TO \(SQL.identifier(name.table + "_own"))"]
            )
        case .userColumn(let name, let column):
            Remedy(
                "Give the added column another name, or leave the source's out with `columns`.",
                sql: [
                    "ALTER TABLE \(Self.name(name)) RENAME COLUMN \(SQL.identifier(column)) TO "
                        + SQL.identifier(column + "_own")
                ]
            )
        case .userColumnGoes(let name, _): Remedy("Rename or drop that table.", sql: ["DROP TABLE \(Self.name(name))"])
        case .sameTarget: Remedy("Exclude one of the tables, or send it elsewhere with `into`.")
        case .noTable, .noColumns, .otherType: Remedy("Copy it again: `tandem reset`, then `tandem run`.")
        case .notReadOnly: Remedy("Use DuckDB itself to change a warehouse, in tables of your own.")
        case .outsideTheFile: Remedy("Use DuckDB itself to query other files.")
        case .severalStatements: Remedy("Run them one at a time.")
        case .notLoaded, .malformedBatch, .miscounted: Remedy("Please report this, with the tables' definition.")
        case .failed: nil
        }
    }

    private static func name(_ name: TableName) -> String {
        SQL.identifier(name.schema) + "." + SQL.identifier(name.table)
    }
}
