import TandemCore
import TandemRows

/// Does writes within a transaction, each by itself as far as anyone can tell.
///
/// A statement does many at once, behind a savepoint. Where one of them is refused, what is left is tried in halves.
struct RecordWriter {
    let session: Session
    let tables: [RecordShape: RecordTable]
    private(set) var outcomes: [WriteID: WriteOutcome] = [:]
    private var hasSavepoint: Bool

    /// How long a row is waited for that somebody else has in use, in all and while it is looked for which one that is.
    static let lockTimeout = "3s"
    private static let searchTimeout = "100ms"

    /// - Parameter hasSavepoint: Whether one was made earlier in the transaction.
    init(_ session: Session, _ tables: [RecordShape: RecordTable], hasSavepoint: Bool) {
        (self.session, self.tables, self.hasSavepoint) = (session, tables, hasSavepoint)
    }

    mutating func write(_ writes: [RecordWrite]) throws {
        for group in RecordGroup.groups(of: writes) {
            guard let table = tables[group.shape] else { continue }
            let rows = try group.rows.filter { try !isUnfit($0, group, table) }
            var group = group
            group.rows = rows
            let attempt = GroupAttempt(group: group, table: table, session: session)
            let limit = group.kind == .create && !table.canMerge ? RecordStatements.insertLimit : group.rows.count
            for start in stride(from: 0, to: group.rows.count, by: max(1, limit)) {
                try run(attempt, group.rows[start..<min(start + limit, group.rows.count)], isSearching: false)
            }
        }
    }

    /// Values that are none of their column's type do not get as far as the server.
    private mutating func isUnfit(_ row: RecordGroup.Row, _ group: RecordGroup, _ table: RecordTable) throws -> Bool {
        if group.kind == .update, group.fields.isEmpty {
            outcomes[row.id] = row.record.map(WriteOutcome.stored) ?? .stale
            return true
        }
        for (field, value) in zip(group.fields, row.values) {
            guard table.fields.indices.contains(field) else { throw unknownField(table) }
            guard BoundArray([value], of: table.fields[field].schema) == nil else { continue }
            let cause = "the value is none of the type of \"\(table.fields[field].schema.name)\""
            outcomes[row.id] = .rejected(WriteRejection(kind: .value, cause: cause, code: "22P02", field: field))
            return true
        }
        return false
    }

    private func unknownField(_ table: RecordTable) -> PostgresError {
        .tableChanged(session.endpoint, table.shape.table, what: "a write names a field that it has not")
    }

    private mutating func run(
        _ attempt: GroupAttempt,
        _ rows: ArraySlice<RecordGroup.Row>,
        isSearching: Bool
    ) throws {
        guard !rows.isEmpty else { return }
        try session.execute(hasSavepoint ? "RELEASE tandem_write; SAVEPOINT tandem_write" : "SAVEPOINT tandem_write")
        hasSavepoint = true
        do {
            outcomes.merge(try attempt.run(rows)) { $1 }
        } catch let error as PostgresError {
            guard session.isOpen, let objection = session.objection else { throw error }
            let refusal = WriteRefusal(objection)
            guard refusal != .fatal else { throw error }
            try session.execute("ROLLBACK TO tandem_write")
            try settle(refusal, objection, attempt, rows, isSearching: isSearching)
        }
    }

    private mutating func settle(
        _ refusal: WriteRefusal,
        _ objection: ServerErrorFields,
        _ attempt: GroupAttempt,
        _ rows: ArraySlice<RecordGroup.Row>,
        isSearching: Bool
    ) throws {
        switch refusal {
        case .all(let kind): reject(rows, WriteRejection(kind, objection, in: attempt.table))
        case .row(let kind) where rows.count == 1: reject(rows, WriteRejection(kind, objection, in: attempt.table))
        case .busy where rows.count == 1: reject(rows, WriteRejection(.busy, objection, in: attempt.table))
        case .busy where !isSearching: try search(attempt, rows, objection)
        case .row, .busy:
            let middle = rows.startIndex + rows.count / 2
            try run(attempt, rows[..<middle], isSearching: isSearching)
            try run(attempt, rows[middle...], isSearching: isSearching)
        case .fatal: break
        }
    }

    /// Goes on without those that are in use.
    private mutating func search(
        _ attempt: GroupAttempt,
        _ rows: ArraySlice<RecordGroup.Row>,
        _ objection: ServerErrorFields
    ) throws {
        try session.execute("SET LOCAL lock_timeout = '\(Self.searchTimeout)'")
        let busy = try attempt.busy(among: rows)
        reject(rows.filter { busy.contains($0.id) }[...], WriteRejection(.busy, objection, in: attempt.table))
        try run(attempt, rows.filter { !busy.contains($0.id) }[...], isSearching: true)
        try session.execute("SET LOCAL lock_timeout = '\(Self.lockTimeout)'")
    }

    private mutating func reject(_ rows: ArraySlice<RecordGroup.Row>, _ rejection: WriteRejection) {
        for row in rows { outcomes[row.id] = .rejected(rejection) }
    }
}
