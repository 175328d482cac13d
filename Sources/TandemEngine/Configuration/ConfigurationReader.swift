import Yams

/// Reads a configuration's tree and collects everything that is wrong with it.
struct ConfigurationReader {
    let environment: [String: String]
    let connectors: ConnectorDirectory
    private(set) var problems: [ConfigurationProblem] = []

    init(environment: [String: String], connectors: ConnectorDirectory) {
        self.environment = environment
        self.connectors = connectors
    }

    /// A key and what stands behind it.
    struct Entry {
        var key: String
        /// The key's line.
        var line: Int
        var node: Node
    }

    mutating func report(_ line: Int?, _ message: String) {
        let problem = ConfigurationProblem(line: line, message: message)
        // What an alias repeats is told once.
        if !problems.contains(problem) { problems.append(problem) }
    }

    mutating func read(
        _ root: Node
    ) -> (project: String?, connections: [ConnectionConfiguration], syncs: [SyncConfiguration]) {
        let keys = ["project", "connections", "syncs"]
        let fields = fields(of: Entry(key: "the file", line: 1, node: root), known: keys, example: "connections:")
        guard let entry = fields["connections"] else {
            if problems.isEmpty {
                report(nil, "\"connections\" is missing; it names each database and how to reach it")
            }
            return (nil, [], [])
        }
        let connections = entries(of: entry, example: "NAME: {type: postgres, …}").compactMap { connection($0) }
        // Those that are wrong are connections too.
        let names = entry.node.mapping.map { $0.keys.compactMap(\.string) } ?? []
        let syncs = fields["syncs"].map { entries(of: $0, example: "NAME: {from: …, to: …}") } ?? []
        let project = fields["project"].flatMap { projectName($0) }
        return (project, connections, syncs.compactMap { sync($0, connections: names) })
    }

    /// Names of slots are made of it.
    private mutating func projectName(_ entry: Entry) -> String? {
        guard let text = text(entry) else { return nil }
        guard (1...63).contains(text.utf8.count), text.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value != 127 })
        else {
            report(entry.line, "\"project\" must be a name of at most 63 bytes without spaces")
            return nil
        }
        return text
    }

    // MARK: Mappings

    /// The entries of a mapping in the order written, those that `<<` takes over last. What is no mapping is reported.
    mutating func entries(of parent: Entry, example: String) -> [Entry] {
        guard let mapping = parent.node.mapping else {
            if parent.node.isEmptyScalar {
                report(parent.line, "\"\(parent.key)\" has nothing below it; write `\(example)` there")
            } else {
                report(
                    parent.line,
                    "\"\(parent.key)\" must hold keys and values, such as `\(example)`, not \(parent.node.kind)"
                )
            }
            return []
        }
        var entries: [Entry] = []
        var lines: [String: Int] = [:]
        var merged: [Entry] = []
        for (keyNode, node) in mapping {
            let line = keyNode.mark?.line ?? parent.line
            guard let written = keyNode.string else {
                report(line, "a key must be text, not \(keyNode.kind)")
                continue
            }
            let key = String(
                String.UnicodeScalarView(written.unicodeScalars.filter { $0 != ConfigurationDocument.repeated })
            )
            if key == "<<" {
                for base in node.sequence.map(Array.init) ?? [node] {
                    merged += self.entries(of: Entry(key: key, line: line, node: base), example: "*anchor")
                }
            } else if let first = lines[key] {
                report(line, "key \"\(key)\" is already on line \(first); keep one of them")
            } else {
                lines[key] = line
                entries.append(Entry(key: key, line: line, node: node))
            }
        }
        for entry in merged where lines[entry.key] == nil {
            lines[entry.key] = entry.line
            entries.append(entry)
        }
        return entries
    }

    /// The entries of a mapping whose keys are fixed.
    ///
    /// - Parameter reserved: Keys that are taken as well and not offered, because they are of no effect yet.
    mutating func fields(
        of parent: Entry,
        known: [String],
        reserved: [String] = [],
        example: String
    ) -> [String: Entry] {
        var fields: [String: Entry] = [:]
        for entry in entries(of: parent, example: example) {
            if known.contains(entry.key) || reserved.contains(entry.key) {
                fields[entry.key] = entry
            } else {
                report(entry.line, "unknown key \"\(entry.key)\"; " + Spelling.hint(for: entry.key, among: known))
            }
        }
        return fields
    }
}

extension Node {
    /// Nothing, or YAML's sign for it.
    var isEmptyScalar: Bool {
        guard let scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return scalar.string.isEmpty || scalar.string == "~"
    }

    /// What it is, for "must be …, not …".
    var kind: String {
        switch self {
        case .scalar: "a single value"
        case .mapping: "keys and values"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
