import TandemCore
import TandemRows

/// Small tables are read whole and written together, in one transaction: to make one durable costs more than its rows.
extension Warehouse {
    struct HeldLoad {
        let target: TableName
        let rows: HeldRows
        /// As ``SQL/fold(_:)`` has it.
        let name: TableName
    }

    /// Tables, and bytes of their rows, that are held at most.
    private static let heldTables = 200
    private static let heldBytes = 4 << 20
    /// Wider tables are loaded by themselves, with more memory if need be.
    private static let heldColumns = 100

    /// Keeps the rows of a small table until there are more of these.
    ///
    /// - Returns: How many rows there are. `nil` where it is to be loaded by itself.
    func hold(_ rows: HeldRows, for target: TableName) throws -> Int? {
        guard rows.schema.columns.count <= Self.heldColumns else { return nil }
        held.append(HeldLoad(target: target, rows: rows, name: SQL.fold(target)))
        let bytes = held.reduce(0) { $0 + ($1.rows.batch?.byteCount ?? 0) }
        if held.count >= Self.heldTables || bytes >= Self.heldBytes {
            do { try writeHeld() } catch {
                // The others are tried again with the next.
                held.removeLast()
                throw error
            }
            if let error = failed.removeValue(forKey: SQL.fold(target)) { throw error }
        }
        return rows.batch?.rowCount ?? 0
    }

    /// Whether nothing is on its way.
    var isIdle: Bool { loads.isEmpty && held.isEmpty }

    /// Writes what is held beside the targets, as ``load(_:into:)`` does.
    func writeHeld() throws {
        guard !held.isEmpty else { return }
        // Without order DuckDB gives each table a block of its own at once.
        try session.run("SET threads = 1; SET preserve_insertion_order = true", to: "prepare to load")
        // Were it not to succeed: the next load makes settings of its own.
        defer { try? session.run(LoadSettings.reset, to: "end loading") }
        do { try writeTogether(held) } catch let error as any ExplainedError where !error.interruptsAll {
            // One of them may be in the way of all: each by itself.
            for load in held {
                do { try writeTogether([load]) } catch let error as any ExplainedError where !error.interruptsAll {
                    failed[load.name] = error
                }
            }
        }
        held = []
    }

    private func writeTogether(_ group: [HeldLoad]) throws {
        while true {
            do {
                for (load, name) in zip(group, try write(group)) {
                    loads[load.name] = noteShadow(name, of: load.target)
                }
                return
            } catch DuckDBError.outOfMemory(let path, let limit, let reason) {
                guard try session.allowMoreMemory() else {
                    throw DuckDBError.outOfMemory(path: path, limit: limit, reason: reason)
                }
            }
        }
    }

    /// - Returns: The names of the tables that were made.
    private func write(_ group: [HeldLoad]) throws -> [TableName] {
        var free = names
        let shadows = group.map { load in
            let name = free.freeName("_tandem_load_" + load.target.table, in: load.target.schema)
            free[name] = .ours
            return Shadow(target: load.target, name: name)
        }
        try session.transaction {
            var made: Set<TableName> = []
            for (load, shadow) in zip(group, shadows) {
                try make(shadow.name, for: load.target, load.rows.schema, &made)
                guard load.rows.batch != nil else { continue }
                _ = try store(load.rows, in: shadow)
            }
            try Metadata(session).rememberLoads(shadows.map(\.name))
        }
        return shadows.map(\.name)
    }
}
