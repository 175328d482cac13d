import Synchronization
package import TandemCore
package import TandemRows

extension MemoryRecords: RecordStore {
    package var capabilities: RecordCapabilities {
        RecordCapabilities(
            readsAreFresh: manners.staleness == 0,
            versionsGrow: true,
            keepsNotes: manners.keepsNotes
        )
    }

    package func describe() async throws -> [RecordType] {
        state.withLock { state in
            state.tables.values.map { table in
                let fields = (table.shape.key + table.shape.fields).map { RecordType.Field(column: $0) }
                return RecordType(name: table.shape.table, id: table.shape.id, key: [0], fields: fields)
            }
        }
    }

    package func read(_ keys: [RowKey], of shape: RecordShape) async throws -> [Record] {
        state.withLock { state in
            var records: [Record] = []
            for key in keys {
                guard let stored = state.tables[shape.id]?.records[key] else { continue }
                var record = stored.record(key)
                if manners.staleness > 0, let former = stored.former, state.time - stored.changed < manners.lag,
                    Double.random(in: 0..<1, using: &state.random) < manners.staleness
                {
                    record.fields = former.fields
                    record.version = String(former.version)
                }
                records.append(record)
            }
            return manners.permutes ? records.shuffled(using: &state.random) : records
        }
    }

    package func find(_ values: [[Value]], in fields: [Int], of shape: RecordShape) async throws -> [Record] {
        let wanted = Set(values.map { $0.map(manners.stored) })
        return state.withLock { state in
            let records = state.tables[shape.id]?.records ?? [:]
            return records.compactMap { key, stored in
                wanted.contains(fields.map { stored.fields[$0] }) ? stored.record(key) : nil
            }
            .sorted { $0.key.texts.lexicographicallyPrecedes($1.key.texts) }
        }
    }

    package func scan(_ shape: RecordShape, after key: RowKey?, limit: Int) async throws -> [Record] {
        state.withLock { state in
            let records = (state.tables[shape.id]?.records ?? [:]).map { $1.record($0) }
            let sorted = records.sorted { $0.key.texts.lexicographicallyPrecedes($1.key.texts) }
            let rest = sorted.drop { record in
                key.map { !$0.texts.lexicographicallyPrecedes(record.key.texts) } ?? false
            }
            return Array(rest.prefix(limit))
        }
    }

    package func made(by operations: [OperationID], of shape: RecordShape) async throws -> [OperationID: Record] {
        guard manners.createsOnce else { return [:] }
        let wanted = Set(operations)
        return state.withLock { state in
            let made = (state.tables[shape.id]?.records ?? [:]).compactMap { key, stored in
                stored.operation.flatMap { wanted.contains($0) ? ($0, stored.record(key)) : nil }
            }
            return Dictionary(made) { first, _ in first }
        }
    }

    package func write(_ writes: [RecordWrite]) async throws -> [WriteID: WriteOutcome] {
        state.withLock { state in
            var outcomes: [WriteID: WriteOutcome] = [:]
            for write in writes where !state.isLocked(write) {
                outcomes[write.id] = state.perform(write, manners)
            }
            if manners.permutes, let lost = outcomes.keys.sorted().randomElement(using: &state.random),
                Int.random(in: 0..<20, using: &state.random) == 0
            {
                outcomes[lost] = nil
            }
            return outcomes
        }
    }

    package func close() async {}
}

extension MemoryRecords.Stored {
    func record(_ key: RowKey) -> Record {
        Record(
            key: key,
            fields: fields,
            version: String(version),
            createdAt: Int64(created),
            changedAt: Int64(changed),
            operation: operation
        )
    }
}

extension MemoryRecords.State {
    func isLocked(_ write: RecordWrite) -> Bool {
        switch write.change {
        case .create: false
        case .update(let record, _), .delete(let record): locked.contains(.init(table: write.shape.id, key: record.key))
        }
    }

    /// - Parameter reserved: What a create has been answered with already.
    mutating func perform(
        _ write: RecordWrite,
        _ manners: MemoryRecords.Manners,
        reserved: Record? = nil
    ) -> WriteOutcome {
        let table = write.shape.id
        do {
            switch write.change {
            case .create(let operation, let values):
                if manners.createsOnce, let made = made(by: operation, in: table) { return .stored(made) }
                let fields = write.shape.fields.indices.map { values[$0] ?? .null }
                let kept = manners.createsOnce ? operation : nil
                let key = try insert(
                    fields,
                    into: table,
                    manners,
                    isOwn: true,
                    operation: kept,
                    reserved: reserved
                )
                return stored(key, in: table)
            case .update(let expected, let values):
                let replaced = try review(expected, in: table, manners)
                try update(expected.key, values, in: table, manners, isOwn: true)
                guard manners.tellsReplaced, let replaced, let record = record(expected.key, in: table) else {
                    return stored(expected.key, in: table)
                }
                let changed = values.keys.filter { replaced[$0] != expected.fields[$0] }
                guard !changed.isEmpty else { return .stored(record) }
                return .overwrote(record, Dictionary(uniqueKeysWithValues: changed.map { ($0, replaced[$0]) }))
            case .delete(let expected):
                guard tables[table]?.records[expected.key] != nil else { return .deleted }
                _ = try review(expected, in: table, manners)
                try delete(expected.key, from: table, isOwn: true)
                return .deleted
            }
        } catch let refusal as MemoryRefusal {
            return refusal.outcome
        } catch {
            return .unknown
        }
    }

    /// - Returns: What is there.
    private func review(_ expected: Record, in table: TableID, _ manners: MemoryRecords.Manners) throws -> [Value]? {
        guard let held = tables[table]?.records[expected.key] else { throw MemoryRefusal.gone }
        if manners.writesConditionally, String(held.version) != expected.version { throw MemoryRefusal.gone }
        return held.fields
    }

    private func made(by operation: OperationID, in table: TableID) -> Record? {
        tables[table]?.records.first { $1.operation == operation }.map { $1.record($0) }
    }

    private func record(_ key: RowKey, in table: TableID) -> Record? {
        tables[table]?.records[key]?.record(key)
    }

    private func stored(_ key: RowKey, in table: TableID) -> WriteOutcome {
        record(key, in: table).map { .stored($0) } ?? .unknown
    }
}
