import TandemCore
package import TandemEngine
package import TandemRows

extension Workspace {
    /// Compares both ends of a sync. A run that follows it gives way meanwhile.
    ///
    /// - Parameters:
    ///   - tables: Only these, by their names at the destination or at the source; all where there are none.
    ///   - observe: Called with each result as it comes.
    package func verify(
        _ sync: SyncConfiguration,
        tables: [String] = [],
        observe: (Verification.TableResult) -> Void = { _ in }
    ) async throws -> VerifiedTables {
        try await syncRun(sync, state: try? openStateIfPresent()).closing { run in
            let known = tables.isEmpty ? [] : try await run.destination.tables(of: sync.name)
            let chosen = try tables.map { try known.table(named: $0) }
            let (targets, others) = (Set(chosen.map(\.target)), Set(known.map(\.target)))
            // What is followed moves.
            let lock = try await turn(of: sync.name)
            defer { withExtendedLifetime(lock) {} }
            var verified = try await run.verify { copy in
                // Renamed on the way, it is still the same table.
                tables.isEmpty || targets.contains(copy.target)
                    || !others.contains(copy.target) && chosen.contains { $0.isSameTable(as: copy) }
            } report: {
                observe($0)
            }
            if !tables.isEmpty { verified.absent = [] }
            return verified
        }
    }
}

extension SyncedTable {
    fileprivate func isSameTable(as other: SyncedTable) -> Bool { schema.id == other.schema.id }
}

/// What comparing a sync's two ends has come to.
extension VerifiedTables {
    /// Nothing is wrong: all that is to be there is, and is equal.
    package var isEqual: Bool { wrong.isEmpty && absent.isEmpty }

    /// By their names here, the tables that a new copy would mend.
    package var repairable: Set<TableName> {
        let copies = wrong.filter { if case .stale = $0.verdict { false } else { true } }.map(\.copy.target)
        return Set(copies + absent.compactMap(\.target))
    }

    /// Whether a new copy would mend all of them.
    package var isRepairable: Bool { repairable.count == wrong.count + absent.count }

    /// Those that are not as they are to be.
    package var wrong: [Verification.TableResult] {
        results.filter {
            switch $0.verdict {
            case .equal, .kept: false
            case .different, .incomparable, .stale: true
            }
        }
    }
}
