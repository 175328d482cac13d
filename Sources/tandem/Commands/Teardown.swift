import ArgumentParser
import TandemApp
import TandemCore
import TandemEngine

struct Teardown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove all that Tandem created in a database.",
        discussion: """
            The copied tables are yours and stay. At the source, the slot and publications of LOG_BASED go, and the triggers \
            and logs of TRIGGER_BASED, as far as the destination remembers to have made them; what an administrator or \
            another project made is named and stays. A full copy creates nothing there.
            """
    )

    @Argument(
        help: ArgumentHelp("A sync or a connection of the configuration.", valueName: "sync|connection"),
        completion: .syncsAndConnections
    )
    var name: String
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let reports = try await Workspace(options).teardown(name)
        if report.json { return Terminal.out(try ReportJSON.text(reports.map(RemovalReport.init))) }
        for report in reports {
            let place = report.connection
            if report.removed.isEmpty && report.left.isEmpty {
                Terminal.out("\(place): nothing had been created there")
            }
            for item in report.removed { Terminal.out("\(place): removed \(item)") }
            for finding in report.left {
                Terminal.out("\(place): left \(finding.subject). \(finding.message)")
                for line in RemedyText.lines(finding.remedy, indent: "  ") { Terminal.out(line) }
            }
        }
    }
}
