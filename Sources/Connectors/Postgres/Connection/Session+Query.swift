import CLibPQ
import Glibc

extension Session {
    /// Runs one statement with `parameters` for `$1`, `$2`, … and returns its rows as text.
    ///
    /// Outside a transaction it gets a read-only one of its own.
    package func query(_ sql: String, _ parameters: [String?] = []) throws -> QueryRows {
        guard isInTransaction else { return try transaction { try query(sql, parameters) } }
        let connection = try live()
        asked = [sql] + parameters.compactMap { $0 }
        let values = parameters.map { $0.map { UnsafePointer(strdup($0)) } ?? nil }
        defer { for value in values { free(UnsafeMutablePointer(mutating: value)) } }
        guard PQsendQueryParams(connection, sql, Int32(values.count), nil, values, nil, nil, 0) == 1 else {
            throw lost()
        }
        return try lastResult()
    }

    /// The same for a statement that is run for table after table: the server plans it once, which may take ten times
    /// as long as to run it. Behind a pooler each time, for the next statement may meet another session.
    func query(repeating sql: String, _ parameters: [String?]) throws -> QueryRows {
        guard isInTransaction, !capabilities.isPooled else { return try query(sql, parameters) }
        if prepared[sql] == nil {
            let name = "tandem_\(prepared.count + 1)"
            asked = [sql]
            guard PQsendPrepare(try live(), name, sql, 0, nil) == 1 else { throw lost() }
            _ = try lastResult()
            prepared[sql] = name
        }
        asked = [sql] + parameters.compactMap { $0 }
        let values = parameters.map { $0.map { UnsafePointer(strdup($0)) } ?? nil }
        defer { for value in values { free(UnsafeMutablePointer(mutating: value)) } }
        let count = Int32(values.count)
        guard PQsendQueryPrepared(try live(), prepared[sql], count, values, nil, nil, 0) == 1 else { throw lost() }
        return try lastResult()
    }

    /// Runs statements separated by semicolons, in one go, and returns the rows of the last one as text.
    func answer(_ sql: String) throws -> QueryRows {
        asked = [sql]
        guard PQsendQuery(try live(), sql) == 1 else { throw lost() }
        return try lastResult()
    }

    /// Runs statements separated by semicolons, in one go. What they return is dropped.
    package func execute(_ sql: String) throws {
        _ = try answer(sql)
    }

    /// Waits for the answers to what was sent, and returns the last.
    ///
    /// - Throws: The first error among them, after all have been taken.
    func lastResult() throws -> QueryRows {
        var last = QueryRows()
        try takeResults { result in
            last =
                PQresultStatus(result) == PGRES_TUPLES_OK
                ? Self.rows(of: result) : QueryRows(affected: Int(String(cString: PQcmdTuples(result))) ?? 0)
        }
        return last
    }

    /// Waits for the answers to what was sent, and hands over each that is no error.
    ///
    /// - Throws: The first error among them, after all have been taken.
    func takeResults(_ take: (OpaquePointer) throws -> Void) throws {
        try flush()
        var failure: (any Error)?
        while let result = try nextResult() {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                do { try take(result) } catch { failure = failure ?? error }
            case PGRES_COPY_OUT, PGRES_COPY_IN, PGRES_COPY_BOTH:
                close()
                throw PostgresError.malformed(endpoint, what: "a COPY where an answer was expected")
            default: failure = failure ?? error(of: result)
            }
        }
        guard let failure else { return }
        guard isOpen else {
            close()
            throw (failure as? PostgresError)?.endingConnection ?? failure
        }
        throw failure
    }

    /// The next answer, or `nil` after the last.
    func nextResult() throws -> OpaquePointer? {
        let connection = try live()
        while PQisBusy(connection) == 1 {
            try wait(POLLIN)
            guard PQconsumeInput(connection) == 1 else {
                // The server's last words, if it had any, are the better explanation.
                if let result = PQgetResult(connection) { return result }
                throw lost()
            }
        }
        return PQgetResult(connection)
    }

    /// The error a result tells of.
    func error(of result: OpaquePointer) -> PostgresError {
        func field(_ field: DiagnosticField) -> String? {
            PQresultErrorField(result, field.rawValue).map { String(cString: $0) }
        }
        guard let state = field(.sqlState) else {
            let message = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
            return ConnectFailure.error(ofLost: endpoint, message: message)
        }
        let names = [DiagnosticField.constraint, .column, .schema, .table, .dataType].compactMap { field($0) }
        let words = ServerWords(
            code: state,
            message: field(.message) ?? "",
            file: field(.sourceFile),
            known: asked + names + [endpoint.user, endpoint.database]
        )
        if state == "53200", !words.isRaised, field(.hint)?.contains("max_locks_per_transaction") ?? false {
            // Its translated words do not name it.
            return .tooManyLocks(endpoint, message: words.shown)
        }
        // Whoever raises an error may put a value into each of its fields.
        objection =
            words.isRaised
            ? ServerErrorFields(code: state, isRaised: true)
            : ServerErrorFields(code: state, constraint: field(.constraint), column: field(.column))
        if ["42883" /* no such function */, "42P01", "42704"].contains(state), field(.innerStatement) != nil {
            return .missingInFunction(endpoint, sqlState: state, message: words.shown)
        }
        return PostgresError(
            endpoint,
            sqlState: state,
            severity: field(.severityInEnglish) ?? field(.severity) ?? "ERROR",
            words: words,
            isStandby: capabilities.isInRecovery
        )
    }

    static func rows(of result: OpaquePointer) -> QueryRows {
        let columns = PQnfields(result)
        return QueryRows(
            columns: (0..<columns).map { PQfname(result, $0).map { String(cString: $0) } ?? "" },
            types: (0..<columns).map { PQftype(result, $0) },
            modifiers: (0..<columns).map { Int(PQfmod(result, $0)) },
            rows: (0..<PQntuples(result)).map { row in
                (0..<columns).map { column in
                    guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
                        return nil
                    }
                    let bytes = UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result, row, column)))
                    return String(decoding: bytes, as: UTF8.self)
                }
            }
        )
    }
}
