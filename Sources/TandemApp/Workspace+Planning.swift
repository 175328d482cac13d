package import TandemCore
package import TandemEngine
import TandemRows

extension Workspace {
    /// What runs of `syncs`, one after the other, would do, and what of it would fail. Changes nothing.
    package func plan(_ syncs: [SyncConfiguration]) async throws -> [SyncPlan] {
        var foresight = Foresight()
        var plans: [SyncPlan] = []
        for sync in syncs { plans.append(try await plan(sync, with: &foresight)) }
        return plans
    }

    /// Opens both ends of `sync`, plans it and closes them.
    func plan(_ sync: SyncConfiguration, with foresight: inout Foresight) async throws -> SyncPlan {
        let place = try place(of: sync.to)
        return try await withSource(sync.from) { source in
            try await withDestination(sync.to) { destination in
                try await foresight.plan(sync, from: source, to: destination, at: place)
            }
        }
    }

    /// What a run of `sync` would read from a source with `catalog`, and by which methods.
    ///
    /// The destination may not be there yet. It is asked only where the configuration excludes columns, or names tables
    /// that the source has not, for they may be copied already and have been renamed since.
    func plan(_ sync: SyncConfiguration, reading catalog: Catalog, of source: any Source) async -> SyncPlan {
        let destination = try? destination(sync.to)
        var copies: [TableName: String] = [:]
        if let destination { copies = (try? await Planner.copies(in: source, of: destination)) ?? [:] }
        var exclusions: Exclusions?
        if sync.hasExclusions, let made = try? await destination?.made(of: sync.name) {
            exclusions = try? await Exclusions(of: sync, from: source, made: made)
        }
        let plan = { copied, folding in
            Planner(
                sync: sync,
                catalog: catalog,
                copied: copied,
                copies: copies,
                folding: folding,
                exclusions: exclusions
            ).plan()
        }
        let first = plan([], .exact)
        let copied = first.problems.isEmpty ? nil : try? await destination?.tables(of: sync.name)
        await destination?.close()
        guard let copied, !copied.isEmpty, let folding = destination?.nameFolding else { return first }
        return plan(copied, folding)
    }

    // MARK: One connection

    /// Every table of a connection, with the methods that it can use.
    package func catalog(of connection: String) async throws -> Catalog {
        try await withSource(connection) { try await $0.catalog() }
    }

    /// Asks a connection one statement, read-only.
    ///
    /// - Parameter take: Gets the answer part by part, and says whether more of it is wanted.
    package func query(
        _ connection: String,
        sql: String,
        take: @Sendable (QueryResult) throws -> Bool
    ) async throws {
        let (source, destination) = try ends(of: connection)
        try await withCleanup {
            await source?.close()
            await destination?.close()
        } after: {
            if let destination {
                try await destination.query(sql, take: take)
            } else if let source {
                try await source.query(sql, take: take)
            } else {
                throw UsageError(description: "Connection \(connection) cannot be asked.")
            }
        }
    }
}
