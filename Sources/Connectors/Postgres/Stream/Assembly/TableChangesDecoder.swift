import TandemCore
import TandemRows

/// Decodes what the changes of a table come to, while its columns stay the same.
struct TableChangesDecoder {
    private let whole: BatchDecoder
    private let key: BatchDecoder

    init(_ resolved: ResolvedRelation, policy: UnfitPolicy, checksUTF8: Bool) {
        let columns = resolved.decoders.map { ColumnDecoding(.text($0), checksUTF8: checksUTF8) }
        let schema = resolved.schema
        whole = BatchDecoder(schema: schema, columns: columns, policy: policy)
        var part = schema
        part.columns = schema.identity.map { schema.columns[$0] }
        part.identity = Array(part.columns.indices)
        let keys = schema.identity.map { columns[$0] }
        key = schema.identity.isEmpty ? whole : BatchDecoder(schema: part, columns: keys, policy: policy)
    }

    /// - Throws: ``BatchDecoder/Malformed``; ``UnfitValues``.
    func decode(_ net: NetTuples, tally: inout ReadTally) throws -> NetChanges {
        var changes = NetChanges()
        changes.isEmptied = net.isEmptied
        changes.hasPartialKeyChange = net.hasPartialKeyChange
        changes.emptiedAt = net.emptiedAt
        changes.changeCount = net.changeCount
        for var rows in net.written {
            if let batch = try whole.decode(&rows, tally: &tally) { changes.written.append(batch) }
        }
        // A row that was refused is not at the destination, so its key is passed over; it was counted when it came.
        do {
            var passedOver = ReadTally()
            for var keys in net.removed {
                if let batch = try key.decode(&keys, tally: &passedOver) { changes.removed.append(batch) }
            }
            for deletion in net.deleted { if let rows = try deleted(deletion) { changes.deleted.append(rows) } }
        } catch let error as UnfitValues where !whole.schema.identity.isEmpty {
            throw UnfitValues(columns: error.columns.map { whole.schema.identity[$0] })
        }
        for patch in net.patched {
            if let rows = try patched(patch, tally: &tally, removed: &changes.removed) { changes.patched.append(rows) }
        }
        return changes
    }

    private func deleted(_ deletion: NetTuples.Deletion) throws -> DeletedRows? {
        var (rows, times, passedOver) = (deletion.rows, deletion.times, ReadTally())
        let batch = try key.decode(&rows, tally: &passedOver) { refused in
            times = times.indices.filter { !refused[$0] }.map { times[$0] }
        }
        return batch.map { DeletedRows($0, times: times) }
    }

    /// - Parameter removed: Takes the keys of rows that are refused, as it has those of whole ones.
    private func patched(
        _ patch: NetTuples.Patch,
        tally: inout ReadTally,
        removed: inout [RowBatch]
    ) throws -> PartialUpdates? {
        var patch = patch
        var passedOver = ReadTally()
        // First without the rows whose key was refused, then without those refused themselves.
        _ = try key.decode(&patch.keys, tally: &passedOver) { patch.rows.remove($0) }
        guard patch.rows.rowCount > 0 else { return nil }
        var gone: TupleBuffer?
        let rows = try whole.decode(&patch.rows, tally: &tally) { refused in
            var others = Bitmap(repeating: true, count: refused.count)
            for row in 0..<refused.count where refused[row] { others.clear(row) }
            gone = patch.keys
            gone?.remove(others)
            patch.keys.remove(refused)
        }
        if var gone, let keys = try key.decode(&gone, tally: &passedOver) { removed.append(keys) }
        guard let rows, let keys = try key.decode(&patch.keys, tally: &passedOver) else { return nil }
        return PartialUpdates(keys: keys, rows: rows)
    }
}
