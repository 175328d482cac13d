import TandemCore
import TandemRows

/// What TRIGGER_BASED makes in a database is called.
///
/// All of it is in the schema that a destination keeps its own tables in; `oid` is the captured table's number.
enum TriggerNames {
    static let schema = Metadata.schema
    /// One row a captured table.
    static let captures = "tandem.captures"
    /// Changes that could not be noted: the table has to be copied again. See ``TriggerGaps``.
    static let gaps = "tandem.gaps"
    /// How far each sync has read: what its destination has made durable (`place`), and what it may have (`given`).
    static let readers = "tandem.readers"

    /// Which tables each of them reads. A reader without a line is one of an earlier version, and may read any.
    static let reading = "tandem.reading"

    /// The tables that are there once, whatever is captured, and their columns.
    static let shared: [(name: String, columns: String)] = [
        (
            captures,
            """
            relation oid PRIMARY KEY, schema_name text NOT NULL, table_name text NOT NULL,
              key_columns smallint[] NOT NULL, key_names text[] NOT NULL, key_index oid NOT NULL, log oid NOT NULL,
              is_by_row boolean NOT NULL, version integer NOT NULL, source text NOT NULL, mark text,
              made timestamptz NOT NULL
            """
        ),
        (
            gaps,
            """
            relation oid NOT NULL, reason text NOT NULL, xid bigint NOT NULL, noted timestamptz NOT NULL,
              is_open boolean NOT NULL DEFAULT false
            """
        ),
        (readers, "sync text PRIMARY KEY, place text NOT NULL, seen timestamptz NOT NULL, given text"),
        (reading, "reader text NOT NULL, relation oid NOT NULL, PRIMARY KEY (reader, relation)"),
    ]

    /// Why none of it can be made: the application has something of its own under one of these names.
    static func refusal(_ session: Session) throws -> (reason: String, remedy: Remedy)? {
        let names = shared.map { String($0.name.dropFirst(schema.count + 1)) }
        guard let name = try OwnTables.stranger(names, session) else { return nil }
        return (
            "\(schema).\(name) is not what triggers would note changes with, which needs the name.",
            Remedy("Give \(schema).\(name) another name, or move it to another schema; or use another method.")
        )
    }

    /// The keys of changed rows.
    static func log(_ oid: UInt32) -> String { "\(schema).log_\(oid)" }
    /// The keys in a log `l`, one a row and perhaps more than once: `k1`, `k2`, … of `n`.
    ///
    /// Not as a function behind FROM, which gives each attribute of a composite type a column of its own.
    static func keys(_ count: Int) -> String {
        let names = (0..<count).map(keyColumn)
        return "LATERAL (SELECT \(names.map { "pg_catalog.unnest(l.\($0)) AS \($0)" }.joined(separator: ", "))) AS n"
    }
    /// The function that notes them, without its parentheses.
    static func function(_ oid: UInt32) -> String { "\(schema).note_\(oid)" }
    /// A column of a log: an array of the values that the key's first column has in the rows of a statement is `k1`,
    /// and so on.
    static func keyColumn(_ index: Int) -> String { "k\(index + 1)" }
}

/// One of the triggers that call a note function.
enum NoteTrigger: String, CaseIterable, Sendable {
    case insert = "tandem_note_insert"
    case update = "tandem_note_update"
    case delete = "tandem_note_delete"
    case row = "tandem_note_row"
    /// For each row of what fires no statement's triggers: a subscription's worker, and extensions that replicate.
    case replica = "tandem_note_replica"
    case truncate = "tandem_note_truncate"

    /// What it is called on a table and its partitions. A row's trigger comes to partitions with that of their root,
    /// also to a table that is attached and has one already: so its name is no other table's.
    ///
    /// - Parameter relation: The table that it was made for.
    func name(for relation: UInt32) -> String { self == .row ? "\(rawValue)_\(relation)" : rawValue }

    /// The one that is called so, for whatever table. `nil` for a trigger of somebody else's.
    init?(name: String) {
        let base = Self.row.rawValue
        let isRow = name.hasPrefix(base + "_") && UInt32(name.dropFirst(base.count + 1)) != nil
        self.init(rawValue: isRow ? base : name)
    }

    /// Those that a table has.
    static func needed(byRow: Bool) -> [Self] {
        byRow ? [.row, .truncate] : [.insert, .update, .delete, .replica, .truncate]
    }

    /// What `tgenabled` is to be, where it is not to stay as it was made: a session is a replica, or it is not, and
    /// each change is noted by one of them.
    var firing: Firing? {
        switch self {
        case .insert, .update, .delete: nil
        case .row, .truncate: .always
        case .replica: .replica
        }
    }

    enum Firing: String {
        case always = "A"
        /// Where `session_replication_role` is `replica` only: all others pay nothing for it.
        case replica = "R"

        var clause: String { self == .always ? "ENABLE ALWAYS" : "ENABLE REPLICA" }
    }

    /// What stands between the name and the table.
    var events: String {
        switch self {
        case .insert: "AFTER INSERT"
        case .update: "AFTER UPDATE"
        case .delete: "AFTER DELETE"
        case .row, .replica: "AFTER INSERT OR UPDATE OR DELETE"
        case .truncate: "AFTER TRUNCATE"
        }
    }

    /// What stands between the table and the function.
    var level: String {
        switch self {
        case .insert: "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT"
        case .update: "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT"
        case .delete: "REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT"
        case .row, .replica: "FOR EACH ROW"
        case .truncate: "FOR EACH STATEMENT"
        }
    }
}
