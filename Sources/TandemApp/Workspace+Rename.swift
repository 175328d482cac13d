import TandemCore
package import TandemEngine
import TandemState

extension Workspace {
    /// Gives a sync another name, with all that its destination remembers of it and its history. What was cut off is
    /// made good by the same call.
    ///
    /// - Parameter sync: As it was called; the configuration may have either name.
    /// - Returns: The sync as the configuration has it, and whether anything had the old name.
    package func rename(
        _ sync: String,
        to new: String
    ) async throws -> (sync: SyncConfiguration, isMoved: Bool) {
        let configuration = try configured(sync, or: new)
        // Under neither name may anything run meanwhile.
        let locks = try [sync, new].map { try lock($0) }
        defer { withExtendedLifetime(locks) {} }
        var known = configuration
        known.name = sync
        let isMoved = try await withDestination(configuration.to) { [known] destination in
            try await refuseAnothers(known, at: destination)
            return try await move(sync, to: new, at: destination, named: configuration.to)
        }
        try await openStateIfPresent()?.rename(sync, to: new)
        return (configuration, isMoved)
    }

    /// The sync as the configuration has it, under whichever of the names.
    private func configured(_ sync: String, or new: String) throws -> SyncConfiguration {
        switch (configuration.sync(sync), configuration.sync(new)) {
        case (let old?, nil): return old
        case (nil, let new?): return new
        case (nil, nil):
            throw UsageError(
                description:
                    "There is neither a sync \"\(sync)\" nor one \"\(new)\" in \(configuration.file).",
                remedy: Remedy("Name a sync as it is written there, or as it was before.")
            )
        case (_?, _?):
            throw UsageError(
                description: "\(configuration.file) has both a sync \"\(sync)\" and one \"\(new)\".",
                remedy: Remedy("Choose a name that is free; or remove one of them, if it is what the other was called.")
            )
        }
    }

    /// - Returns: Whether anything had the old name.
    private func move(
        _ sync: String,
        to new: String,
        at destination: any Destination,
        named place: String
    ) async throws -> Bool {
        let old = try await Self.isKnown(sync, at: destination)
        guard old else { return false }
        guard try await !Self.isKnown(new, at: destination) else {
            throw UsageError(
                description: "\(place) remembers both a sync \"\(sync)\" and one \"\(new)\".",
                remedy: Remedy(
                    "If what it has of \"\(new)\" can go, let \(ProgramCommand("teardown", new)) remove it; or choose another name."
                )
            )
        }
        return try await destination.rename(sync, to: new)
    }

    private static func isKnown(_ sync: String, at destination: any Destination) async throws -> Bool {
        guard try await destination.made(of: sync).isEmpty else { return true }
        guard try await destination.sourceRecord(of: sync).streams.isEmpty else { return true }
        return try await !destination.tables(of: sync).isEmpty
    }
}
