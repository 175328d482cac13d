import TandemRows

/// The commands of the replication protocol, which has its own rules of quoting: a backslash is a backslash.
enum ReplicationCommand {
    static let identifySystem = "IDENTIFY_SYSTEM"

    static func timelineHistory(_ timeline: UInt32) -> String { "TIMELINE_HISTORY \(timeline)" }

    /// - Parameter options: What the plugin is told, in this order.
    static func start(slot: String, at start: LSN, options: [(name: String, value: String)]) -> String {
        let list = options.map { identifier($0.name) + " " + literal($0.value) }.joined(separator: ", ")
        return "START_REPLICATION SLOT \(identifier(slot)) LOGICAL \(start)" + (list.isEmpty ? "" : " (\(list))")
    }

    private static func identifier(_ name: String) -> String { SQL.identifier(name) }
    private static func literal(_ text: String) -> String { "'" + text.replacing(bytes: "'", with: "''") + "'" }
}
