import TandemRows

extension TargetChanges {
    /// The first column that `step` would make one of ours and that is a user's: it is among those that the copy has,
    /// and not among those that it is known to have. `nil` where there is none.
    ///
    /// - Parameter present: The names of the columns that the copy has, asked for only where that matters.
    package func userColumn(
        metBy step: Evolution,
        among present: () throws -> [String],
        folding: NameFolding
    ) rethrows -> String? {
        let wanted: [String] =
            switch step {
            case .addColumn(let column, _): [column.name]
            case .renameColumn(let old, let new): folding.fold(old) == folding.fold(new) ? [] : [new]
            case .setMetadataColumns(let columns): columns.subtracting(before.metadataColumns).names
            case .keepColumn, .renameTable: []
            }
        guard !wanted.isEmpty else { return nil }
        let users = Set(try present().map(folding.fold)).subtracting(before.columnNames.map(folding.fold))
        return wanted.first { users.contains(folding.fold($0)) }
    }
}
