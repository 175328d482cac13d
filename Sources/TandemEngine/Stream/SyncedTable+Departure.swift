import TandemCore
import TandemRows

extension SyncedTable {
    /// Takes down what the table was when `table` was copied of it. What came between the plan and the snapshot has
    /// values in it, and will not be taken for new.
    ///
    /// - Parameter earlier: What was taken down when the first of its rows was read, if that was done before.
    mutating func note(_ extent: TableExtent?, copying table: TablePlan, after earlier: TableDefinition? = nil) {
        guard let extent else { return }
        leftOut.formUnion(extent.columns.subtracting(table.schema.columns.map(\.id)))
        parts = extent.parts
        definition = earlier ?? extent.definition
        // What only a stream that is made ready knows; it was asked before.
        for (key, text) in table.source.definition?.facts ?? [:] where definition?.facts[key] == nil {
            if [.publication, .publicationRecord].contains(key.kind) { definition?.facts[key] = text }
        }
    }

    /// What may have become of its rows that no change tells of.
    ///
    /// - Parameters:
    ///   - now: What the source says, later than what the copy holds.
    ///   - method: By which the copy is kept up to date.
    func departure(from now: CatalogTable, by method: Method) -> TableDefinition.Departure {
        if let reason = departure(from: now.parts) { return .changed(reason) }
        guard let definition, let present = now.definition else { return .none }
        return definition.departure(
            to: present.ofColumns(schema.columns.map(\.id)),
            isNoted: method == .triggerBased,
            hasParts: now.hidesEmptiedParts(from: method)
        )
    }

    /// Why rows may have come or gone with a part of the table, of which no change tells: what comes after "copying the
    /// table again, because". `nil` where all of it is known.
    func departure(from now: [TablePart]) -> String? {
        let present = Set(now.map(\.id))
        if parts.keys.contains(where: { !present.contains($0) }) {
            return "one of its partitions was detached or dropped, and no change tells of the rows that went with it"
        }
        for part in now {
            let mark = parts[part.id] ?? ""
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
    /// Whether a stream by `method` may not tell that one of its parts was emptied.
    func hidesEmptiedParts(from method: Method) -> Bool { method == .logBased && kind == .partitionedTable }

    /// The marks of its parts.
    var marks: [TableID: String] { Dictionary(parts.map { ($0.id, $0.mark) }) { first, _ in first } }
}
