import TandemCore

/// How `tandem.readers` calls a sync: `<sync>@<project> <letters>`.
///
/// Two installations of one project read one source, each for a destination of its own; the letters tell them apart. An
/// earlier version wrote the sync's name alone.
enum TriggerReader {
    static func prefix(of sync: String, in project: String) -> String { "\(sync)@\(project) " }

    static func new(for sync: String, of project: String) -> String {
        prefix(of: sync, in: project) + String(UInt64.random(in: 1 << 32..<UInt64.max), radix: 36)
    }

    static func isName(_ name: String, of sync: String, in project: String) -> Bool {
        name == sync || name.hasPrefix(prefix(of: sync, in: project))
    }

    static func isOfProject(_ name: String) -> Bool { name.contains("@") }

    /// The one that the destination remembers.
    static func name(among made: [MadeObject], of sync: String, at place: String) -> String? {
        made.first { $0.kind == .reader && $0.sync == sync && $0.place == place }?.name
    }
}
