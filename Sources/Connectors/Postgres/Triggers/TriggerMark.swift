/// Which triggers note the changes of a table and its partitions, since when, and whether they fire: if two marks of a
/// table agree, no trigger was removed, disabled or made anew in between.
package struct TriggerMark: Hashable, Sendable, CustomStringConvertible {
    /// By the number of the table or partition: a text that changes with each of its triggers.
    var triggers: [UInt32: String]

    init(_ triggers: [UInt32: String] = [:]) { self.triggers = triggers }

    /// From ``description``. `nil` for anything else.
    package init?(_ text: String) {
        triggers = [:]
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let number = UInt32(sides[0]) else { return nil }
            triggers[number] = String(sides[1])
        }
    }

    package var description: String {
        triggers.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ";")
    }

    /// Whether no change can have been missed since `earlier`, as far as triggers go.
    ///
    /// Partitions that have come since count as complete, and those that went do not count: that is for those who
    /// compare the table's parts. What a trigger sees that has come since, none missed that was there.
    package func continues(_ earlier: Self) -> Bool {
        earlier.triggers.allSatisfy { number, text in
            triggers[number].map { Set(text.split(separator: ",")).isSubset(of: $0.split(separator: ",")) } ?? true
        } && (triggers.isEmpty == earlier.triggers.isEmpty)
    }
}
