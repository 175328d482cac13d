import TandemCore
import TandemRows

/// Why a write is not done.
struct MemoryRefusal: Error {
    var outcome: WriteOutcome

    static let gone = MemoryRefusal(outcome: .stale)

    static func rejected(_ kind: WriteRejection.Kind, _ cause: String) -> MemoryRefusal {
        MemoryRefusal(outcome: .rejected(WriteRejection(kind: kind, cause: cause)))
    }
}

extension MemoryRecords.State {
    mutating func insert(
        _ fields: [Value],
        into table: TableID,
        _ manners: MemoryRecords.Manners,
        isOwn: Bool,
        operation: OperationID?,
        reserved: Record? = nil
    ) throws -> RowKey {
        guard var content = tables[table] else { throw MemoryRefusal.rejected(.other, "There is no such table.") }
        let fields = fields.map(manners.stored)
        let key: RowKey
        if let reserved {
            key = reserved.key
        } else if let field = content.keyField {
            guard let given = RowKey([fields[field]]) else { throw MemoryRefusal.rejected(.value, "It has no key.") }
            guard content.records[given] == nil else { throw MemoryRefusal.rejected(.duplicate, "The key is taken.") }
            key = given
        } else {
            guard let made = RowKey([.number(content.nextKey)]) else { throw MemoryRefusal.gone }
            content.nextKey += 1
            key = made
        }
        try check(fields, of: content, except: key)
        content.records[key] = .init(
            fields: fields,
            version: 1,
            created: reserved?.createdAt.map { Int($0) } ?? time,
            changed: time,
            operation: operation
        )
        tables[table] = content
        note(table, key, isOwn, nil, fields)
        return key
    }

    mutating func update(
        _ key: RowKey,
        _ values: [Int: Value],
        in table: TableID,
        _ manners: MemoryRecords.Manners,
        isOwn: Bool
    ) throws {
        guard let content = tables[table], var record = content.records[key] else { throw MemoryRefusal.gone }
        let before = record.fields
        for (index, value) in values { record.fields[index] = manners.stored(value) }
        try check(record.fields, of: content, except: key)
        record.former = (before, record.version)
        record.version += 1
        record.changed = time
        tables[table]?.records[key] = record
        note(table, key, isOwn, before, record.fields)
    }

    mutating func delete(_ key: RowKey, from table: TableID, isOwn: Bool) throws {
        guard let record = tables[table]?.records[key] else { throw MemoryRefusal.gone }
        for (_, other) in tables {
            for (field, target) in other.references where target == table {
                guard !other.records.values.contains(where: { RowKey([$0.fields[field]]) == key }) else {
                    throw MemoryRefusal.rejected(.reference, "Other records name it.")
                }
            }
        }
        tables[table]?.records[key] = nil
        note(table, key, isOwn, record.fields, nil)
    }

    private func check(_ fields: [Value], of table: MemoryRecords.Table, except key: RowKey) throws {
        if !table.unique.isEmpty {
            let values = table.unique.map { fields[$0] }
            let isTaken = table.records.contains { other, record in
                other != key && table.unique.map { record.fields[$0] } == values
            }
            if isTaken { throw MemoryRefusal.rejected(.duplicate, "Another record has the same unique values.") }
        }
        for (field, target) in table.references {
            guard let named = RowKey([fields[field]]) else { continue }
            if tables[target]?.records[named] == nil, !(target == table.shape.id && named == key) {
                throw MemoryRefusal.rejected(.reference, "The record that it names is not there.")
            }
        }
    }

    private mutating func note(_ table: TableID, _ key: RowKey, _ isOwn: Bool, _ before: [Value]?, _ after: [Value]?) {
        journal.append(
            .init(time: time, table: table, key: key, isOwn: isOwn, before: before, after: after)
        )
    }
}

extension MemoryRecords.Manners {
    func stored(_ value: Value) -> Value {
        guard case .bytes(let bytes) = value else { return value }
        return .text(normal(String(decoding: bytes, as: UTF8.self)))
    }
}
