import Synchronization
package import TandemCore
import TandemRows

extension MemoryDestination {
    package func stream(of sync: String, by method: Method) async throws -> StreamCheckpoint? {
        database.state.withLock { $0.content.streams[sync]?[method] }
    }

    package func begin(_ sync: String, refusedRows: RefusedRows) async throws -> any WriteTransaction {
        database.state.withLock { database in
            database.transactions += 1
            database.open = (database.transactions, database.content)
            return MemoryTransaction(database: self.database, sync: sync, number: database.transactions)
        }
    }

    package func remember(_ copies: [SyncedTable], of sync: String) async throws {
        database.state.withLock { state in
            let targets = Set(copies.map(\.target))
            state.content.copies[sync, default: []].removeAll { targets.contains($0.target) }
            state.content.copies[sync, default: []] += copies
        }
    }

    package func made(of sync: String?) async throws -> [MadeObject] {
        database.state.withLock { state in state.content.made.filter { sync == nil || $0.sync == sync } }
    }

    package func note(made: [MadeObject], gone: [MadeObject]) async throws {
        database.state.withLock { state in
            state.content.made.removeAll { old in (made + gone).contains(where: old.isSame) }
            state.content.made += made
        }
    }

    package func rename(_ sync: String, to name: String) async throws -> Bool {
        database.state.withLock { state in
            let copies = state.content.copies.removeValue(forKey: sync)
            let streams = state.content.streams.removeValue(forKey: sync)
            if let copies { state.content.copies[name] = copies }
            if let streams { state.content.streams[name] = streams }
            for index in state.content.made.indices where state.content.made[index].sync == sync {
                state.content.made[index].sync = name
            }
            for (target, loaded) in state.sectioned where loaded.load.sync == sync {
                state.sectioned[target]?.load.sync = name
            }
            return copies != nil || streams != nil
        }
    }
}

/// A copy of everything, which takes the place of the original at its end.
private struct MemoryTransaction: WriteTransaction {
    let database: MemoryDatabase
    let sync: String
    let number: Int

    func apply(_ changes: [TargetChanges]) async throws -> [TableName: [RowIssue]] {
        try database.state.withLock { database in database.open = (number, try content(of: &database, with: changes)) }
        return [:]
    }

    func commit(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?
    ) async throws -> [TableName: [RowIssue]] {
        try database.state.withLock { database in
            var content = try content(of: &database, with: changes)
            if let checkpoint { content.streams[sync, default: [:]][checkpoint.method] = checkpoint }
            database.content = content
            database.version += 1
        }
        return [:]
    }

    func rollback() async {
        database.state.withLock { if $0.open?.number == number { $0.open = nil } }
    }

    /// What there is with `changes`. The transaction is at its end unless it is put back.
    private func content(
        of database: inout MemoryDatabase.State,
        with changes: [TargetChanges]
    ) throws -> MemoryDatabase.Content {
        guard let open = database.open, open.number == number else { throw TransactionEnded() }
        database.open = nil
        var content = open.content
        for target in changes { try content.apply(target, of: sync, at: self.database.clock.time) }
        return content
    }
}

extension MemoryDatabase.Content {
    fileprivate mutating func apply(_ target: TargetChanges, of sync: String, at now: Double) throws {
        guard var table = tables.removeValue(forKey: target.before.target) else {
            throw TableMismatch(target.before.target, because: "there is no such table")
        }
        for step in target.evolution { try table.evolve(step, of: target.before.target) }
        guard table.apply(target.changes, of: target.after.schema, at: now) else {
            throw TableMismatch(target.after.target, because: "a row that was changed is not there")
        }
        table.schema.name = target.after.target
        guard tables.updateValue(table, forKey: target.after.target) == nil else {
            throw TableMismatch(target.before.target, because: "another table has that name")
        }
        if let index = copies[sync]?.firstIndex(where: { $0.target == target.before.target }) {
            copies[sync]?[index] = target.after
            copies[sync]?[index].rows = table.batches.reduce(0) { $0 + $1.rowCount }
        }
    }
}
