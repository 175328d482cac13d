public import TandemRows

/// Which names a database takes for the same.
public enum NameFolding: String, Hashable, Sendable, Codable {
    /// Those that are equal, byte by byte.
    case exact
    /// Those that differ in nothing but the case of ASCII letters.
    case caseInsensitive

    /// The same for all tables whose names the database takes for one.
    public func fold(_ name: TableName) -> TableName {
        TableName(schema: fold(name.schema), table: fold(name.table))
    }

    /// The same for all names that the database takes for one.
    public func fold(_ name: String) -> String {
        switch self {
        case .exact: name
        case .caseInsensitive:
            String(
                String.UnicodeScalarView(
                    name.unicodeScalars.map { scalar in
                        ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
                    }
                )
            )
        }
    }
}
