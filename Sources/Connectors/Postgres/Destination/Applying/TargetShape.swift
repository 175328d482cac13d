import TandemCore
import TandemRows

/// A table at the destination as it is, held against what it should be.
enum TargetShape {
    /// What rows of `copy` are written as into the table that is there.
    ///
    /// - Throws: ``TableMismatch`` where it does not fit any more.
    static func table(for copy: SyncedTable, in session: Session) throws -> TargetTable {
        let target = copy.target
        guard let relation = try Relations([target], in: session)[target] else {
            throw TableMismatch(target, because: "it is not there")
        }
        guard relation.kind == "r", relation.isOurs else {
            throw TableMismatch(target, because: "there is another table in its place")
        }
        let shape = try Reshaping.Shape(of: target, in: session)
        let version = session.capabilities.version
        let types = try copy.schema.columns.map { column in
            guard let found = shape.columns[column.name] else {
                throw TableMismatch(target, because: "column \"\(column.name)\" is gone")
            }
            let candidates = [true, false].compactMap { keepsNativeText in
                try? TargetType(of: column, version: version, keepsNativeText: keepsNativeText)
            }
            guard let type = candidates.first(where: { $0.sql == found }) else {
                throw TableMismatch(target, because: "column \"\(column.name)\" has become \(found)")
            }
            return type
        }
        for name in copy.metadataColumns.names where shape.columns[name] != TargetType.time.sql {
            throw TableMismatch(target, because: "column \"\(name)\" is gone")
        }
        let key = copy.schema.identity.map { copy.schema.columns[$0].name }
        guard key.isEmpty || Set(shape.key) == Set(key) else {
            throw TableMismatch(target, because: "it has lost its key")
        }
        return TargetTable(copy.schema, target: target, types: types)
    }
}
