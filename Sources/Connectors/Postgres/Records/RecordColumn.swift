import TandemCore
import TandemRows

/// A column of a record, as statements name it.
struct RecordColumn {
    var schema: ColumnSchema
    /// Quoted, by itself.
    var name: String
    /// How it is read: its own expression, and what its cells become.
    var reading: CellReading
    /// The type that values are made of before they are assigned or compared, without a length: a cast to `varchar(5)`
    /// would cut off what does not fit.
    var type: String
    var bound: BoundType

    /// `value`, an element of a parameter, as one of this column.
    func cast(_ value: String) -> String { "\(value)::\(type)" }
}

/// A table as the records of one shape are read and written.
struct RecordTable {
    var shape: RecordShape
    /// Quoted, with its schema.
    var name: String
    /// Quoted, as a statement may name it that has it once.
    var bareName: String
    var key: [RecordColumn]
    var fields: [RecordColumn]
    /// Rows are changed again after they are written, by AFTER triggers.
    var isRewritten: Bool
    /// Rows lie in partitions, of which no statement that writes tells the versions.
    var isPartitioned: Bool
    /// The columns of each constraint and unique index, by its name.
    var constraints: [String: [ColumnID]]
    /// The types that ``RecordStatements/answer(numbering:isRead:)`` gives, by OID.
    var answerTypes: [UInt32] = []
    /// `MERGE` says which of the rows it was given it has inserted.
    var canMerge: Bool
    /// The server notes when transactions were committed.
    var tellsTimes: Bool
    /// What is text need not be UTF-8.
    var checksUTF8: Bool

    /// The field that a constraint or a column named by an error is about, where it is one.
    func field(column: String?, constraint: String?) -> Int? {
        if let column { return fields.firstIndex { $0.schema.name.isExactly(column) } }
        guard let columns = constraint.flatMap({ constraints[$0] }), columns.count == 1 else { return nil }
        return fields.firstIndex { $0.schema.id == columns[0] }
    }
}
