import CLibPQ

/// Answers that are taken as they come. Inside a transaction only.
extension Session {
    /// The columns that `sql` answers with, and no rows.
    func describe(_ sql: String) throws -> QueryRows {
        asked = [sql]
        guard PQsendPrepare(try live(), "", sql, 0, nil) == 1 else { throw lost() }
        _ = try lastResult()
        guard PQsendDescribePrepared(try live(), "") == 1 else { throw lost() }
        try flush()
        var shape = QueryRows()
        var failure: PostgresError?
        while let result = try nextResult() {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_COMMAND_OK {
                shape = Self.rows(of: result)
            } else {
                failure = failure ?? error(of: result)
            }
        }
        if let failure { throw failure }
        return shape
    }

    /// Rows that are handed over at once.
    private static let partLength = 1000

    /// Runs `sql` and hands its rows to `take`, the first part also where there are none, until it wants no more.
    func stream(_ sql: String, _ take: (QueryRows) throws -> Bool) throws {
        let connection = try live()
        asked = [sql]
        guard PQsendQueryParams(connection, sql, 0, nil, nil, nil, nil, 0) == 1 else { throw lost() }
        PQsetSingleRowMode(connection)
        try flush()
        var part = QueryRows()
        var failure: (any Error)?
        var isWanted = true
        while let result = try nextResult() {
            defer { PQclear(result) }
            let status = PQresultStatus(result)
            guard isWanted else { continue }
            switch status {
            case PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK, PGRES_COMMAND_OK:
                let rows = Self.rows(of: result)
                part.columns = rows.columns
                part.rows += rows.rows
            case PGRES_EMPTY_QUERY: break
            case PGRES_COPY_OUT, PGRES_COPY_IN, PGRES_COPY_BOTH:
                close()
                let message = "COPY sends no rows that could be shown: write what is to be read as a SELECT"
                throw PostgresError.server(endpoint, sqlState: "0A000", severity: "ERROR", message: message)
            default:
                (failure, isWanted) = (error(of: result), false)
                continue
            }
            guard status != PGRES_SINGLE_TUPLE || part.rows.count >= Self.partLength else { continue }
            do { isWanted = try take(part) } catch { (failure, isWanted) = (error, false) }
            part.rows = []
            // The rest is not sent; what is on its way is passed over.
            if !isWanted, status == PGRES_SINGLE_TUPLE { CancelRequest(connection)?.send() }
        }
        if !isOpen { close() }
        if let failure { throw failure }
    }
}
