import TandemCore
import TandemRows
import Yams

extension ConfigurationReader {
    mutating func connection(_ entry: Entry) -> ConnectionConfiguration? {
        checkName(entry, of: "connection")
        let entries = entries(of: entry, example: "type: postgres")
        guard entry.node.mapping != nil else { return nil }
        guard let typeEntry = entries.first(where: { $0.key == "type" }) else {
            let types = connectors.entries.map(\.name).joined(separator: ", ")
            report(entry.line, "connection \"\(entry.key)\" lacks \"type\"; there are \(types)")
            return nil
        }
        guard let type = choice(typeEntry, among: connectors.entries.map { ($0.name, $0) }) else { return nil }
        var unset: [ConfigurationProblem] = []
        let settings = settings(entries.filter { $0.key != "type" }, of: entry, type: type, unset: &unset)
        return ConnectionConfiguration(
            name: entry.key,
            type: type.name,
            settings: settings,
            line: entry.line,
            unset: unset
        )
    }

    private mutating func settings(
        _ entries: [Entry],
        of connection: Entry,
        type: ConnectorDirectory.Entry,
        unset: inout [ConfigurationProblem]
    ) -> [String: String] {
        var values: [String: VariableExpansion] = [:]
        var unread: Set<String> = []
        for entry in entries {
            if !type.settings.contains(entry.key) {
                let key = ConnectionString.isOne(entry.key) ? "" : " \"\(entry.key)\""
                report(entry.line, "unknown key\(key); " + Spelling.hint(for: entry.key, among: type.settings))
            } else if let value = expanded(entry, unset: &unset) {
                values[entry.key] = value
            } else {
                unread.insert(entry.key)
            }
        }
        let settings = values.mapValues(\.text)
        for wrong in type.problems(settings) where !unread.contains(wrong.name) {
            let line = entries.first { $0.key == wrong.name }?.line ?? connection.line
            var reason = wrong.reason
            if let value = values[wrong.name] {
                reason = reason.replacing(bytes: "\"\(value.text)\"", with: value.shown)
            }
            report(line, "\"\(wrong.name)\" of connection \"\(connection.key)\" \(reason)")
        }
        return settings
    }

    mutating func checkName(_ entry: Entry, of what: String) {
        guard !ConfiguredName.isValid(entry.key) else { return }
        report(entry.line, "\(what) name \"\(entry.key)\" must be \(ConfiguredName.rule)")
    }
}
