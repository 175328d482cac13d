import TandemCore
import Yams

extension ConfigurationReader {
    private static let tableKeys = ["name", "columns", "method", "cursor", "lookback", "target"]

    /// One element of `tables`: a pattern, or what is to be said of the tables it matches.
    mutating func rule(_ entry: Entry) -> TableRule? {
        guard entry.node.mapping != nil else {
            if entry.node.sequence != nil {
                report(entry.line, "\"tables\" must hold patterns and {name: …}, not a list in a list")
                return nil
            }
            guard let text = name(entry) else { return nil }
            let excludes = text.hasPrefix("!")
            guard let pattern = tablePattern(excludes ? String(text.dropFirst()) : text, line: entry.line) else {
                return nil
            }
            return TableRule(pattern, excludes: excludes, line: entry.line)
        }
        let fields = fields(of: entry, known: Self.tableKeys, example: "name: public.orders")
        guard let nameEntry = fields["name"] else {
            report(entry.line, "a table lacks \"name\"; write {name: public.orders, …}")
            return nil
        }
        guard let name = name(nameEntry) else { return nil }
        if name.hasPrefix("!") {
            report(nameEntry.line, "what is left out has no settings; write - \"\(name)\"")
            return nil
        }
        guard let pattern = tablePattern(name, line: nameEntry.line) else { return nil }
        var rule = TableRule(pattern, line: nameEntry.line)
        rule.method = choice(fields["method"], among: MethodChoice.allCases.map { ($0.word, $0) })
        rule.cursor = fields["cursor"].map { cursor($0) } ?? []
        rule.lookback = lookback(fields["lookback"])
        if let lookback = fields["lookback"], fields["cursor"] == nil {
            report(lookback.line, "\"lookback\" goes with a \"cursor\"; name it beside")
        }
        rule.columns = fields["columns"].flatMap { columns($0) }
        rule.target = fields["target"].flatMap { target($0) }
        if let target = fields["target"], pattern.literal == nil {
            report(
                target.line,
                "\"target\" names one table, but \(pattern) may match several; use \"into\" for their schema"
            )
        }
        return rule
    }

    /// The name of a column, or a list of such names.
    private mutating func cursor(_ entry: Entry) -> [String] {
        guard entry.node.sequence != nil else { return name(entry).map { [$0] } ?? [] }
        return list(entry, example: "[updated_at, id]").compactMap { name($0) }
    }

    private mutating func lookback(_ entry: Entry?) -> Lookback? {
        guard let entry, let text = text(entry) else { return nil }
        if let number = Int(text), number >= 0 { return .number(number) }
        if let seconds = Schedule.seconds(Substring(text)) { return .seconds(seconds) }
        report(
            entry.line,
            "\"lookback\" must be a time such as 30s, 15m, 1h or 2d, or for a number a whole number, not \"\(text)\""
        )
        return nil
    }

    private mutating func tablePattern(_ text: String, line: Int) -> TablePattern? {
        do {
            return try TablePattern(text)
        } catch {
            report(line, error.description)
            return nil
        }
    }

    private mutating func target(_ entry: Entry) -> TargetRule? {
        guard let text = name(entry) else { return nil }
        do {
            let names = try NamePattern.split(text).map(\.literal)
            switch (names.count, names.first ?? nil, names.last ?? nil) {
            case (1, _, let table?): return TargetRule(table: table)
            case (2, let schema?, let table?): return TargetRule(schema: schema, table: table)
            case (1...2, _, _):
                report(entry.line, "\"target\" must be one name, not a pattern: put it in double quotes")
            default:
                report(
                    entry.line,
                    "\"target\" must be TABLE or SCHEMA.TABLE; put a name that holds a dot in double quotes"
                )
            }
        } catch {
            report(entry.line, error.description)
        }
        return nil
    }

    private mutating func columns(_ entry: Entry) -> ColumnRule? {
        var kept: [NamePattern] = []
        var left: [NamePattern] = []
        for element in list(entry, example: "[\"!card_number\"]") {
            guard let text = name(element) else { continue }
            do {
                if text.hasPrefix("!") {
                    left.append(try NamePattern(String(text.dropFirst())))
                } else {
                    kept.append(try NamePattern(text))
                }
            } catch {
                report(element.line, error.description)
            }
        }
        if !kept.isEmpty, !left.isEmpty {
            report(entry.line, "\"columns\" either names what is copied or, with !, what is left out, not both")
        }
        if kept.isEmpty { return left.isEmpty ? nil : .except(left) }
        return .only(kept)
    }
}
