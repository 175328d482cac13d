import ArgumentParser
import Foundation
import TandemApp
import TandemCore

struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a warehouse or database, and print the answer. Read-only."
    )

    @Argument(help: "A connection of the configuration.", completion: .connections)
    var connection: String
    @Argument(help: "One statement; - reads it from standard input.")
    var sql: String
    @Flag(name: .long, help: "Print comma-separated values, with a header line.")
    var csv = false
    @Option(
        name: .long,
        help: ArgumentHelp("The most rows to print; 10000 of a table, all with --csv or --json.", valueName: "n")
    )
    var limit: Int?
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    /// A table is held in memory whole, because its columns are as wide as their widest cells.
    private static let tableLimit = 10_000

    func validate() throws {
        if csv && report.json { throw ValidationError("--csv and --json exclude each other.") }
        if let limit, limit < 0 { throw ValidationError("--limit must not be below zero.") }
    }

    func run() async throws {
        let workspace = try Workspace(options)
        _ = try workspace.connection(connection)
        // Values are what is asked for here.
        WithheldWords.reveal { Terminal.error("note: the database's own words: " + $0) }
        let statement =
            sql == "-" ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : sql
        let form: AnswerPrinter.Form = csv ? .csv : report.json ? .json : .table
        let printer = AnswerPrinter(form, limit: limit ?? (form == .table ? Self.tableLimit : .max))
        do {
            try await workspace.query(connection, sql: statement) { printer.take($0) }
        } catch {
            try printer.end(with: error)
            throw error
        }
        printer.finish()
    }
}
