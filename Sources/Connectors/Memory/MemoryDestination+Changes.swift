import Synchronization
package import TandemCore
package import TandemRows

extension MemoryDestination {
    package func stream(of sync: String, by method: Method) async throws -> StreamState? {
        database.state.withLock { $0.content.streams[sync]?[method] }
    }

    @discardableResult
    package func apply(
        _ changes: [TargetChanges],
        reaching state: StreamState?,
        of sync: String
    ) async throws -> [TableName: [RowIssue]] {
        try write(changes, reaching: state, isLast: state != nil, of: sync)
        return [:]
    }

    package func merge(_ changes: [TargetChanges], isLast: Bool, of sync: String) async throws {
        try write(changes, reaching: nil, isLast: isLast, of: sync)
    }

    /// A transaction is a copy of everything, which takes the place of the original at its end.
    private func write(_ changes: [TargetChanges], reaching state: StreamState?, isLast: Bool, of sync: String) throws {
        try database.state.withLock { database in
            var content = database.open ?? database.content
            database.open = nil
            for target in changes { try content.apply(target, of: sync) }
            guard isLast else { return database.open = content }
            if let state { content.streams[sync, default: [:]][state.method] = state }
            database.content = content
            database.version += 1
        }
    }

    package func rollback() async { database.state.withLock { $0.open = nil } }

    package func remember(_ copies: [CopiedTable], of sync: String) async throws {
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

extension MemoryDatabase.Content {
    fileprivate mutating func apply(_ target: TargetChanges, of sync: String) throws {
        guard var table = tables.removeValue(forKey: target.before.target) else {
            throw ChangeRefused(target.before.target, because: "there is no such table")
        }
        for step in target.evolution { try table.evolve(step, of: target.before.target) }
        guard table.apply(target.changes, of: target.after.schema) else {
            throw ChangeRefused(target.after.target, because: "a row that was changed is not there")
        }
        table.schema.name = target.after.target
        guard tables.updateValue(table, forKey: target.after.target) == nil else {
            throw ChangeRefused(target.before.target, because: "another table has that name")
        }
        if let index = copies[sync]?.firstIndex(where: { $0.target == target.before.target }) {
            copies[sync]?[index] = target.after
            copies[sync]?[index].rows = table.batches.reduce(0) { $0 + $1.rowCount }
        }
    }
}
