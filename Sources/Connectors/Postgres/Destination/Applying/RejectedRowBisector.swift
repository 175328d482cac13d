import Foundation
import TandemCore
import TandemRows

/// Applies changes of which some rows are refused by what users have made at the tables, and leaves these out.
///
/// Where a statement for many rows fails, each half of them is tried by
/// itself, down to single rows. What depends on others, such as a row that
/// refers to one behind it, is tried again as long as that brings any further.
struct RejectedRowBisector {
    private let session: Session
    private let time = Date().timeIntervalSince1970
    /// Rows refused by these changes so far.
    private var found: [TableName: [RowIssue]] = [:]

    init(_ session: Session) { self.session = session }

    /// As many single rows are looked at before it is given up.
    private static let patience = 4 * RowIssue.limit

    /// One statement, for some of the rows staged for a table.
    private struct Step {
        enum Action { case remove, mark, write }
        let action: Action
        let merge: StageMerge
        let numbers: [Int]
    }

    private struct Refused {
        let step: Step
        let number: Int
        let objection: ServerErrorFields
    }

    // MARK: What is known of rows

    /// What is left of `change` without rows of which earlier changes were refused, and which it does not bring whole.
    mutating func settle(_ change: TargetChanges) -> TargetChanges {
        guard let issues = found.removeValue(forKey: change.before.target) else { return change }
        var (change, copy) = (change, change.after)
        copy.issues = issues
        copy.settleIssues(by: &change.changes)
        found[copy.target] = copy.issues
        return change
    }

    /// What the table is after `change`, with the rows that were refused.
    func completed(_ change: TargetChanges) -> SyncedTable {
        var copy = change.after
        for issue in found[copy.target] ?? [] { copy.note(issue, after: change.before.issues) }
        return copy
    }

    // MARK: Applying

    /// - Parameters:
    ///   - merges: With their rows staged and numbered; the tables that foreign keys point at come first.
    ///   - changes: What they are made of.
    mutating func apply(_ merges: [StageMerge], of changes: [TargetChanges]) throws {
        let copies = Dictionary(changes.map { ($0.after.target, $0.after) }) { first, _ in first }
        var steps: [Step] = []
        for merge in merges.reversed() {
            guard !merge.stage.key.isEmpty else {
                try merge.explained { try merge.takeAway() }
                continue
            }
            steps += try prepare(merge).filter { $0.action != .write }
        }
        for merge in merges {
            guard !merge.stage.key.isEmpty else {
                try merge.explained { try merge.write() }
                continue
            }
            let numbers = try numbers(of: merge, [.written, .filled])
            if !numbers.isEmpty { steps.append(Step(action: .write, merge: merge, numbers: numbers)) }
        }
        var refused: [Refused] = []
        for step in steps { try attempt(step, step.numbers[...], &refused) }
        var isFurther = true
        while isFurther, !refused.isEmpty {
            let waiting = refused
            refused = []
            for row in waiting { try attempt(row.step, [row.number], &refused) }
            isFurther = refused.count < waiting.count
        }
        try note(refused, copies)
    }

    /// Makes the staged rows such that removing and writing do not touch each other's.
    private func prepare(_ merge: StageMerge) throws -> [Step] {
        let stage = merge.stage
        let index = "CREATE INDEX ON \(stage.name) (n)"
        guard !stage.keepsDeleted else {
            try session.execute(index)
            let numbers = try numbers(of: merge, [.deleted])
            return numbers.isEmpty ? [] : [Step(action: .mark, merge: merge, numbers: numbers)]
        }
        // Nothing to look keys up by.
        try session.execute(
            "SET LOCAL enable_hashjoin = on; \(stage.parting); SET LOCAL enable_hashjoin = off; \(index)"
        )
        let numbers = try numbers(of: merge, [.removed])
        return numbers.isEmpty ? [] : [Step(action: .remove, merge: merge, numbers: numbers)]
    }

    private func numbers(of merge: StageMerge, _ kinds: [StageTable.Kind]) throws -> [Int] {
        let list = kinds.map { "\($0.rawValue)" }.joined(separator: ", ")
        let question = "SELECT n FROM \(merge.stage.name) WHERE o IN (\(list)) ORDER BY n"
        return try session.query(question).rows.compactMap { $0.first.flatMap(\.self).flatMap { Int($0) } }
    }

