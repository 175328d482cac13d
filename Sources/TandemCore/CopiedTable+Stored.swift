/// What is remembered of a copy's columns besides its schema, as numbers and names with commas between. Nothing where
/// there are none.
extension CopiedTable {
    package var leftOutText: String? {
        leftOut.isEmpty ? nil : leftOut.sorted().map(String.init).joined(separator: ",")
    }

    package var ownColumnsText: String? { ownColumns.isEmpty ? nil : ownColumns.names.joined(separator: ",") }

    package static func leftOut(_ text: String?) -> Set<Int> {
        Set((text ?? "").split(separator: ",").compactMap { Int($0) })
    }

    package static func ownColumns(_ text: String?) -> OwnColumns {
        OwnColumns(names: (text ?? "").split(separator: ",").map(String.init))
    }
}
