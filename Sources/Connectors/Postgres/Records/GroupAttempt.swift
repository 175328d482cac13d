import TandemCore
import TandemRows

/// Some writes of a group in one statement, and what became of them.
struct GroupAttempt {
    let group: RecordGroup
    let table: RecordTable
    let session: Session

    private var statements: RecordStatements { RecordStatements(table) }
    private var reader: RecordReader { RecordReader(session, table) }

    /// - Throws: ``PostgresError`` where one of them is refused; then none is done.
    func run(_ rows: ArraySlice<RecordGroup.Row>) throws -> [WriteID: WriteOutcome] {
        let rows = Array(rows)
        let fields = group.fields.map { table.fields[$0] }
        switch group.kind {
        case .create:
            let numbers = BoundArray(numbers: rows.indices.map { Int64($0) + 1 })
            let statement = statements.insertion(fields)
            let answer = try session.rows(repeating: statement, [numbers] + values(of: rows))
            return try settle(rows, stored(reader.records(answer)))
        case .update:
            let answer = try session.rows(repeating: statements.update(fields), expected(rows) + values(of: rows))
            return try settle(rows, stored(reader.records(answer)))
        case .delete:
            let answer = try session.rows(repeating: statements.deletion, expected(rows))
            return try settle(rows, Dictionary(numbers(answer).map { ($0, .deleted) }) { first, _ in first })
        }
    }

    /// Which of `rows` are as they are expected, and cannot be written because somebody else has them in use. Locks the
    /// others.
    func busy(among rows: ArraySlice<RecordGroup.Row>) throws -> Set<WriteID> {
        guard group.kind != .create else { return [] }
        let rows = Array(rows)
        let isKey = group.fields.contains { field in table.key.contains { $0.name == table.fields[field].name } }
        let statement = statements.lock(forUpdate: isKey || group.kind == .delete)
        let free = try numbers(session.rows(repeating: statement, expected(rows)))
        let there = try unchanged(rows)
        return Set(rows.indices.filter { there.contains($0 + 1) && !free.contains($0 + 1) }.map { rows[$0].id })
    }

    private func unchanged(_ rows: [RecordGroup.Row]) throws -> Set<Int> {
        Set(try numbers(session.rows(repeating: statements.unchanged, expected(rows))))
    }

    private func numbers(_ answer: RecordRows) throws -> [Int] {
        do { return answer.count == 0 ? [] : try answer.numbers(0) } catch {
            throw reader.changed("the number of a row is none")
        }
    }

    /// What is stored, by the number of the write: where the answer does not say it that takes another
    /// look.
    private func stored(_ records: [(number: Int, record: Record)]) throws -> [Int: WriteOutcome] {
        var outcomes = Dictionary(records.map { ($0.number, WriteOutcome.stored($0.record)) }) { first, _ in first }
        guard table.isRewritten || table.isPartitioned else { return outcomes }
        let now = try reader.read(records.map(\.record.key)).map { ($0.key, $0) }
        let byKey = Dictionary(now) { first, _ in first }
        for (number, record) in records { outcomes[number] = byKey[record.key].map(WriteOutcome.stored) ?? .deleted }
        return outcomes
    }

    /// Names the writes, and tells why those came to nothing that the answer does not have.
    private func settle(_ rows: [RecordGroup.Row], _ done: [Int: WriteOutcome]) throws -> [WriteID: WriteOutcome] {
        var outcomes: [WriteID: WriteOutcome] = [:]
        let missing = rows.indices.filter { done[$0 + 1] == nil }
        let isRefused: Set<Int> =
            missing.isEmpty ? [] : group.kind == .create ? Set(missing.map { $0 + 1 }) : try unchanged(rows)
        let alteration = ServerErrorFields(code: ServerErrorFields.alteration)
        for (index, row) in rows.enumerated() {
            outcomes[row.id] =
                done[index + 1]
                ?? (isRefused.contains(index + 1)
                    ? .rejected(WriteRejection(.other, alteration, in: table)) : .stale)
        }
        return outcomes
    }

    // MARK: What is sent

    private func values(of rows: [RecordGroup.Row]) throws -> [BoundArray] {
        try group.fields.indices.map { place in
            let values = rows.map { $0.values[place] }
            guard let array = BoundArray(values, of: table.fields[group.fields[place]].schema) else {
                throw reader.changed("a value is none of its type")
            }
            return array
        }
    }

    private func expected(_ rows: [RecordGroup.Row]) throws -> [BoundArray] {
        let keys = try table.key.indices.map { place in
            let values = rows.map { row in
                row.record.flatMap { $0.key.values.indices.contains(place) ? $0.key.values[place] : nil } ?? .null
            }
            guard let array = BoundArray(values, of: table.key[place].schema) else {
                throw reader.changed("a key is none of its type")
            }
            return array
        }
        return keys + [BoundArray(transactions: rows.map(\.version))]
    }
}