    private func attempt(_ step: Step, _ numbers: ArraySlice<Int>, _ refused: inout [Refused]) throws {
        guard let first = numbers.first, let last = numbers.last else { return }
        do {
            let (statement, question) = statement(step, "s.n BETWEEN \(first) AND \(last)")
            try step.merge.explained {
                try step.merge.expectNone(after: "SAVEPOINT tandem_row; \(statement)", question)
                try session.execute("RELEASE tandem_row")
            }
        } catch let error as ConstraintViolation {
            try session.execute("ROLLBACK TO tandem_row; RELEASE tandem_row")
            guard numbers.count == 1 else {
                let middle = (numbers.startIndex + numbers.endIndex) / 2
                try attempt(step, numbers[..<middle], &refused)
                return try attempt(step, numbers[middle...], &refused)
            }
            if error.objection.code.hasPrefix("22") { try checkValues(of: first, in: step) }
            refused.append(Refused(step: step, number: first, objection: error.objection))
            guard refused.count <= Self.patience else { throw tooMany(step.merge.target, error.objection) }
        }
    }

    /// - Returns: What to run, and what then counts the rows that are not as they should be.
    private func statement(_ step: Step, _ filter: String) -> (String, String) {
        let stage = step.merge.stage
        return switch step.action {
        case .remove:
            (stage.deletion(isOverlapping: false, where: filter), stage.left(isOverlapping: false, where: filter))
        case .mark: (stage.markingKeys(where: filter), stage.left(isOverlapping: false, where: filter))
        case .write: (stage.insertion(replaces: true, where: filter), stage.unlike(where: filter))
        }
    }

    /// A value that is none of its column's type here is not the users' doing: it has the table copied again.
    private func checkValues(of number: Int, in step: Step) throws {
        guard step.action == .write else { return }
        do {
            _ = try session.query("SAVEPOINT tandem_row")
            _ = try session.query(step.merge.stage.reading(number))
            try session.execute("RELEASE tandem_row")
        } catch let error as PostgresError {
            throw step.merge.cannotTake(error)
        }
    }

    // MARK: Noting

    private mutating func note(_ refused: [Refused], _ copies: [TableName: SyncedTable]) throws {
        var numbers: [TableName: RowNumbers] = [:]
        for row in refused {
            let (merge, target) = (row.step.merge, row.step.merge.target)
            let known = numbers[target] ?? RowNumbers(merge)
            numbers[target] = known
            let isDeletion = row.step.action != .write
            guard let copy = copies[target], let key = known.key(of: row.number, isDeletion: isDeletion),
                key.key != nil
            else {
                throw TargetError(
                    target,
                    PostgresError.destination(
                        session.endpoint,
                        .held(target, by: ["a constraint that was made here"], reason: row.objection.cause)
                    )
                )
            }
            let issue = RowIssue(
                of: target,
                key: key.key,
                keyText: key.text,
                column: row.objection.column ?? "",
                cause: row.objection.cause,
                code: row.objection.code,
                constraint: row.objection.constraint,
                isDeletion: isDeletion,
                since: time
            )
            found[target, default: []].append(issue)
            let all = Set(copy.issues.map(\.id)).union(found[target, default: []].map(\.id))
            guard all.count <= RowIssue.limit else { throw tooMany(target, row.objection) }
        }
    }

    private func tooMany(_ target: TableName, _ objection: ServerErrorFields) -> TargetError {
        let cause = "\(objection.cause) (\(objection.code))"
        let problem = DestinationProblem.tooManyIssues(target, limit: RowIssue.limit, cause: cause)
        return TargetError(target, PostgresError.destination(session.endpoint, problem))
    }
}

extension StageTable {
    /// Leaves no key to be removed that is written again; the keys that patched rows had are to be removed too.
    fileprivate var parting: String {
        let keys = key.indices.map(keyColumn).joined(separator: ", ")
        func isSame(_ one: String, _ other: String) -> String {
            zip(key, key.indices).map { index, place in
                "\(cast("\(one).\(column(index))", index)) = \(cast("\(other).\(keyColumn(place))", index))"
            }.joined(separator: " AND ")
        }
        return """
            INSERT INTO \(name) (o, n, \(keys)) SELECT \(Kind.removed.rawValue), n, \(keys) FROM \(name)
            WHERE o = \(Kind.filled.rawValue);
            DELETE FROM \(name) s USING \(name) w
            WHERE s.o = \(Kind.removed.rawValue) AND w.o IN (\(Kind.written.rawValue), \(Kind.filled.rawValue))
              AND \(isSame("w", "s"))
            """
    }

    /// Reads a row as it would be written.
    fileprivate func reading(_ number: Int) -> String {
        let values = target.types.indices.map { value(column($0), $0) }.joined(separator: ", ")
        return """
            SELECT ROW(\(values))::text FROM \(name) s
            WHERE s.o IN (\(Kind.written.rawValue), \(Kind.filled.rawValue)) AND s.n = \(number)
            """
    }
}
