/// How slots and publications of this program are called.
///
/// A slot is `tandem_<database>`, or `tandem_<database>_<sync>` where several syncs read from the connection, for each
/// needs its own. Its publications begin with its name.
package enum SlotName {
    /// What marks a slot or publication as made by this program, which may drop it then.
    static let prefix = "tandem"
    /// Postgres cuts longer names off.
    static let limit = 63

    /// The slot that a new stream of `sync` makes.
    ///
    /// - Parameter syncs: All that read from the connection.
    static func made(for sync: String, of syncs: [String], in database: String) -> String {
        fold(syncs.count > 1 ? "\(prefix)_\(database)_\(sync)" : "\(prefix)_\(database)")
    }

    /// The slot that an administrator made by hand, as PipelineWise's documentation says.
    static func handMade(in database: String) -> String {
        String(letters("pipelinewise_\(database)").prefix(limit))
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
