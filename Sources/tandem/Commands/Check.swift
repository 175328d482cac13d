import ArgumentParser
import TandemApp
import TandemCore
import TandemEngine
import TandemRows

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Is everything ready? Every finding with its remedy.",
        discussion: "Looks at each connection, and at the tables that the syncs using it select. Changes nothing."
    )

    @Argument(
        help: ArgumentHelp("Syncs or connections; all of them by default.", valueName: "name"),
        completion: .syncsAndConnections
    )
    var names: [String] = []
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @Flag(name: .shortAndLong, help: "Show also what is in order.")
    var verbose = false

    func run() async throws {
        let workspace = try Workspace(options)
        let findings = try await workspace.check(names)
        if report.json {
            Terminal.out(try ReportJSON.text(findings.map { FindingReport($0.finding, of: $0.connection) }))
        } else {
            show(findings)
        }
        if findings.contains(where: { $0.finding.severity == .error }) { throw CommandOutcome(status: .failed) }
    }

    private func show(_ findings: [(connection: String, finding: Finding)]) {
        var current: String?
        for (connection, finding) in findings where verbose || finding.severity != .ok {
            if connection != current {
                Terminal.out((current == nil ? "" : "\n") + connection)
                current = connection
            }
            Terminal.out("  \(Self.mark(finding.severity)) \(finding.subject): \(finding.message)")
            for line in RemedyText.lines(finding.remedy, indent: "      ") { Terminal.out(line) }
        }
        func count(_ severity: Finding.Severity) -> Int { findings.count { $0.finding.severity == severity } }
        let counts =
            [Finding.Severity.error, .warning, .note].map { Amounts.counted(count($0), $0.rawValue) }
            .joined(separator: ", ") + ", \(count(.ok)) in order"
        Terminal.out((current == nil ? "" : "\n") + counts)
    }

    private static func mark(_ severity: Finding.Severity) -> String {
        switch severity {
        case .ok: "✓"
        case .note: "·"
        case .warning: "!"
        case .error: "✗"
        }
    }
}
