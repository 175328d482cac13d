import Synchronization
package import TandemCore
package import TandemRows

package struct MemoryDestination: Destination {
    let database: MemoryDatabase
    package init(_ database: MemoryDatabase) { self.database = database }

    package func tables(of sync: String) async throws -> [SyncedTable] {
        database.state.withLock { $0.content.copies[sync] ?? [] }
    }

    package func owners() async throws -> [TableName: String] {
        database.state.withLock { state in
            let owned = state.content.copies.flatMap { sync, copies in copies.map { ($0.target, sync) } }
            return Dictionary(owned, uniquingKeysWith: { first, _ in first })
        }
    }

    package func check() async -> [Finding] { [] }

    package func load(_ rows: any TableRows, into target: TableName) async throws -> Int {
        let batches = try await pull(rows)
        let table = MemoryDatabase.Table(schema: rows.schema, batches: batches)
        database.state.withLock {
            $0.sectioned[target] = nil
            $0.loaded[target] = table
        }
        return batches.reduce(0) { $0 + $1.rowCount }
    }

    func pull(_ rows: any TableRows) async throws -> [RowBatch] {
        try await withTaskCancellationHandler {
            let reader = try rows.makeReader()
            var batches: [RowBatch] = []
            while let batch = try reader.next() { batches.append(batch) }
            return batches
        } onCancel: {
            rows.cancel()
        }
    }

    package func publish(
        _ copies: [SyncedTable],
        retiring retired: [TableName],
        of sync: String,
        isPatient: Bool
    ) async throws {
        try database.state.withLock { state in
            var next = state
            for name in retired { next.content.tables[name] = nil }
            let earlier = state.content.copies[sync] ?? []
            var whole = copies
            for (index, copy) in copies.enumerated() {
                guard var table = next.loaded.removeValue(forKey: copy.target) else {
                    throw MemoryError.notLoaded(copy.target)
                }
                table.schema.name = copy.target
                let former = copy.former(among: earlier, retiring: retired, folding: nameFolding)
                let old = former.flatMap { former in state.content.tables[former.target].map { (former, $0) } }
                whole[index].rows += table.complete(for: copy, after: old, at: database.clock.time)
                next.content.tables[copy.target] = table
                next.sectioned[copy.target] = nil
            }
            let replaced = Set(copies.map(\.target) + retired)
            next.content.copies[sync] =
                (state.content.copies[sync] ?? []).filter { !replaced.contains($0.target) } + whole
            next.version += 1
            state = next
        }
    }

    package func departed(among copies: [SyncedTable]) async throws -> [TableName: String] {
        let tables = database.tables
        let gone = copies.map(\.target).filter { tables[$0] == nil }
        return Dictionary(gone.map { ($0, "it is not there") }) { first, _ in first }
    }

    package func discard(_ targets: [TableName]) async throws {
        database.state.withLock { state in for target in targets { state.loaded[target] = nil } }
    }

    package func rows(of copy: SyncedTable, as schema: TableSchema) async throws -> any TableRows {
        guard var table = database.tables[copy.target] else { throw MemoryError.noTable(copy.target) }
        if copy.metadataColumns.contains(.deletedAt) { table.removeMarked() }
        return try BatchRows(
            table.batches.map { try $0.columns(of: table.schema, as: schema) },
            schema: schema,
            readers: 1
        )
    }

    package func forget(_ sync: String, tables: [TableName]?) async throws {
        database.state.withLock { state in
            state.sectioned = state.sectioned.filter { target, kept in
                kept.load.sync != sync || tables.map { !$0.contains(target) } ?? false
            }
            guard let tables else {
                state.content.streams[sync] = nil
                return state.content.copies[sync] = nil
            }
            state.content.copies[sync]?.removeAll { tables.contains($0.target) }
        }
    }

    package func teardown() async throws -> [String] {
        database.state.withLock { state in
            let syncs = Set(state.content.copies.keys).union(state.content.streams.keys)
            let removed = syncs.sorted().map { "what was remembered of \($0)" }
            state.content.copies = [:]
            state.content.streams = [:]
            (state.loaded, state.sectioned) = ([:], [:])
            return removed
        }
    }

    package func query(_ sql: String) async throws -> QueryResult { throw MemoryError.noSQL }

    package func close() async { database.state.withLock { $0.open = nil } }
}
