import ArgumentParser
import TandemCore
import TandemEngine
import TandemRows
import TandemState

struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Forget progress: the next run copies again.",
        discussion: """
            Forgets what the destination remembers of the sync: which tables it copied, and which columns it took to \
            text. The copied rows stay where they are.
            """
    )

    @Argument(help: "A sync of the configuration.", completion: .syncs)
    var sync: String
    @Option(
        name: .long,
        help: ArgumentHelp(
            "One table, as schema.table, by its name here or at the source; may be given several times.",
            valueName: "table"
        ),
        completion: .copiedTables
    )
    var table: [String] = []
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let workspace = try Workspace(options)
        guard let configuration = try workspace.syncs([sync], opening: .destination).first else { return }
        let destination = try workspace.destination(configuration.to)
        do { try await workspace.refuseAnothers(configuration, at: destination) } catch {
            await destination.close()
            throw error
        }
        let known = try await destination.tables(of: sync)
        let chosen = try table.map { try known.table(named: $0) }
        try await destination.forget(sync, tables: table.isEmpty ? nil : chosen.map(\.target))
        await destination.close()
        let forgotten = table.isEmpty ? known : chosen
        try await workspace.openStateIfPresent()?.forget(
            sync,
            tables: table.isEmpty ? nil : forgotten.map(\.schema.name)
        )
        Terminal.out(
            "Forgot \(Amounts.tables(forgotten.count)) of \(sync). The next run copies again."
        )
    }
}

extension [CopiedTable] {
    /// The one of a name here or at the source.
    func table(named text: String) throws -> CopiedTable {
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
