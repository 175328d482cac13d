import TandemCore
import TandemRows

/// Turns full buffers into batches, and applies the policy for values that do not fit.
struct BatchDecoder {
    let schema: TableSchema
    let columns: [ColumnDecoding]
    let policy: UnfitPolicy

    /// What the server sent that no value of its column's type looks like.
    struct Malformed: Error {
        let column: String
    }

    /// Decodes what `buffer` holds, and adds to `tally` what came of it.
    ///
    /// - Parameter refusing: Called with the rows that were refused, before they are left out.
    /// - Returns: `nil` where every row was refused.
    /// - Throws: ``Malformed``; ``UnfitValues`` under ``UnfitPolicy/text``, and under any policy for columns of a key.
    func decode(
        _ buffer: inout TupleBuffer,
        tally: inout ReadTally,
        refusing: (Bitmap) -> Void = { _ in }
    ) throws -> RowBatch? {
        let byteCount = buffer.byteCount
        var decoded = try decodeColumns(of: buffer)
        tally.rows += buffer.rowCount
        tally.bytes += byteCount
        let unfit = decoded.indices.filter { !decoded[$0].unfit.isEmpty }
        if !unfit.isEmpty {
            let asText = unfit.filter(mustBecomeText)
            guard asText.isEmpty else { throw UnfitValues(columns: asText) }
            switch policy {
            case .text, .clamp:
                for column in unfit { tally.clamped[column, default: 0] += decoded[column].unfit.count }
            case .issue:
                let refused = refused(decoded, unfit: unfit, rowCount: buffer.rowCount, tally: &tally)
                refusing(refused)
                buffer.remove(refused)
                guard buffer.rowCount > 0 else { return nil }
                decoded = try decodeColumns(of: buffer)
            }
        }
        return RowBatch(rowCount: buffer.rowCount, columns: decoded.map(\.column), byteCount: byteCount)
    }

    /// Whether a column that holds an unfit value has to be read as text. The policy is not asked about a key: what it
    /// puts in the place of one is the key of another row, or of none.
    private func mustBecomeText(_ column: Int) -> Bool {
        // Text stays text: what is not UTF-8 there has been escaped, and is counted.
        schema.columns[column].type != .text && (policy == .text || schema.identity.contains(column))
    }

    private func decodeColumns(of buffer: TupleBuffer) throws -> [DecodedColumn] {
        try columns.indices.map { index in
            do throws(MalformedCell) { return try columns[index].decode(buffer, column: index) } catch {
                throw Malformed(column: schema.columns[index].name)
            }
        }
    }

    private func refused(
        _ decoded: [DecodedColumn],
        unfit: [Int],
        rowCount: Int,
        tally: inout ReadTally
    ) -> Bitmap {
        var refused = Bitmap(repeating: false, count: rowCount)
        let batch = RowBatch(rowCount: rowCount, columns: decoded.map(\.column), byteCount: 0)
        // Escaped text may be the key of another row.
        let unfitKeys = Set(schema.identity.flatMap { decoded[$0].unfit })
        for column in unfit {
            for row in decoded[column].unfit where !refused[row] {
                refused.set(row)
                tally.refused += 1
                guard tally.refusals.count < ReadTally.refusalLimit else { continue }
                let schema = schema.columns[column]
                let cause = "a value does not fit \(schema.type), which \(schema.nativeType) became"
                let text = RowKey.text(row, of: batch, columns: self.schema.identity, schema: self.schema)
                let key = unfitKeys.contains(row) ? nil : RowKey(row, of: batch, columns: self.schema.identity)
                tally.refusals.append(RejectedValue(key: text, rowKey: key, column: schema.name, cause: cause))
            }
        }
        return refused
    }
}
