import TandemCore
import TandemRows

extension CopiedTable {
    /// Takes down what the table consisted of when `schema` was copied of it. What came between the plan and the
    /// snapshot has values in it, and will not be taken for new.
    mutating func note(_ extent: TableExtent?, copying schema: TableSchema) {
        guard let extent else { return }
        leftOut.formUnion(extent.columns.subtracting(schema.columns.map(\.id)))
        parts = extent.parts
    }

    /// Why rows may have come or gone with a part of the table, of which no change tells: what comes after "copying the
    /// table again, because". `nil` where all of it is known.
    ///
    /// - Parameter now: What the source says, later than what the copy holds.
    func departure(from now: [TablePart]) -> String? {
        let present = Set(now.map(\.number))
        if parts.keys.contains(where: { !present.contains($0) }) {
            return "one of its partitions was detached or dropped, and no change tells of the rows that went with it"
        }
        for part in now {
            let mark = parts[part.number] ?? ""
            guard mark != part.mark else { continue }
            guard mark.isEmpty else { return "its partition \(part.name) was detached meanwhile" }
            guard part.isNative else {
                return "its partition \(part.name) was attached, and no change tells of the rows that came with it"
            }
        }
        return nil
    }
}

extension CatalogTable {
    /// The marks of its parts, by number.
    var marks: [UInt32: String] { Dictionary(parts.map { ($0.number, $0.mark) }) { first, _ in first } }
}
