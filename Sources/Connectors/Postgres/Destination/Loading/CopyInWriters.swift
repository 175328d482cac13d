import TandemCore
import TandemRows

/// Copies rows into a table that is there, each reader's through a connection of its own.
struct CopyInWriters: Sendable {
    let rows: any TableRows
    let table: TargetTable
    /// The table that is filled, quoted.
    let name: String
    let pool: SessionPool
    private let encoders: [CellEncoder]

    init(rows: any TableRows, table: TargetTable, name: String, pool: SessionPool) {
        self.rows = rows
        self.table = table
        self.name = name
        self.pool = pool
        encoders = table.types.map(\.encoder)
    }

    /// Bytes after which a COPY is ended and another begun. What the server has against a row is heard only then.
    private static let copyLimit = 256 << 20

    /// - Returns: How many rows there were.
    /// - Throws: The rows' own error; ``PostgresError``; `CancellationError`.
    func run() async throws -> Int {
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<max(1, rows.readers) {
                    group.addTask { try await Blocking.run { try copyShare($0) } }
                }
                do {
                    return try await group.reduce(0, +)
                } catch {
                    // The others wait for the source, which knows nothing of this.
                    rows.cancel()
                    group.cancelAll()
                    throw error
                }
            }
        } onCancel: {
            rows.cancel()
        }
    }

    /// What one reader has, on this thread.
    private func copyShare(_ interruption: Interruption) throws -> Int {
        let reader = try rows.makeReader()
        // A reader without rows takes no connection.
        guard var batch = try reader.next() else { return 0 }
        let session = try pool.borrow(interruption)
        defer { pool.giveBack(session) }
        let encoder = RowEncoder()
        var sent = 0
        var stored = 0
        var isMore = true
        while isMore {
            stored += try session.writing {
                // It is the commit that puts the table in place which has to last.
                try session.execute("SET LOCAL synchronous_commit = off")
                return try session.copyIn(table.copy(into: name)) {
                    var bytes = 0
                    while isMore, bytes < Self.copyLimit {
                        let encoded = try encode(batch, with: encoder, session)
                        try session.sendCopy(encoded)
                        bytes += encoded.count
                        sent += batch.rowCount
                        if let next = try reader.next() { batch = next } else { isMore = false }
                    }
                }
            }
        }
        guard sent == stored else {
            throw PostgresError.destination(
                session.endpoint,
                .miscounted(table.target, sent: sent, stored: stored)
            )
        }
        return stored
    }

    private func encode(
        _ batch: RowBatch,
        with encoder: RowEncoder,
        _ session: Session
    ) throws -> UnsafeRawBufferPointer {
        do throws(UnwritableColumn) {
            return try encoder.encode(batch.columns, rows: batch.rowCount, as: encoders)
        } catch {
            throw PostgresError.destination(
                session.endpoint,
                .unwritable(table.target, column: table.columnName(error.index), reason: error.reason.description)
            )
        }
    }
}

extension TargetTable {
    fileprivate func columnName(_ index: Int) -> String {
        schema.columns.indices.contains(index) ? schema.columns[index].name : "*"
    }
}

extension Unwritable: CustomStringConvertible {
    /// What follows "column x of table y".
    var description: String {
        switch self {
        case .layout: "came otherwise than its type says"
        case .number: "holds a text that is no number"
        case .tooLarge: "holds a value above the 1 GB that Postgres takes"
        }
    }
}
