import CDuckDB
import TandemRows

/// One connection to an open file. Calls block; only ``interrupter`` may be used from another thread.
final class Session {
    let file: DatabaseFile
    let interrupter: Interrupter
    /// For messages.
    var memoryLimit: String
    /// In bytes, where it may be raised.
    var growingMemoryLimit: Int?

    /// Stops what the connection is doing, from any thread, and keeps it open until it was asked to.
    // Unchecked because the connection never changes, and DuckDB allows to interrupt it from any thread.
    final class Interrupter: @unchecked Sendable {
        fileprivate let connection: duckdb_connection
        private let file: DatabaseFile

        fileprivate init(_ file: DatabaseFile) throws {
            self.file = file
            connection = try file.instance.connect()
        }

        deinit {
            var connection: duckdb_connection? = connection
            duckdb_disconnect(&connection)
        }

        func interrupt() { withExtendedLifetime(self) { duckdb_interrupt(connection) } }
    }

    /// A value bound to a statement.
    enum Value {
        case text(String)
        case int(Int)
        case double(Double)
    }

    /// - Parameter growingMemoryLimit: The limit in bytes, where it may be raised.
    init(_ file: DatabaseFile, memoryLimit: String = "", growingMemoryLimit: Int? = nil) throws {
        self.file = file
        self.memoryLimit = memoryLimit
        self.growingMemoryLimit = growingMemoryLimit
        interrupter = try Interrupter(file)
    }

    /// Calls `body` with the connection, which stays open meanwhile.
    func withConnection<Value>(_ body: (duckdb_connection) throws -> Value) rethrows -> Value {
        try withExtendedLifetime(interrupter) { try body($0.connection) }
    }

    /// A connection of its own to the same file.
    func another() throws -> Session {
        try Session(file, memoryLimit: memoryLimit, growingMemoryLimit: growingMemoryLimit)
    }

    /// The name by which statements call the file, so that a schema of the same name is not mistaken for it.
    ///
    /// All of them do, because the file is not in the search path: a user's macro in it, named as a function of
    /// DuckDB's, would be taken for that function.
    var catalog: String { file.alias }

    /// `name`, quoted, whatever its parts hold.
    func quoted(_ name: TableName) -> String {
        [catalog, name.schema, name.table].map(SQL.identifier).joined(separator: ".")
    }

    func quoted(schema: String) -> String { SQL.identifier(catalog) + "." + SQL.identifier(schema) }

    /// Runs statements that answer nothing.
    func run(_ sql: String, to action: String) throws {
        var result = duckdb_result()
        defer { duckdb_destroy_result(&result) }
        let state = withConnection { duckdb_query($0, sql, &result) }
        guard state == DuckDBSuccess else { throw failure(&result, action) }
    }

    /// Runs one statement and returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [Value], to action: String) throws -> Int {
        try Statement(sql, values, in: self, to: action).run()
    }

    /// Runs a query whose columns are all text.
    func texts(_ sql: String, _ values: [Value] = [], to action: String) throws -> [[String?]] {
        let results = try Statement(sql, values, in: self, to: action).stream()
        var rows: [[String?]] = []
        while let chunk = try results.next() {
            let columns = (0..<results.columnCount).map { chunk.column($0, as: .text) }
            for row in 0..<chunk.rowCount { rows.append(columns.map { $0.text(row, as: .text) }) }
        }
        return rows
    }

    func failure(_ result: inout duckdb_result, _ action: String) -> any Error {
        let reason = duckdb_result_error(&result).map { String(cString: $0) } ?? "it does not say why"
        return failure(reason, type: duckdb_result_error_type(&result), action)
    }

    func failure(_ reason: String, type: duckdb_error_type = DUCKDB_ERROR_INVALID, _ action: String) -> any Error {
        DuckDBFailure(reason: reason, type: type).explained(path: file.path, action: action, limit: memoryLimit)
    }
}
