import ArgumentParser
import TandemCore
import TandemEngine

struct Teardown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove all that Tandem created in a database.",
        discussion: "The copied tables are yours and stay. A full copy creates nothing at the source."
    )

    @Argument(help: ArgumentHelp("A sync or a connection of the configuration.", valueName: "sync|connection"))
    var name: String
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let workspace = try Workspace(options)
        let connections: [String]
        if let sync = workspace.configuration.sync(name) {
            connections = [sync.from, sync.to]
        } else {
            connections = [try workspace.connection(name).name]
        }
        var removed: [(connection: String, what: [String])] = []
        for connection in connections {
            guard let destination = try workspace.ends(of: connection).destination else {
                removed.append((connection, []))
                continue
            }
            removed.append((connection, try await destination.teardown()))
            await destination.close()
        }
        if report.json {
            return Terminal.out(try JSON.text(removed.map { ["connection": [$0.connection], "removed": $0.what] }))
        }
        for (connection, what) in removed {
            if what.isEmpty { Terminal.out("\(connection): nothing had been created there") }
            for item in what { Terminal.out("\(connection): removed \(item)") }
        }
    }
}
