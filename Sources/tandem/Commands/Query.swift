import ArgumentParser
import Foundation
import TandemCore

struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a warehouse or database, and print the answer. Read-only."
    )

    @Argument(help: "A connection of the configuration.")
    var connection: String
    @Argument(help: "One statement; - reads it from standard input.")
    var sql: String
    @Flag(name: .long, help: "Print comma-separated values, with a header line.")
    var csv = false
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        if csv && report.json { throw ValidationError("--csv and --json exclude each other.") }
    }

    func run() async throws {
        let ends = try Workspace(options).ends(of: connection)
        let statement =
            sql == "-" ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : sql
        let result: QueryResult
        if let destination = ends.destination {
            result = try await destination.query(statement)
            await destination.close()
        } else if let source = ends.source {
            result = try await source.query(statement)
            await source.close()
        } else {
            throw UsageError(description: "Connection \(connection) cannot be asked.")
        }
        if csv { return Terminal.out(Self.csv(result)) }
        if report.json { return Terminal.out(try JSON.text(QueryJSON(result))) }
        Terminal.out(Self.table(of: result).text)
        Terminal.out("(\(Amounts.rows(result.rows.count)))")
    }

    static func table(of result: QueryResult) -> TextTable {
        var table = TextTable(result.columns, result.types.map { isNumber($0) ? .right : .left })
        for row in result.rows { table.add(row.map { $0 ?? "NULL" }) }
        return table
    }

    private static func isNumber(_ type: String) -> Bool {
        let type = type.lowercased()
        return ["int", "decimal", "numeric", "double", "float", "real"].contains { type.contains($0) }
            && !type.contains("[")
            && type != "interval" && type != "point"
    }

    /// RFC 4180; a null is empty, an empty text is `""`.
    private static func csv(_ result: QueryResult) -> String {
        func cell(_ value: String?) -> String {
            guard let value else { return "" }
            let mustQuote = value.isEmpty || value.contains { $0 == "," || $0 == "\"" || $0.isNewline }
            return mustQuote ? "\"" + value.replacing("\"", with: "\"\"") + "\"" : value
        }
        return ([result.columns] + result.rows).map { $0.map(cell).joined(separator: ",") }.joined(separator: "\r\n")
    }
}

private struct QueryJSON: Encodable {
    var columns: [String]
    var types: [String]
    var rows: [[String?]]

    init(_ result: QueryResult) {
        columns = result.columns
        types = result.types
        rows = result.rows
    }
}
