import TandemCore
import TandemRows

/// Tells what rows were written anew for, of tables that have no TOAST table to tell by.
///
/// Rows keep the number of the transaction that wrote them when VACUUM FULL or
/// CLUSTER moves them, and get that of ALTER TABLE when it does, which is also
/// the one that wrote the table's line in `pg_class`. What TRUNCATE leaves is
/// empty, so that rows come later than that line.
struct RewrittenFiles {
    private let session: Session

    init(_ session: Session) { self.session = session }

    /// - Parameter files: Tables or partitions (`pg_class.oid`), each with the oldest transaction that was under way
    ///   when it still had another file.
    func areRewritten(_ files: [FileID: UInt64]) throws -> [FileID: Bool] {
        try answers(files, otherwise: nil, isRewritten)
    }

    /// Whether no row is left of what was in these partitions, by the same. One that may not be read may have been
    /// emptied.
    func areEmptied(_ files: [FileID: UInt64]) throws -> [FileID: Bool] {
        try answers(files, otherwise: true) { table, moment in
            try rows(of: table).map { try !isMoved($0, since: moment) }
        }
    }

    /// - Parameter unknown: The answer of what may not be read, or is gone.
    private func answers(
        _ files: [FileID: UInt64],
        otherwise unknown: Bool?,
        _ ask: (_ table: UInt32, _ moment: UInt64) throws -> Bool?
    ) throws -> [FileID: Bool] {
        var answers: [FileID: Bool] = [:]
        for (file, moment) in files.sorted(by: { $0.key < $1.key }) {
            do {
                answers[file] =
                    try session.transaction(.snapshot) { try ask(UInt32(file.description) ?? 0, moment) } ?? unknown
            } catch let error as PostgresError where session.isOpen && !error.isTransient {
                answers[file] = unknown
            }
        }
        return answers
    }

    private func rows(of table: UInt32) throws -> String? {
        let named = """
            SELECT n.nspname, c.relname
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1
            """
        guard let cells = try session.query(named, [String(table)]).rows.first, cells.count == 2,
            let schema = cells[0], let name = cells[1]
        else { return nil }
        return "ONLY \(SQL.name(TableName(schema: schema, table: name))) t"
    }

    /// Whether there are rows that are older than the moment.
    private func isMoved(_ rows: String, since moment: UInt64) throws -> Bool {
        let oldest = "'\(UInt32(truncatingIfNeeded: moment))'::pg_catalog.xid"
        let question = "SELECT EXISTS (SELECT FROM \(rows) WHERE pg_catalog.age(t.xmin) > pg_catalog.age(\(oldest)))"
        return try session.query(question).value == "t"
    }

    private func isRewritten(_ table: UInt32, since moment: UInt64) throws -> Bool? {
        guard let rows = try rows(of: table) else { return nil }
        if try isMoved(rows, since: moment) { return false }
        // A number of a command is none where the row has been locked or removed since.
        let isOlder = """
            SELECT EXISTS (SELECT FROM \(rows) JOIN pg_catalog.pg_class c ON c.oid = \(table)
              WHERE pg_catalog.age(t.xmin) > pg_catalog.age(c.xmin)
                OR t.xmin = c.xmin AND t.xmax::text = '0'
                  AND t.cmin::text::pg_catalog.int8 <= c.cmin::text::pg_catalog.int8)
            """
        return try session.query(isOlder).value == "t"
    }
}
