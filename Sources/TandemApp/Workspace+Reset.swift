package import TandemCore
import TandemEngine
import TandemRows
import TandemState

extension Workspace {
    /// Forgets what the destination remembers of a sync, so that the next run copies again. The copies stay as they
    /// are.
    ///
    /// - Parameter tables: Only these, by their names at the destination or at the source; all where there are none.
    /// - Returns: What is forgotten.
    package func reset(_ name: String, tables: [String]) async throws -> [SyncedTable] {
        guard let sync = try syncs([name], opening: .destination).first else { return [] }
        let forgotten = try await withDestination(sync.to) { destination in
            try await refuseAnothers(sync, at: destination)
            let known = try await destination.tables(of: name)
            let chosen = try tables.map { try known.table(named: $0) }
            try await destination.forget(name, tables: tables.isEmpty ? nil : chosen.map(\.target))
            return tables.isEmpty ? known : chosen
        }
        try await openStateIfPresent()?.forget(name, tables: tables.isEmpty ? nil : forgotten.map(\.schema.name))
        return forgotten
    }
}

extension [SyncedTable] {
    /// The one of a name here or at the source.
    func table(named text: String) throws -> SyncedTable {
        guard let copy = first(where: { "\($0.target)" == text }) ?? first(where: { "\($0.schema.name)" == text })
        else {
            let names = map { "\($0.target)" }.joined(separator: ", ")
            throw UsageError(
                description: "This sync has not copied a table \"\(text)\".",
                remedy: names.isEmpty ? nil : Remedy("Name one of these: \(names).")
            )
        }
        return copy
    }
}
