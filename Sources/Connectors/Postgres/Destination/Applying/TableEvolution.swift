import TandemCore
import TandemRows

/// Changes the shape of a table as its source's has changed, in an open transaction.
struct TableEvolution {
    let session: Session

    /// - Throws: ``TableMismatch`` where the table cannot be changed so; `TargetError` where a user's column is in the
    ///   way.
    func apply(_ changes: TargetChanges) throws {
        var name = changes.before.target
        for step in changes.evolution {
            try checkColumns(of: name, for: step, among: changes)
            do {
                try apply(step, to: &name)
            } catch let error as PostgresError {
                // There is such a name already, something depends on the column, or the value is none of its type.
                let refusals = ["42701", "42P07", "42703", "42P01", "2BP01", "0A000", "42704"]
                guard let state = error.sqlState, refusals.contains(state) || state.hasPrefix("22") else { throw error }
                throw TableMismatch(
                    changes.before.target,
                    because: "the server does not change it as its source was changed: \(error.serverMessage ?? state)"
                )
            }
        }
    }

    /// Nothing of a user's is taken for a column of ours.
    private func checkColumns(
        of name: TableName,
        for step: TargetChanges.Evolution,
        among changes: TargetChanges
    ) throws {
        let met = try changes.userColumn(
            metBy: step,
            among: { Array(try Reshaping.Shape(of: name, in: session).columns.keys) },
            folding: .exact
        )
        guard let met else { return }
        throw TargetError(
            changes.before.target,
            PostgresError.destination(session.endpoint, .userColumn(name, column: met))
        )
    }

    private func apply(_ step: TargetChanges.Evolution, to name: inout TableName) throws {
        let table = "ALTER TABLE \(SQL.name(name))"
        switch step {
        case .addColumn(let column, let value):
            let identifier = SQL.identifier(column.name)
            guard column.name.utf8.count <= TargetTable.nameLimit else {
                throw TableMismatch(name, because: "the name \"\(column.name)\" is too long for Postgres")
            }
            let type: TargetType
            do throws(TargetType.NestedList) {
                type = try TargetType(of: column, version: session.capabilities.version)
            } catch {
                throw TableMismatch(name, because: "column \"\(column.name)\" holds lists of lists")
            }
            let definition = "\(table) ADD COLUMN \(identifier) \(type.sql)"
            guard value != .null else { return try session.execute(definition) }
            guard let text = ValueText.of(value, column.type, delimiter: column.listDelimiter) else {
                throw TableMismatch(name, because: "the value of its new column \"\(column.name)\" cannot be written")
            }
            // For the rows that are there only; those to come are sent whole.
            try session.execute(
                """
                \(definition) DEFAULT \(SQL.literal(text))::\(type.sql);
                \(table) ALTER COLUMN \(identifier) DROP DEFAULT
                """
            )
        case .renameColumn(let old, let new):
            try session.execute("\(table) RENAME COLUMN \(SQL.identifier(old)) TO \(SQL.identifier(new))")
        case .keepColumn(let column):
            try session.execute("\(table) ALTER COLUMN \(SQL.identifier(column)) DROP NOT NULL")
        case .setMetadataColumns(let columns):
            try MetadataColumnWriter(session: session).set(columns, of: name)
        case .renameTable(let new):
            var known = try Relations([new], in: session)
            try KeyNames.giveWay(to: [new], &known, in: session)
            guard known[new] == nil else {
                throw TableMismatch(name, because: "there is something named \(new) already")
            }
            try session.rename(name, to: new)
            name = new
        }
    }
}
