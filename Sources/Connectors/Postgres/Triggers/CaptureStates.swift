import Foundation
import TandemCore

/// Reads what there is of the objects of TRIGGER_BASED.
struct CaptureStates {
    private let session: Session

    init(_ session: Session) { self.session = session }

    /// What there is, by the number of the table that it was made for, also where that is gone.
    struct Found: Sendable {
        private(set) var states: [UInt32: CaptureState] = [:]
        /// By the table, or partition, that they are on.
        private var placed: [UInt32: [(capture: UInt32, trigger: CaptureState.Trigger)]] = [:]

        subscript(relation: UInt32) -> CaptureState? { states[relation] }

        func triggers(on place: UInt32) -> [(capture: UInt32, trigger: CaptureState.Trigger)] { placed[place] ?? [] }

        fileprivate mutating func change(_ relation: UInt32, _ change: (inout CaptureState) -> Void) {
            change(&states[relation, default: CaptureState(relation: relation)])
        }

        fileprivate mutating func add(_ trigger: CaptureState.Trigger, of capture: UInt32) {
            change(capture) { $0.triggers.append(trigger) }
            placed[trigger.relation, default: []].append((capture, trigger))
        }
    }

    /// Everything that has a name of ours.
    ///
    /// - Throws: ``PostgresError``.
    func all() throws -> Found { try read(nil) }

    /// What there is of `relations`, and the triggers on them.
    func of(_ relations: [UInt32]) throws -> Found { try read(relations) }

    private func read(_ relations: [UInt32]?) throws -> Found {
        guard session.isInTransaction else { return try session.transaction(.snapshot) { try read(relations) } }
        let wanted = [relations.map { "{" + $0.map(String.init).joined(separator: ",") + "}" }]
        do {
            var found = Found()
            for cells in try session.query(Self.objects, wanted).rows {
                var row = ResultRow(cells)
                let kind = try row.text()
                guard let relation = UInt32(try row.text()) else { continue }
                let number: UInt32 = try row.number()
                let text = try row.text()
                if kind == "log" {
                    found.change(relation) {
                        $0.log = number
                        $0.logTypes = Self.list(text)
                    }
                } else {
                    let sum = try row.text()
                    let runsAsOwner = try row.flag()
                    found.change(relation) { ($0.source, $0.sourceSum, $0.runsAsOwner) = (text, sum, runsAsOwner) }
                }
            }
            for cells in try session.query(Self.triggers, wanted).rows {
                var row = ResultRow(cells)
                guard let captured = UInt32(try row.text()) else { continue }
                let trigger = CaptureState.Trigger(
                    relation: try row.number(),
                    name: try row.text(),
                    mark: try row.text(),
                    enabled: try row.text()
                )
                found.add(trigger, of: captured)
            }
            try readRecords(wanted) { relation, record in found.change(relation) { $0.record = record } }
            try readGaps(wanted) { relation, reason in found.change(relation) { $0.gaps.append(reason) } }
            return found
        } catch is UnreadableCell {
            throw PostgresError.malformed(session.endpoint, what: "a row of \(TriggerNames.captures)")
        }
    }

    private func readRecords(_ wanted: [String?], _ take: (UInt32, CaptureState.Record) -> Void) throws {
        guard try exists(TriggerNames.captures) else { return }
        let question = """
            SELECT relation, schema_name, table_name, array_to_string(key_columns, ' '), to_json(key_names), key_index,
              log, is_by_row, version, source
            FROM \(TriggerNames.captures) WHERE \(Self.isWanted("relation", "oid"))
            """
        for cells in try session.query(question, wanted).rows {
            var row = ResultRow(cells)
            let relation: UInt32 = try row.number()
            take(
                relation,
                CaptureState.Record(
                    name: [try row.text(), try row.text()],
                    keyNumbers: try row.text().split(separator: " ").compactMap { Int($0) },
                    keyNames: Self.list(try row.text()),
                    keyIndex: try row.number(),
                    log: try row.number(),
                    isByRow: try row.flag(),
                    version: try row.number(),
                    source: try row.text()
                )
            )
        }
    }

