import TandemCore

/// How slots and publications of this program are called.
///
/// A slot is `tandem_<project>_<database>`, and has `_<sync>` behind it where several syncs read from the connection,
/// for each needs its own. Where a slot of that name is another's it gets a number. Its publications begin with its
/// name. A name tells a person whose it is and proves nothing: that is what a destination remembers (`MadeObject`).
package enum SlotName {
    static let prefix = "tandem"
    /// Postgres cuts longer names off.
    static let limit = 63

    /// The slot that a new stream of `sync` makes.
    ///
    /// - Parameters:
    ///   - syncs: All that read from the connection.
    ///   - number: Above 1 where those before it are others'.
    static func made(
        for sync: String,
        of syncs: [String],
        in database: String,
        project: String,
        number: Int = 1
    ) -> String {
        var parts = [prefix, project, database].filter { !$0.isEmpty }
        if syncs.count > 1 { parts.append(sync) }
        let suffix = number > 1 ? "_\(number)" : ""
        return fold(parts.joined(separator: "_"), room: suffix.count) + suffix
    }

    /// The slots that a stream of `sync` made in versions that knew no projects: it may have begun when it was the only
    /// one of its connection.
    static func earlier(for sync: String, in database: String) -> [String] {
        [[""], ["", ""]].map { made(for: sync, of: $0, in: database, project: "") }
    }

    /// Whether a stream of an earlier version made a slot of this name, for whatever sync.
    static func isEarlier(_ name: String, in database: String) -> Bool {
        let alone = made(for: "", of: [""], in: database, project: "")
        return name == alone || name.hasPrefix(alone + "_")
    }

    /// The slot that an administrator made by hand, as PipelineWise's documentation says.
    static func handMade(in database: String) -> String {
        String(letters("pipelinewise_\(database)").prefix(limit))
    }

    /// The slot that a sync reads from, as far as the server alone can tell.
    static func likely(
        for sync: String,
        _ context: ConnectionContext,
        among slots: [SlotFacts],
        in database: String
    ) -> String {
        let own = [context.syncs, [sync]].map { made(for: sync, of: $0, in: database, project: context.project) }
        let names = [handMade(in: database)] + own + earlier(for: sync, in: database)
        return names.first { name in slots.contains { $0.name == name && $0.database == database } } ?? own[0]
    }

    /// The publications for a slot: one for tables whose rows can be told apart, one for those that only grow.
    static func publication(for slot: String) -> (all: String, appends: String) {
        let base = slot.hasPrefix(prefix) ? slot : "\(prefix)_\(slot)"
        return (fold(base), fold(base, room: appendsSuffix.utf8.count) + appendsSuffix)
    }

    private static let appendsSuffix = "_appends"

    static func isOurs(_ name: String) -> Bool { name == prefix || name.hasPrefix(prefix + "_") }

    /// `name` in the letters that a slot's name may have, cut to fit; what is cut off still tells names apart.
    ///
    /// - Parameter room: How many letters are to be left.
    private static func fold(_ name: String, room: Int = 0) -> String {
        let text = letters(name)
        guard text.count > limit - room else { return text }
        // FNV-1a.
        let hash = name.utf8.reduce(0x811C_9DC5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let mark = "_" + String(hash, radix: 36)
        return text.prefix(limit - room - mark.count) + mark
    }

    private static func letters(_ name: String) -> String {
        String(
            name.lowercased().unicodeScalars.map { scalar -> Character in
                switch scalar {
                case "a"..."z", "0"..."9", "_": Character(scalar)
                default: "_"
                }
            }
        )
    }

    static func isValid(_ name: String) -> Bool {
        (1...limit).contains(name.utf8.count) && letters(name) == name
    }
}
