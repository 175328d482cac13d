import CDuckDB
import Synchronization
import TandemCore
import TandemRows

/// The rows of a table as they lie in the file, in no particular order.
///
/// Readers fetch in turn and turn chunks into columns side by side. The file
/// stays open while this lives.
final class ResultRows: TableRows {
    let schema: TableSchema
    let readers: Int
    private let state: Mutex<State>
    /// Apart from the state, because that is locked while a chunk is waited for.
    private let interrupter: Mutex<Session.Interrupter?>

    private struct State {
        /// `nil` after the last row, so that the file is closed then.
        var results: ResultStream?
        var tally = ReadTally()
        var isCancelled = false
    }

    init(of name: TableName, as schema: TableSchema, in session: Session, readers: Int) throws {
        self.schema = schema
        self.readers = readers
        try Self.check(name, schema, in: session)
        let names = schema.columns.map { SQL.identifier($0.name) }
        let columns = names.isEmpty ? "NULL::BOOLEAN" : names.joined(separator: ", ")
        let sql = "SELECT \(columns) FROM \(session.quoted(name))"
        let results = try Statement(sql, in: session, to: "read \(name)").stream()
        state = Mutex(State(results: results))
        interrupter = Mutex(session.interrupter)
    }

    /// A user may have altered the table since; a type that is not the expected one would be misread.
    private static func check(_ name: TableName, _ schema: TableSchema, in session: Session) throws {
        guard let present = try Catalogue(session).columns(of: name) else { throw DuckDBError.noTable(name) }
        let types = Dictionary(present.map { (SQL.folding.fold($0.name), $0.type) }) { first, _ in first }
        let missing = schema.columns.map(\.name).filter { types[SQL.folding.fold($0)] == nil }
        guard missing.isEmpty else { throw DuckDBError.noColumns(name, names: missing) }
        for column in schema.columns {
            guard let type = types[SQL.folding.fold(column.name)], type != column.type.listedSQL else { continue }
            throw DuckDBError.otherType(name, column: column.name, has: type, expected: column.type.listedSQL)
        }
    }

    func makeReader() throws -> any RowReader { Reader(of: self) }

    func cancel() {
        interrupter.withLock { $0 }?.interrupt()
        state.withLock { $0.isCancelled = true }
    }

    var tally: ReadTally { state.withLock { $0.tally } }

    private func nextChunk() throws -> ResultChunk? {
        try state.withLock { state in
            if state.isCancelled { throw CancellationError() }
            guard let chunk = try state.results?.next() else {
                state.results = nil
                interrupter.withLock { $0 = nil }
                return nil
            }
            state.tally.rows += chunk.rowCount
            return chunk
        }
    }

    private func count(bytes: Int) { state.withLock { $0.tally.bytes += bytes } }

    private final class Reader: RowReader {
        private let rows: ResultRows
        private var chunk: ResultChunk?
        private var position = 0
        /// Rows of the chunk that make one batch: all of them, unless they are large.
        private var step = 0

        init(of rows: ResultRows) { self.rows = rows }

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
            guard let chunk = try rows.nextChunk() else { return }
            let bytes = rows.schema.columns.enumerated().reduce(0) {
                $0 + chunk.byteCount($1.offset, as: $1.element.type)
            }
            rows.count(bytes: bytes)
            self.chunk = chunk
            position = 0
            step = bytes <= RowBatch.byteLimit ? chunk.rowCount : max(1, chunk.rowCount * RowBatch.byteLimit / bytes)
        }
    }
}
