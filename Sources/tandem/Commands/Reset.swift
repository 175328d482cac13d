import ArgumentParser
import TandemApp
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
        let forgotten = try await Workspace(options).reset(sync, tables: table)
        Terminal.out(
            "Forgot \(Amounts.tables(forgotten.count)) of \(sync). The next run copies again."
        )
    }
}
