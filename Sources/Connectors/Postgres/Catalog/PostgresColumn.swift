package import TandemRows

/// A column that can be read.
package struct PostgresColumn: Hashable, Sendable {
    package var name: String
    /// `attnum`, which a rename leaves as it is.
    package var number: Int
    package var native: NativeType
    /// As `format_type` writes it, with its schema where the type is not built in.
    package var typeName: String

    package var schema: ColumnSchema {
        ColumnSchema(name: name, type: native.type, nativeType: typeName, id: ColumnID(number))
    }
}
