import TandemCore
import TandemRows

/// Where `wal2json` before 2.6 writes NaN and infinities as null, which nothing tells from a null.
struct LostNumbers: Hashable, Sendable {
    /// Columns of a type that has such values.
    var columns: [String]
    /// Whether the plugin is known to be that old. It does not say before there is a slot.
    var isCertain: Bool

    /// Their types, as the server writes them without what they are limited to. Other types, arrays of these among
    /// them, come as their text.
    static func isLossy(_ nativeType: String) -> Bool {
        ["real", "double precision", "numeric"].contains(String(nativeType.prefix { $0 != "(" }))
    }

    /// Whether the slot's plugin can write numbers as strings. `nil` where that does not show: the slot is being read,
    /// or this user may not read it.
    static func areTold(by slot: String, _ session: Session) throws -> Bool? {
        // Nothing lies before this place, so nothing is decoded.
        let sql = """
            SELECT 1 FROM pg_catalog.pg_logical_slot_peek_changes(
              $1::pg_catalog.name, '0/1', NULL, 'numeric-data-types-as-string', '1')
            """
        do {
            _ = try session.query(sql, [slot])
            return true
        } catch let error as PostgresError where error.sqlState == "22023" {
            return false
        } catch let error as PostgresError where error.sqlState != nil { return nil }
    }

    private var list: String { columns.prefix(5).joined(separator: ", ") + (columns.count > 5 ? ", …" : "") }

    /// For `check`.
    var finding: Finding {
        let remedy = Remedy("Update wal2json at the server to 2.6 or later, or set plugin: pgoutput and drop the slot.")
        let reason =
            "it writes NaN and infinities as null, so rows with nulls in these columns are read once more, and such tables "
            + "are copied again that have no key, or one of such columns"
        let condition = isCertain ? "It is older than 2.6" : "If it is older than 2.6 at the server"
        return Finding(.note, "wal2json", "\(condition): \(reason): \(list).", remedy: remedy)
    }
}
