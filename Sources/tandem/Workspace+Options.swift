import Foundation
import TandemApp
import TandemCore
import TandemState

extension Workspace {
    /// The one that the command line names, whose notices go to standard error.
    init(_ options: ConfigurationOptions) throws {
        // What is made from here on, such as a warehouse with all its files, is for nobody else to read.
        umask(0o077)
        if options.showValues { WithheldWords.reveal { Terminal.error("note: the database's own words: " + $0) } }
        try self.init(
            file: options.config ?? Self.standardConfiguration,
            state: options.state,
            environment: ProcessInfo.processInfo.environment,
            notify: { Terminal.error($0.text) }
        )
    }

    static var standardConfiguration: String { ProcessInfo.processInfo.environment["TANDEM_CONFIG"] ?? "tandem.yaml" }
}

extension Notice {
    /// For people.
    var text: String {
        switch self {
        case .connection(let note), .waiting(let note), .leftOut(let note): "note: " + note
        case .historyEnds(let sentences): "warning: " + sentences
        case .noHistory(let error):
            (["warning: this leaves no history: \(error)"] + RemedyText.lines(error.remedy)).joined(separator: "\n")
        }
    }
}
