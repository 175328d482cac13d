/// A table as the stream describes it from here on.
struct StreamRelation: Hashable, Sendable {
    /// How the server tells the rows that are updated or deleted apart: `pg_class.relreplident`.
    enum Identity: UInt8, Sendable {
        case key = 0x64
        case nothing = 0x6E
        case full = 0x66
        case index = 0x69
    }

    struct Column: Hashable, Sendable {
        var name: String
        /// `attnum`, where the plugin says it.
        var number: Int?
        /// By number, where the plugin says it.
        var type: UInt32?
        /// `atttypmod`, -1 where there is none.
        var modifier: Int32 = -1
        /// The type in the plugin's words, where it writes them: equal words are the same type.
        var typeText: String?
        /// Whether it belongs to what tells rows apart.
        var isKey = false
    }

    /// By which changes name it.
    var number: UInt32
    /// The table's OID, where the plugin says it.
    var table: UInt32?
    var schema: String
    var name: String
    /// `nil` where the plugin does not say it.
    var identity: Identity?
    /// In the order of the cells.
    var columns: [Column]
    /// Whether those are all its columns: a plugin without descriptions of its own tells of them by and by.
    var isComplete = true
    /// Whether null is left out of old rows.
    var omitsNullKeys = false
}
