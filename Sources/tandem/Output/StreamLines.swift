import Foundation
import TandemApp
import TandemCore
import TandemState

extension StreamReport {
    /// For people.
    ///
    /// - Parameters:
    ///   - run: The last one.
    ///   - now: When this is.
    func lines(after run: RunRecord?, at now: Date) -> [String] {
        switch self {
        case .unknown(let message, let remedy):
            return ["  source: " + message] + RemedyText.lines(remedy, indent: "    ")
        case .status(let status) where !status.exists && !status.warnings.isEmpty:
            return Self.lines(status.warnings)
        case .status(let status) where !status.exists:
            return status.method == .triggerBased
                ? ["  triggers: nothing has been read yet; the next run copies every table"]
                : ["  slot \(status.slot): not there; the next run makes it and copies every table"]
        case .status(let status):
            var parts = [status.isRead ? "being read" : "not being read"]
            if let kept = status.kept { parts.append("keeps \(Amounts.bytes(kept)) of log") }
            if let behind = status.behind { parts.append("\(Amounts.bytes(behind)) behind") }
            if let seconds = status.lag(after: run, at: now) { parts.append(Amounts.duration(.seconds(seconds))) }
            if let state = status.state { parts.append("wal_status \(state)") }
            if let room = status.room { parts.append("\(Amounts.bytes(room)) until it is given up") }
            let plugin = status.plugin.map { " (\($0))" } ?? ""
            let name = status.method == .triggerBased ? "triggers" : "slot \(status.slot)\(plugin)"
            return ["  \(name): " + parts.joined(separator: ", ")] + Self.lines(status.warnings)
        }
    }

    private static func lines(_ warnings: [Finding]) -> [String] {
        warnings.flatMap { finding in
            ["  ! \(finding.subject): \(finding.message)"] + RemedyText.lines(finding.remedy, indent: "    ")
        }
    }
}
