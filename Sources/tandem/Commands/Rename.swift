import ArgumentParser
import TandemCore
import TandemEngine
import TandemState

struct Rename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give a sync another name, with all it has.",
        discussion: """
            What the destination remembers of it, its stream, slot, publication, triggers and history go along, and nothing \
            is copied again. Run it before or after the name is changed in the configuration; a run that was cut off is \
            made good by the same command.
            """
    )

    @Argument(help: "The sync as it was called.", completion: .syncs)
    var sync: String
    @Argument(help: "Its new name.")
    var new: String
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        if new == sync { throw ValidationError("Both names are \"\(sync)\".") }
        guard ConfiguredName.isValid(new) else {
            throw ValidationError("A sync's name must be \(ConfiguredName.rule).")
        }
        // Earlier versions gave others too.
        if sync.isEmpty || sync.unicodeScalars.contains(where: { $0 == "/" || $0.value < 32 }) {
            throw ValidationError("No sync was ever called so.")
        }
    }

    func run() async throws {
        let workspace = try Workspace(options)
        let configuration = try configured(in: workspace)
        // Under neither name may anything run meanwhile.
        let locks = try [sync, new].map { try workspace.lock($0) }
        defer { withExtendedLifetime(locks) {} }
        let destination = try workspace.destination(configuration.to)
        let isMoved: Bool
        var known = configuration
        known.name = sync
        do {
            try await workspace.refuseAnothers(known, at: destination)
            isMoved = try await move(at: destination, named: configuration.to)
            await destination.close()
        } catch {
            await destination.close()
            throw error
        }
        try await workspace.openStateIfPresent()?.rename(sync, to: new)
        let isEdited = workspace.configuration.sync(new) != nil
        let next =
            isEdited
            ? "\(ProgramCommand("run", new)) goes on where it was."
            : "Now change `\(sync):` to `\(new):` below `syncs:` in \(workspace.configuration.file); until then it does not run."
        if report.json {
            let result = RenamedJSON(sync: sync, name: new, renamed: isMoved, configured: isEdited, next: next)
            return Terminal.out(try JSON.text(result))
        }
        Terminal.out(
            isMoved
                ? "\(sync) is \(new) now, with all that \(configuration.to) remembers of it. \(next)"
                : "\(configuration.to) remembers nothing of \(sync)\(isEdited ? ", or it has the new name already" : ""). \(next)"
        )
    }

    /// The sync as the configuration has it, under whichever of the names.
    private func configured(in workspace: Workspace) throws -> SyncConfiguration {
        switch (workspace.configuration.sync(sync), workspace.configuration.sync(new)) {
        case (let old?, nil): return old
        case (nil, let new?): return new
        case (nil, nil):
            throw UsageError(
                description:
                    "There is neither a sync \"\(sync)\" nor one \"\(new)\" in \(workspace.configuration.file).",
                remedy: Remedy("Name a sync as it is written there, or as it was before.")
            )
        case (_?, _?):
            throw UsageError(
                description: "\(workspace.configuration.file) has both a sync \"\(sync)\" and one \"\(new)\".",
                remedy: Remedy("Choose a name that is free; or remove one of them, if it is what the other was called.")
            )
        }
    }

    /// - Returns: Whether anything had the old name.
    private func move(at destination: any Destination, named place: String) async throws -> Bool {
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

private struct RenamedJSON: Encodable {
    var sync: String
    var name: String
    /// Whether the destination had anything under the old name.
    var renamed: Bool
    /// Whether the configuration has the new name.
    var configured: Bool
    var next: String
}
