import ArgumentParser
import TandemApp
import TandemConnectors
import TandemCore

struct Connectors: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What can be connected, and each setting.")

    @Argument(help: "One connector, with its settings.", completion: .connectors)
    var name: String?
    @OptionGroup var report: ReportOptions
    @OptionGroup var terminal: TerminalOptions

    func run() throws {
        let chosen = Registry.all.filter { name == nil || $0.name == name }
        guard !chosen.isEmpty else {
            let known = Registry.all.map { $0.name }.joined(separator: ", ")
            throw UsageError(
                description: "There is no connector \"\(name ?? "")\".",
                remedy: Remedy("Name one of these: \(known).")
            )
        }
        if report.json { return Terminal.out(try ReportJSON.text(chosen.map(ConnectorJSON.init))) }
        if name == nil {
            for connector in chosen { Terminal.out("\(connector.name)\n    \(connector.summary)") }
            Terminal.out("\n`tandem connectors NAME` lists the settings of one.")
            return
        }
        for connector in chosen { describe(connector) }
    }

    private func describe(_ connector: any Connector.Type) {
        Terminal.out("\(connector.name): \(connector.summary)\n")
        var table = TextTable(["setting", "meaning"])
        for field in connector.fieldSummaries {
            let standard = field.required ? "; required" : field.standard.map { "; default: " + $0 } ?? ""
            table.add([field.name, "\(field.help) (\(field.kind)\(standard))"])
        }
        table.show(within: Terminal.outputWidth ?? 80)
    }
}

private struct ConnectorJSON: Encodable {
    struct Setting: Encodable {
        var name: String
        var value: String
        var required: Bool
        var standard: String?
        var help: String
    }

    var name: String
    var summary: String
    var settings: [Setting]

    init(_ connector: any Connector.Type) {
        name = connector.name
        summary = connector.summary
        settings = connector.fieldSummaries.map {
            Setting(name: $0.name, value: "\($0.kind)", required: $0.required, standard: $0.standard, help: $0.help)
        }
    }
}
