/// What connections and syncs may be called: their names are typed on command lines and become parts of file names.
package enum ConfiguredName {
    /// What follows "must be".
    package static let rule = "letters, digits, _, - and ., 63 bytes at most, and not start with - or ."

    package static func isValid(_ name: String) -> Bool {
        let scalars = name.unicodeScalars
        guard let first = scalars.first, first != "-", first != ".", name.utf8.count <= 63 else { return false }
        return scalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "_-.".unicodeScalars.contains(scalar)
        }
    }
}
