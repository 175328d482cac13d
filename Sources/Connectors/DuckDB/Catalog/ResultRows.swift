import CDuckDB
import Synchronization
import TandemCore
import TandemRows

/// The rows of a table as they lie in the file, in no particular order.
///
/// Readers take ranges of rows from a queue, each over a connection of its
/// own, all of one moment. The file stays open until the last row is read.
final class ResultRows: TableRows {
    let schema: TableSchema
    private let query: String
    /// What else is asked of rows, beside where they lie.
    private let condition: String
    private let state: Mutex<State>

    /// A connection whose transaction has begun.
    // Unchecked because one thread at a time uses it: the one that opens it, then that of its reader.
    private struct Cursor: @unchecked Sendable {
        let session: Session
    }

    private struct State {
        var idle: [Cursor] = []
        var interrupters: [ObjectIdentifier: Session.Interrupter] = [:]
        var nextRow = 0
        var endRow = 0
        var tally = ReadTally()
        var isCancelled = false
    }

    /// Two of DuckDB's row groups.
    private static let rangeLength = 2 * 122_880

    let readers: Int

    /// - Parameters:
    ///   - open: Opens a connection.
    ///   - metadataColumns: What Tandem has added to the table: marked rows are passed over.
    init(
        of name: TableName,
        as schema: TableSchema,
        metadataColumns: MetadataColumns,
        readers: Int,
        open: () throws -> Session
    ) throws {
        self.schema = schema
        self.readers = readers
        condition = metadataColumns.isThere.map { " AND \($0)" } ?? ""
        var state = State()
        var query = ""
        for _ in 0..<max(readers, 1) {
            let session = try open()
            try session.run("BEGIN", to: "begin")
            if query.isEmpty { try WarehouseCatalog(session).expect(schema, of: name) }
            let numbering = try RowNumbering(of: name, in: session)
            let relation = numbering.relation(in: session)
            if query.isEmpty { query = Self.query(of: relation, schema.columns.map { numbering.column($0.name) }) }
            let rows = try session.texts("SELECT max(rowid)::VARCHAR FROM \(relation)", to: "read \(name)")
            state.endRow = (rows.first?.first?.flatMap { Int($0) } ?? -1) + 1
            state.idle.append(Cursor(session: session))
            state.interrupters[ObjectIdentifier(session)] = session.interrupter
        }
        self.query = query
        self.state = Mutex(state)
    }

    private static func query(of relation: String, _ columns: [String]) -> String {
        let list = columns.map(SQL.identifier).joined(separator: ", ")
        return "SELECT \(list.isEmpty ? "NULL::BOOLEAN" : list) FROM \(relation)"
    }

    func makeReader() throws -> any RowReader {
        ResultReader(of: self, over: state.withLock { $0.idle.popLast() }?.session)
    }

    func cancel() {
        let interrupters = state.withLock { state in
            state.isCancelled = true
            return Array(state.interrupters.values)
        }
        for interrupter in interrupters { interrupter.interrupt() }
    }

    var tally: ReadTally { state.withLock { $0.tally } }
}

// MARK: For readers

extension ResultRows {
    /// The statement for the next range, or `nil` after the last. Connections nobody uses are closed then.
    func nextStatement() throws -> String? {
        try state.withLock { state in
            if state.isCancelled { throw CancellationError() }
            guard state.nextRow < state.endRow else {
                for cursor in state.idle { state.interrupters[ObjectIdentifier(cursor.session)] = nil }
                state.idle = []
                return nil
            }
            let start = state.nextRow
            state.nextRow = min(start + Self.rangeLength, state.endRow)
            return "\(query) WHERE rowid >= \(start) AND rowid < \(state.nextRow)\(condition)"
        }
    }

    func count(rows: Int, bytes: Int) throws {
        try state.withLock { state in
            if state.isCancelled { throw CancellationError() }
            state.tally.rows += rows
            state.tally.bytes += bytes
        }
    }

    /// The connection is done with, and is closed as soon as its reader lets go of it.
    func end(_ session: Session) { state.withLock { $0.interrupters[ObjectIdentifier(session)] = nil } }
}
