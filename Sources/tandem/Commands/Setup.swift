import ArgumentParser
import Foundation
import TandemApp
import TandemCore
import TandemEngine
import TandemRows

struct Setup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the SQL an administrator runs so that Tandem may read or write.",
        discussion: """
            Covers the schemas of the tables that the syncs using the connection select, and what writing takes where \
            one of them writes to it; for TRIGGER_BASED, the triggers on their tables. Nothing is run unless --apply is \
            given.
            """
    )

    @Argument(help: "A connection of the configuration.", completion: .connections)
    var connection: String
    @Flag(name: .long, help: "Run the SQL: as the connection's user, or as --admin-url.")
    var apply = false
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The administrator to run it as, and to look at the database with; - reads it from standard input. Others see command lines: TANDEM_ADMIN_URL, in the environment, is the place for one with a password.",
            valueName: "url"
        )
    )
    var adminURL: String?
    @Flag(name: .long, help: "Print the connection's password in the SQL instead of a placeholder.")
    var showPassword = false
    @Option(
        name: .long,
        help: "LOG_BASED or TRIGGER_BASED: what that takes, too. By default as the syncs say.",
        completion: .list([Method.logBased, .triggerBased].map(\.rawValue))
    )
    var method: String?
    @Option(
        name: .long,
        help: "What is to decode the log: pgoutput, or wal2json with a slot made by hand.",
        completion: .list(["pgoutput", "wal2json"])
    )
    var plugin: String?
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        if let method, Method(rawValue: method) == nil {
            let methods = Method.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--method is one of \(methods), not \"\(method)\".")
        }
        if let plugin, !["pgoutput", "wal2json"].contains(plugin) {
            throw ValidationError("--plugin is pgoutput or wal2json, not \"\(plugin)\".")
        }
    }

    func run() async throws {
        let workspace = try Workspace(options)
        let order = SetupOrder(
            method: method.flatMap(Method.init),
            plugin: plugin,
            showPassword: showPassword,
            apply: apply,
            adminURL: try administrator
        )
        let script = try await workspace.setup(connection, order)
        if report.json { return Terminal.out(try ReportJSON.text(SetupReport(script))) }
        for step in script.steps { Terminal.out("-- \(step.comment)\n\(step.sql);\n") }
        for advice in script.advice { Terminal.out("-- " + advice.split(separator: "\n").joined(separator: "\n-- ")) }
        if script.applied {
            Terminal.error(script.steps.isEmpty ? "Nothing was missing." : "Done: all of the above has been run.")
        }
    }

    private var administrator: String? {
        get throws {
            guard adminURL == "-" else { return adminURL ?? ProcessInfo.processInfo.environment["TANDEM_ADMIN_URL"] }
            if isatty(STDIN_FILENO) == 1 {
                guard let typed = getpass("Administrator's URL (it is not shown): ") else { return nil }
                return String(cString: typed)
            }
            guard let line = readLine(), !line.isEmpty else {
                throw UsageError(description: "--admin-url - reads a URL from standard input, and there is none.")
            }
            return line
        }
    }
}
