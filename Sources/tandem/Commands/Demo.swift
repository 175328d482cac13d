import ArgumentParser
import Foundation
import LocalPostgres
import TandemApp
import TandemCore
import TandemEngine

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A throw-away Postgres with sample data, synced into an embedded warehouse, shown.",
        discussion: """
            Starts a Postgres server of its own on a free port of the loopback address, from the programs installed on \
            this machine, fills it with a small shop, copies the shop into a DuckDB file, compares both, asks the \
            warehouse some questions, and removes everything again.
            """
    )

    @Option(
        name: .long,
        help: ArgumentHelp("Keep the configuration and the warehouse in this new folder.", valueName: "folder"),
        completion: .directory
    )
    var keep: String?
    @OptionGroup var terminal: TerminalOptions

    func run() async throws {
        let folder = try makeFolder()
        defer { if keep == nil { try? FileManager.default.removeItem(at: folder) } }
        try await Interruptible.run { try await Self.show(in: folder) }
        Terminal.out(nextSteps)
    }

    private func makeFolder() throws -> URL {
        let folder =
            keep.map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.temporaryDirectory.appending(path: "tandem-demo-\(UUID().uuidString.prefix(8))")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: keep == nil)
        } catch {
            throw UsageError(
                description: "Folder \(folder.path) cannot be made: \(error.localizedDescription)",
                remedy: Remedy("Name a folder that does not exist yet, in a place you may write to.")
            )
        }
        return folder
    }

    private static func show(in folder: URL) async throws {
        guard let programs = PostgresPrograms.newestInstalled() else {
            throw UsageError(
                description: "No Postgres server is installed on this machine, or not where packages put it.",
                remedy: Remedy("Install one (`apt install postgresql`), or add the folder of its programs to PATH.")
            )
        }
        Terminal.out("Starting a throw-away Postgres (\(programs.folder.path)) …")
        let server = try PostgresServer(programs: programs, settings: ["max_connections": "20"])
        defer { server.remove() }
        try server.execute("CREATE DATABASE shop TEMPLATE template0 ENCODING 'UTF8'")
        Terminal.out("Filling it with a small shop …")
        try server.execute(DemoShop.sql, in: "shop")
        let file = folder.appending(path: "tandem.yaml")
        try Data(configuration(of: server).utf8).write(to: file)
        let workspace = try Workspace(ConfigurationOptions.parse(["--config", file.path]))
        guard let sync = workspace.configuration.syncs.first else { return }
        Terminal.out("Copying it into \(keepName(folder)) …\n")
        try await ShownRun(sync: sync, workspace: workspace, isQuiet: false).run()
        try Task.checkCancellation()
        try await verify(sync, in: workspace)
        try await ask(workspace)
    }

    private static func keepName(_ folder: URL) -> String { folder.appending(path: "warehouse.duckdb").path }

    private static func configuration(of server: PostgresServer) -> String {
        """
        connections:
          shop:
            type: postgres
            host: \(PostgresServer.host)
            port: \(server.port)
            user: \(PostgresServer.user)
            database: shop
          warehouse:
            type: duckdb
            path: warehouse.duckdb

        syncs:
          shop_to_warehouse:
            from: shop
            to: warehouse
            method: FULL_TABLE

        """
    }

    private static func verify(_ sync: SyncConfiguration, in workspace: Workspace) async throws {
        let results = try await workspace.verify(sync).results
        let equal = results.count { if case .equal = $0.verdict { true } else { false } }
        Terminal.out(
            "\nCompared with the source: \(equal) of \(Amounts.tables(results.count)) \(equal == 1 ? "is" : "are") equal."
        )
    }

    private static func ask(_ workspace: Workspace) async throws {
        let warehouse = try workspace.destination("warehouse")
        for question in DemoShop.questions {
            let result = try await warehouse.query(question.sql)
            Terminal.out("\n\(question.title)\n")
            Terminal.put(AnswerPrinter.table(of: result).text(within: nil) + "\n")
        }
        await warehouse.close()
    }

    private var nextSteps: String {
        let kept = keep.map { folder in
            let options: KeyValuePairs<String, String?> = ["--config": folder + "/tandem.yaml"]
            let command = ProgramCommand("query", "warehouse", "SHOW ALL TABLES", options: options)
            return "The server is gone. The warehouse and its configuration are kept: \(command)."
        }
        return """

            \(kept ?? "Everything this demo made has been stopped and removed.")
            Next: `tandem init` writes a commented tandem.yaml for your own database; then `tandem check`, `tandem run`.
            """
    }
}
