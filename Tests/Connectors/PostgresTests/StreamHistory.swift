import TandemTesting

/// Random changes to a few tables of every kind, as SQL that never fails.
struct StreamHistory {
    static let tables = ["keyed", "fullkey", "whole", "indexed", "parted"]
    static let setUp = """
        CREATE TABLE keyed (id int PRIMARY KEY, n int, big text, small text);
        ALTER TABLE keyed ALTER big SET STORAGE EXTERNAL;
        CREATE TABLE fullkey (n numeric(10,2), id text PRIMARY KEY, big text);
        ALTER TABLE fullkey ALTER big SET STORAGE EXTERNAL; ALTER TABLE fullkey REPLICA IDENTITY FULL;
        CREATE TABLE whole (x int, y text); ALTER TABLE whole REPLICA IDENTITY FULL;
        CREATE TABLE indexed (id int PRIMARY KEY, gone int, u int NOT NULL, v text, big text);
        ALTER TABLE indexed DROP COLUMN gone; ALTER TABLE indexed ALTER big SET STORAGE EXTERNAL;
        CREATE UNIQUE INDEX by_u ON indexed (u); ALTER TABLE indexed REPLICA IDENTITY USING INDEX by_u;
        CREATE TABLE parted (id int PRIMARY KEY, t text) PARTITION BY RANGE (id);
        CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (MINVALUE) TO (20);
        CREATE TABLE parted_high (gone int, t text, id int NOT NULL);
        ALTER TABLE parted_high DROP COLUMN gone;
        ALTER TABLE parted ATTACH PARTITION parted_high FOR VALUES FROM (20) TO (MAXVALUE);
        """

    private var random: SeededGenerator
    let truncates: Bool

    init(seed: UInt64, truncates: Bool = true) {
        random = SeededGenerator(seed: seed)
        self.truncates = truncates
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }

    private mutating func text() -> String {
        let texts = ["NULL", "''", "'plain'", "'q\"u\\o'", "E'\\n\\t'", "'é😀'", "'\(number(1...9))'"]
        return texts[number(0...texts.count - 1)]
    }

    /// Mostly too long to be kept in the row.
    private mutating func big() -> String {
        number(0...4) == 0 ? text() : "repeat('\(number(0...9))', \(number(2500...4000)))"
    }

    private mutating func statement() -> String {
        let (id, other) = (number(1...40), number(1...40))
        switch number(0...19) {
        case 0: return "INSERT INTO keyed VALUES (\(id), \(other), \(big()), \(text())) ON CONFLICT DO NOTHING"
        case 1: return "UPDATE keyed SET n = \(other) WHERE id = \(id)"
        case 2: return "UPDATE keyed SET big = \(big()) WHERE id = \(id)"
        case 3: return move("keyed", "id", id, other)
        case 4: return "DELETE FROM keyed WHERE id = \(id)"
        case 5:
            return "INSERT INTO fullkey VALUES (\(id).5, '\(id)', \(big())) ON CONFLICT (id) DO UPDATE SET n = -1"
        case 6: return "UPDATE fullkey SET n = \(other) WHERE id = '\(id)'"
        case 7: return move("fullkey", "id", "'\(id)'", "'\(other)'")
        case 8: return "DELETE FROM fullkey WHERE id = '\(id)'"
        case 9: return "INSERT INTO whole VALUES (\(number(1...4)), \(text()))"
        case 10: return "UPDATE whole SET y = \(text()) WHERE x = \(number(1...4))"
        case 11:
            return "DELETE FROM whole WHERE ctid IN (SELECT ctid FROM whole WHERE x = \(number(1...4)) LIMIT 1)"
        case 12: return "INSERT INTO indexed VALUES (\(id), \(other), \(text()), \(big())) ON CONFLICT DO NOTHING"
        case 13: return move("indexed", "id", id, other)
        case 14: return move("indexed", "u", id, other)
        case 15: return "DELETE FROM indexed WHERE u = \(id)"
        case 16: return "INSERT INTO parted VALUES (\(id), \(text())) ON CONFLICT DO NOTHING"
        case 17: return move("parted", "id", id, other)
        case 18: return "DELETE FROM parted WHERE id = \(id)"
        default:
            guard truncates, number(0...3) == 0 else { return "UPDATE keyed SET small = \(text())" }
            return "TRUNCATE " + ["keyed", "whole, fullkey", "parted", "indexed"][number(0...3)]
        }
    }

    private func move(_ table: String, _ column: String, _ from: some Any, _ to: some Any) -> String {
        """
        UPDATE \(table) SET \(column) = \(to)
        WHERE \(column) = \(from) AND NOT EXISTS (SELECT FROM \(table) WHERE \(column) = \(to))
        """
    }

    /// Transactions of one to some statements, with savepoints that are taken back.
    mutating func sql(transactions: Int) -> String {
        (0..<transactions).map { _ in
            var lines = ["BEGIN"]
            for _ in 0..<number(1...8) {
                if number(0...7) == 0 {
                    lines += [
                        "SAVEPOINT s", statement(), statement(), number(0...1) == 0 ? "ROLLBACK TO s" : "RELEASE s",
                    ]
                } else {
                    lines.append(statement())
                }
            }
            lines.append(number(0...9) == 0 ? "ROLLBACK" : "COMMIT")
            return lines.joined(separator: ";\n") + ";\n"
        }.joined()
    }
}