    private func readGaps(_ wanted: [String?], _ take: (UInt32, String) -> Void) throws {
        guard try exists(TriggerNames.gaps) else { return }
        let question = """
            SELECT relation, reason FROM \(TriggerNames.gaps) WHERE \(Self.isWanted("relation", "oid"))
            GROUP BY relation, reason ORDER BY min(noted)
            """
        for cells in try session.query(question, wanted).rows {
            var row = ResultRow(cells)
            take(try row.number(), try row.text())
        }
    }

    /// Whether a table of ours is there.
    ///
    /// - Parameter name: With its schema, as ``TriggerNames`` has it.
    func exists(_ name: String) throws -> Bool {
        try OwnTables.exists(String(name.dropFirst(TriggerNames.schema.count + 1)), session)
    }

    static func list(_ json: String) -> [String] {
        (try? JSONDecoder().decode([String].self, from: Data(json.utf8))) ?? []
    }

    /// Whether `value` is among those that are asked for: all, where `$1` is null.
    private static func isWanted(_ value: String, _ type: String) -> String {
        "($1::pg_catalog.text IS NULL OR \(value) = ANY ($1::pg_catalog.text::pg_catalog.\(type)[]))"
    }

    /// The same of names that begin with `prefix` and end with the number of what is asked for. An index serves it:
    /// there may be thousands, whose texts are long.
    private static func isNamed(_ name: String, _ prefix: String) -> String {
        """
        ($1::pg_catalog.text IS NULL OR \(name) = ANY (ARRAY(
          SELECT pg_catalog.concat('\(prefix)', w.number)::pg_catalog.name
          FROM pg_catalog.unnest($1::pg_catalog.text::pg_catalog.text[]) AS w(number))))
        """
    }

    /// Whether `p`, in schema `n`, notes changes, or did before somebody changed it. An application's own of such a
    /// name would write to none of our tables, and have none of our triggers.
    private static let isNote = """
        n.nspname = '\(TriggerNames.schema)' AND p.proname ~ '^note_[0-9]+$'
          AND p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype AND (p.prosrc LIKE '%\(TriggerNames.schema).%'
            OR EXISTS (SELECT FROM pg_catalog.pg_trigger o WHERE o.tgfoid = p.oid AND o.tgname LIKE 'tandem!_note!_%' ESCAPE '!'))
        """

    /// Logs with the types of their key columns; functions with their texts.
    private static let objects = """
        SELECT 'log', pg_catalog.substr(c.relname, 5), c.oid, (
            SELECT pg_catalog.json_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 2 AND NOT a.attisdropped)::text, NULL, NULL
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname ~ '^log_[0-9]+$' AND \(OwnTables.isOne)
          AND \(isNamed("c.relname", "log_"))
        UNION ALL
        SELECT 'function', pg_catalog.substr(p.proname, 6), p.oid, p.prosrc, pg_catalog.md5(p.prosrc), p.prosecdef
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE \(isNote) AND p.pronargs = 0 AND \(isNamed("p.proname", "note_"))
        """

    /// Those on a table that is asked for, and those that call the function of one, wherever they are.
    ///
    /// Step by step, each by an index: a server that has not counted its catalog since all of this was made would look
    /// through all functions, and for each of them through all triggers.
    private static let triggers = """
        SELECT pg_catalog.substr(p.proname, 6), t.tgrelid, t.tgname, t.mark, t.tgenabled
        FROM (
          SELECT t.tgrelid, t.tgname, t.tgfoid, t.tgenabled, pg_catalog.concat(t.oid, '.', t.xmin) AS mark
          FROM pg_catalog.pg_trigger t
          WHERE t.oid = ANY (ARRAY(
            SELECT t.oid FROM pg_catalog.pg_trigger t WHERE \(isWanted("t.tgrelid", "oid"))
            UNION
            SELECT d.objid FROM (
              SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
              WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = ANY (ARRAY(
                SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname = '\(TriggerNames.schema)' AND \(isNamed("p.proname", "note_")))) OFFSET 0
            ) AS d WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass)) OFFSET 0
        ) AS t CROSS JOIN LATERAL (
          SELECT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
          WHERE p.oid = t.tgfoid AND \(isNote) OFFSET 0
        ) AS p
        """
}
