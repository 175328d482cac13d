import CDuckDB

/// A prepared statement with its values bound.
///
/// Here and in the other classes that own something of DuckDB's, what calls
/// into C extends the lifetime of `self` over the call: optimised code lets
/// go of an object as soon as Swift has no more use for it.
final class Statement {
    let session: Session
    let type: duckdb_statement_type
    private let action: String
    private var handle: duckdb_prepared_statement?

    init(_ sql: String, _ values: [Session.Value] = [], in session: Session, to action: String) throws {
        self.session = session
        self.action = action
        var statements: duckdb_extracted_statements?
        defer { duckdb_destroy_extracted(&statements) }
        let count = session.withConnection { duckdb_extract_statements($0, sql, &statements) }
        guard count == 1 else {
            type = DUCKDB_STATEMENT_TYPE_INVALID
            guard count == 0, let reason = duckdb_extract_statements_error(statements), reason.pointee != 0 else {
                throw DuckDBError.severalStatements(count: Int(count))
            }
            throw session.failure(Self.text(reason), action)
        }
        var prepared: duckdb_prepared_statement?
        let state = session.withConnection { duckdb_prepare_extracted_statement($0, statements, 0, &prepared) }
        handle = prepared
        type = prepared == nil ? DUCKDB_STATEMENT_TYPE_INVALID : duckdb_prepared_statement_type(prepared)
        guard state == DuckDBSuccess else {
            // What failed is destroyed here as well, by `deinit`.
            throw session.failure(Self.text(duckdb_prepare_error(handle)), action)
        }
        for (index, value) in values.enumerated() { try bind(value, at: idx_t(index + 1)) }
    }

    deinit { duckdb_destroy_prepare(&handle) }

    /// What its columns will be called. Names may repeat.
    var columnNames: [String] {
        defer { withExtendedLifetime(self) {} }
        return (0..<duckdb_prepared_statement_column_count(handle)).map { index in
            let name = duckdb_prepared_statement_column_name(handle, index)
            defer { duckdb_free(UnsafeMutablePointer(mutating: name)) }
            return name.map { String(cString: $0) } ?? ""
        }
    }

    private func bind(_ value: Session.Value, at index: idx_t) throws {
        let state =
            switch value {
            case .text(let text): duckdb_bind_varchar_length(handle, index, text, idx_t(text.utf8.count))
            case .int(let number): duckdb_bind_int64(handle, index, Int64(number))
            case .double(let number): duckdb_bind_double(handle, index, number)
            }
        guard state == DuckDBSuccess else { throw session.failure("value \(index) is not accepted", action) }
    }

    /// Runs it, and returns how many rows it changed.
    func run() throws -> Int {
        defer { withExtendedLifetime(self) {} }
        var result = duckdb_result()
        defer { duckdb_destroy_result(&result) }
        guard duckdb_execute_prepared(handle, &result) == DuckDBSuccess else { throw session.failure(&result, action) }
        return Int(duckdb_rows_changed(&result))
    }

    /// Starts it; the rows come as they are asked for.
    func stream() throws -> ResultStream {
        defer { withExtendedLifetime(self) {} }
        var pending: duckdb_pending_result?
        defer { duckdb_destroy_pending(&pending) }
        guard duckdb_pending_prepared_streaming(handle, &pending) == DuckDBSuccess else {
            throw session.failure(Self.text(duckdb_pending_error(pending)), action)
        }
        var result = duckdb_result()
        guard duckdb_execute_pending(pending, &result) == DuckDBSuccess else {
            defer { duckdb_destroy_result(&result) }
            throw session.failure(&result, action)
        }
        return ResultStream(result, of: self, action: action)
    }

    private static func text(_ words: UnsafePointer<CChar>?) -> String {
        words.map { String(cString: $0) } ?? "it does not say why"
    }
}
