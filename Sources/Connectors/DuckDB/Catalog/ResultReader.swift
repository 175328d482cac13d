import CDuckDB
import TandemCore
import TandemRows

/// One thread's share of ``ResultRows``.
final class ResultReader: RowReader {
    private let rows: ResultRows
    /// `nil` after the last row, so that the file is closed then.
    private var session: Session?
    /// The range being read, and how many of its rows have come.
    private var statement: String?
    private var fetched = 0
    private var results: ResultStream?
    private var chunk: ResultChunk?
    private var position = 0
    /// Rows of the chunk that make one batch: all of them, unless they are large.
    private var step = 0

    init(of rows: ResultRows, over session: Session?) {
        self.rows = rows
        self.session = session
    }

    func next() throws -> RowBatch? {
        if chunk == nil { try fetch() }
        guard let chunk else { return nil }
        let range = position..<min(position + step, chunk.rowCount)
        let columns = rows.schema.columns.enumerated().map { chunk.column($0, as: $1.type, rows: range) }
        position = range.upperBound
        if position == chunk.rowCount { self.chunk = nil }
        return RowBatch(rowCount: range.count, columns: columns, byteCount: 0)
    }

    private func fetch() throws {
        guard let session else { return }
        guard let chunk = try nextChunk(over: session) else {
            rows.end(session)
            return self.session = nil
        }
        let types = rows.schema.columns.map(\.type)
        let bytes = types.indices.reduce(0) { $0 + chunk.byteCount($1, as: types[$1]) }
        try rows.count(rows: chunk.rowCount, bytes: bytes)
        self.chunk = chunk
        position = 0
        step = bytes <= RowBatch.byteLimit ? chunk.rowCount : max(1, chunk.rowCount * RowBatch.byteLimit / bytes)
    }

    private func nextChunk(over session: Session) throws -> ResultChunk? {
        while true {
            do {
                if let chunk = try results?.next() {
                    fetched += chunk.rowCount
                    return chunk
                }
                results = nil
                fetched = 0
                statement = try rows.nextStatement()
                guard let statement else { return nil }
                results = try Statement(statement, in: session, to: "read rows").stream()
            } catch DuckDBError.outOfMemory(let path, let limit, let reason) {
                results = nil
                // A file that someone writes to might hold other rows once the transaction begins anew.
                try session.run("ROLLBACK", to: "begin again")
                guard let statement, session.file.mode == .read, try session.allowMoreMemory() else {
                    throw DuckDBError.outOfMemory(path: path, limit: limit, reason: reason)
                }
                try session.run("BEGIN", to: "begin again")
                // The rows of a range come in the order they lie in.
                results = try Statement("\(statement) OFFSET \(fetched)", in: session, to: "read rows").stream()
            }
        }
    }
}
