import ArgumentParser
import TandemApp
import TandemCore
import TandemRows

struct Discover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Every table: columns, key, size, which methods it can use, and why not the others."
    )

    @Argument(help: "A connection of the configuration.", completion: .connections)
    var connection: String
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @Flag(name: .shortAndLong, help: "Show columns, and the reason for each method.")
    var verbose = false

    func run() async throws {
        let catalog = try await Workspace(options).catalog(of: connection)
        if report.json { return Terminal.out(try ReportJSON.text(catalog.tables.map(CatalogTableReport.init))) }
        if verbose { return catalog.tables.forEach(describe) }
        var table = TextTable(
            ["table", "kind", "rows", "size", "columns", "key"] + Method.allCases.map(\.rawValue),
            [.left, .left, .right, .right, .right]
        )
        for entry in catalog.tables {
            let key = entry.schema.identity.map { entry.schema.columns[$0].name }.joined(separator: ", ")
            table.add(
                [
                    "\(entry.schema.name)", entry.kind.rawValue,
                    entry.estimatedRows.map { "~" + Amounts.count($0) } ?? "?",
                    entry.bytes.map(Amounts.bytes) ?? "", "\(entry.schema.columns.count)", key.isEmpty ? "none" : key,
                ] + Method.allCases.map { Self.word(entry.methods[$0]) }
            )
        }
        table.show()
        Terminal.out(
            "\n\(Amounts.tables(catalog.tables.count)). \(ProgramCommand("discover", connection, options: ["--verbose": nil])) says why a method cannot be used."
        )
    }

    private static func word(_ eligibility: Eligibility?) -> String {
        switch eligibility {
        case .usable: "yes"
        case .needsSetup: "after setup"
        case .unusable, nil: "no"
        }
    }

    private func describe(_ table: CatalogTable) {
        let key = Set(table.schema.identity)
        Terminal.out("\(table.schema.name) (\(table.kind.rawValue))")
        for (index, column) in table.schema.columns.enumerated() {
            Terminal.out("    \(column.name)  \(column.nativeType)\(key.contains(index) ? "  key" : "")")
        }
        for column in table.omitted {
            Terminal.out("    \(column.name)  left out: \(column.reason)")
            for line in RemedyText.lines(column.remedy, indent: "        ") { Terminal.out(line) }
        }
        for method in Method.allCases {
            switch table.methods[method] {
            case .usable(let note): Terminal.out("  ✓ \(method.rawValue)\(note.map { ": " + $0 } ?? "")")
            case .needsSetup(let reason, let remedy), .unusable(let reason, let remedy):
                Terminal.out("  ✗ \(method.rawValue): \(reason)")
                for line in RemedyText.lines(remedy, indent: "      ") { Terminal.out(line) }
            case nil: break
            }
        }
        Terminal.out("")
    }
}
