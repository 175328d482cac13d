import TandemCore
import TandemRows

/// Rows that the server cannot send through its log. It writes their values as text, that of a `bytea` twice as long as
/// the value, and can hold no text of more than 1 GB: decoding fails there each time.
struct LongRows {
    let session: Session
    /// Bytes of text past which a row cannot be sent.
    var limit = 1_000_000_000

    /// How many are named.
    private static let count = 3
    /// How long is looked for them in each table.
    private static let patience = "30s"

    /// Whether the server ends a stream with `error` where it cannot hold a text; and elsewhere, too.
    static func mayCause(_ error: PostgresError) -> Bool { ["XX000", "54000"].contains(error.sqlState ?? "") }

    /// Why tables are to be copied again after `error`, which has ended a stream (what follows "because"): a row that is
    /// too long, of one of `tables` or of others. `nil` where it is something else.
    func reason(of error: PostgresError, _ tables: [TableSchema]) -> String? {
        guard Self.mayCause(error) else { return nil }
        let consequence = "so what else its transaction has changed is not known"
        for table in tables {
            // What cannot be looked at is not what is looked for.
            guard let rows = try? find(in: table), !rows.isEmpty else { continue }
            return "a row of \(SQL.name(table.name)) is longer than the 1 GB that the server can send of one "
                + "(\(rows.joined(separator: "; "))), \(consequence)"
        }
        guard ["invalid memory alloc request size", "string buffer"].contains(where: error.description.contains) else {
            return nil
        }
        return
            "a row that is gone by now, or of another table, was longer than the 1 GB that the server can send of one, "
            + consequence
    }

    /// The keys of rows of `table` that are too long, for people.
    func find(in table: TableSchema) throws -> [String] {
        let lengths = table.columns.compactMap { column -> String? in
            let name = SQL.identifier(column.name)
            // Asked of what is stored elsewhere without reading it.
            return switch column.nativeType {
            case "bytea": "coalesce(2 * pg_catalog.octet_length(\(name))::pg_catalog.int8, 0)"
            case let type where type == "text" || type.hasPrefix("character varying"):
                "coalesce(pg_catalog.octet_length(\(name))::pg_catalog.int8, 0)"
            default: nil
            }
        }
        guard !lengths.isEmpty else { return [] }
        let keys = table.identity.map { table.columns[$0] }
        let shown = keys.map { "\(SQL.literal("\($0.name) = ")), \(SQL.identifier($0.name))" }
        let key = shown.isEmpty ? "'it has no key'" : "pg_catalog.concat(\(shown.joined(separator: ", ', ', ")))"
        return try session.transaction {
            try session.execute("SET LOCAL statement_timeout = '\(Self.patience)'")
            return try session.query(
                """
                SELECT \(key) FROM \(SQL.name(table.name)) WHERE \(lengths.joined(separator: " + ")) > \(limit)
                LIMIT \(Self.count)
                """
            ).rows.compactMap { $0.first ?? nil }
        }
    }
}
