package import TandemCore
import TandemRows

/// Each section is some COPYs, and after them a durable note of it. What was copied without one stays in the table: a
/// row that comes again with its section takes its place at the end.
extension PostgresDestination {
    package func sectionedLoads(of sync: String) async throws -> [SectionedLoad] {
        let ticket = loader?.keeper.ticket
        return try await connection.run { session in
            try session.transaction {
                try Metadata(session).freeLoads(holding: ticket).map(\.load).filter { $0.sync == sync }
            }
        }
    }

    package func load(_ rows: any TableRows, addingTo load: SectionedLoad) async throws -> SectionedLoad {
        try await loading { try await self.load(rows, addingTo: load, $0) }
    }

    private func load(
        _ rows: any TableRows,
        addingTo load: SectionedLoad,
        _ loader: Loader
    ) async throws -> SectionedLoad {
        if load.loaded == 0 { try await makeRoom(for: load.target, loader) }
        let made = try await table(of: load, loader)
        do {
            let stored = try await CopyInWriters(rows: rows, table: made.table, name: made.quoted, pool: loader.pool)
                .run()
            let more = load.adding(rows.tally, rows: stored)
            let note = try Metadata.noting(more, at: made.name, isText: keptAsText.contains(load.target))
            try await connection.run { session in try session.writing { try session.execute(note) } }
            return more
        } catch {
            if load.loaded == 0 { try? await connection.finish { try made.drop(in: $0) } }
            throw keptAsText.contains(load.target) ? error : again(error, load.target, made.table)
        }
    }

    /// The table that `load` is loaded into: made with its first section, and taken over where another run has made it.
    private func table(of load: SectionedLoad, _ loader: Loader) async throws -> StagingTable {
        if let known = sectioned[load.target] { return known }
        let (target, ticket) = (load.target, loader.keeper.ticket)
        let keepsNativeText = !keptAsText.contains(target)
        let (made, isText) = try await connection.run { session in
            guard load.loaded > 0 else {
                let table = try TargetTable(load.schema, target: target, in: session, keepsNativeText: keepsNativeText)
                var made = try StagingTable.make(for: table, ticket: ticket, in: session)
                made.isKept = true
                return (made, !keepsNativeText)
            }
            return try session.writing {
                let kept = try Metadata(session).freeLoads(holding: ticket).first {
                    $0.load.target == target && $0.load.sync == load.sync
                }
                guard let kept else { throw PostgresError.destination(session.endpoint, .notLoaded(target)) }
                try session.execute(Metadata.taking(kept.noted.name, with: ticket))
                let table = try TargetTable(load.schema, target: target, in: session, keepsNativeText: !kept.isText)
                return (StagingTable(table: table, name: kept.noted.name, isKept: true), kept.isText)
            }
        }
        if isText { keptAsText.insert(target) }
        sectioned[target] = made
        return made
    }

    package func finish(_ load: SectionedLoad) async throws -> Int { try await loading { try await finish(load, $0) } }

    private func finish(_ load: SectionedLoad, _ loader: Loader) async throws -> Int {
        let made = try await table(of: load, loader)
        let pool = loader.pool
        do {
            // Takes as long as it takes to make an index; others are asked meanwhile.
            let rows = try await Blocking.run { interruption in
                let session = try pool.borrow(interruption)
                defer { pool.giveBack(session) }
                try made.finish(in: session, spansSnapshots: load.spansSnapshots)
                guard load.spansSnapshots else { return load.rows }
                let count = try session.transaction { try session.query("SELECT count(*) FROM \(made.quoted)").value }
                return count.flatMap { Int($0) } ?? load.rows
            }
            loads[load.target] = made
            return rows
        } catch {
            throw keptAsText.contains(load.target) ? error : again(error, load.target, made.table)
        }
    }

    package func drop(_ load: SectionedLoad) async throws {
        (loads[load.target], sectioned[load.target]) = (nil, nil)
        let ticket = loader?.keeper.ticket
        try await connection.run { session in
            try session.writing {
                try Metadata(session).dropKept(holding: ticket) { $0.target == load.target && $0.sync == load.sync }
            }
        }
    }
}
