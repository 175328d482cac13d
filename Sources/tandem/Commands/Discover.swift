import ArgumentParser
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
        let source = try Workspace(options).source(connection)
        let catalog = try await source.catalog()
        await source.close()
        if report.json { return Terminal.out(try JSON.text(catalog.tables.map(DiscoveredTableJSON.init))) }
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

private struct DiscoveredTableJSON: Encodable {
    struct ColumnJSON: Encodable {
        var name: String
        var type: String
        var nativeType: String
        var key: Bool
    }

    struct OmittedJSON: Encodable {
        var name: String
        var reason: String
        var remedy: Remedy?
    }

    struct MethodJSON: Encodable {
        var method: Method
        var usable: Bool
        var reason: String?
        var remedy: Remedy?
    }

    var schema: String
    var table: String
    var kind: CatalogTable.Kind
    var estimatedRows: Int?
    var bytes: Int?
    var columns: [ColumnJSON]
    var omitted: [OmittedJSON]
    var methods: [MethodJSON]

    init(_ entry: CatalogTable) {
        schema = entry.schema.name.schema
        table = entry.schema.name.table
        kind = entry.kind
        estimatedRows = entry.estimatedRows
        bytes = entry.bytes
        columns = entry.schema.columns.enumerated().map { index, column in
            ColumnJSON(
                name: column.name,
                type: "\(column.type)",
                nativeType: column.nativeType,
                key: entry.schema.identity.contains(index)
            )
        }
        omitted = entry.omitted.map { OmittedJSON(name: $0.name, reason: $0.reason, remedy: $0.remedy) }
        methods = Method.allCases.map { method in
            switch entry.methods[method] {
            case .usable(let note): MethodJSON(method: method, usable: true, reason: note)
            case .needsSetup(let reason, let remedy), .unusable(let reason, let remedy):
                MethodJSON(method: method, usable: false, reason: reason, remedy: remedy)
            case nil: MethodJSON(method: method, usable: false)
            }
        }
    }
}
