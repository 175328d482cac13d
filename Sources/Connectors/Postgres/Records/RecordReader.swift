import TandemCore
import TandemRows

/// Makes records of what ``RecordStatements`` ask.
struct RecordReader {
    let session: Session
    let table: RecordTable

    init(_ session: Session, _ table: RecordTable) { (self.session, self.table) = (session, table) }

    private var statements: RecordStatements { RecordStatements(table) }

    /// Those that have one of `keys`.
    func read(_ keys: [RowKey]) throws -> [Record] {
        guard !keys.isEmpty else { return [] }
        return try find(keys.map(\.values), in: table.key)
    }

    func find(_ values: [[Value]], in columns: [RecordColumn]) throws -> [Record] {
        let arrays = columns.indices.map { place in
            BoundArray(values.map { $0.indices.contains(place) ? $0[place] : .null }, of: columns[place].schema)
        }
        guard arrays.allSatisfy({ $0 != nil }) else { throw changed("a key is none of its type") }
        let rows = try session.rows(repeating: statements.selection(by: columns), arrays.compactMap(\.self))
        return try records(rows).map(\.record)
    }

    func scan(after key: RowKey?, limit: Int) throws -> [Record] {
        var arrays: [BoundArray] = []
        for (place, column) in table.key.enumerated() {
            guard let values = key?.values, values.indices.contains(place) else { continue }
            guard let array = BoundArray([values[place]], of: column.schema) else {
                throw changed("a key is none of its type")
            }
            arrays.append(array)
        }
        let statement = statements.page(isFirst: key == nil, limit: limit)
        return try records(session.rows(repeating: statement, arrays)).map(\.record)
    }

    /// The records of an answer, with their numbers.
    func records(_ rows: RecordRows) throws -> [(number: Int, record: Record)] {
        guard rows.count > 0 else { return [] }
        guard rows.types == table.answerTypes else { throw changed("the types of its columns are others") }
        do {
            let numbers = try rows.numbers(0)
            let versions = try rows.decode(1, as: .oid).column
            let times = try rows.decode(2, as: .timestampTZ).column
            let scopes = try rows.decode(3, as: .bool).column
            let columns = try (table.key + table.fields).enumerated().map { index, column in
                let decoder = column.reading.decoder
                return try rows.decode(RecordStatements.answerHead + index, as: decoder, checksUTF8: table.checksUTF8)
            }
            let (keys, fields) = (columns.prefix(table.key.count), columns.dropFirst(table.key.count))
            guard keys.allSatisfy(\.unfit.isEmpty) else { throw changed("a key does not fit its type") }
            var unfit: [Int: Set<Int>] = [:]
            for (field, column) in fields.enumerated() {
                for row in column.unfit { unfit[row, default: []].insert(field) }
            }
            return try (0..<rows.count).map { row in
                guard let key = RowKey(keys.map { Value(row, of: $0.column) }) else { throw changed("a key is null") }
                var record = Record(key: key, fields: fields.map { Value(row, of: $0.column) })
                if let fields = unfit[row] {
                    record.unfit = fields
                    for field in fields { record.fields[field] = .null }
                }
                if case .int64(let numbers) = versions.storage { record.version = String(numbers[row]) }
                if case .int64(let values) = times.storage, !times.isNull(row) { record.changedAt = values[row] }
                if case .bool(let values) = scopes.storage { record.isInScope = values[row] }
                return (numbers[row], record)
            }
        } catch is MalformedCell {
            throw changed("a value is not of the type that its column had")
        }
    }

    func changed(_ what: String) -> PostgresError { .tableChanged(session.endpoint, table.shape.table, what: what) }
}
