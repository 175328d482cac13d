import CDuckDB
import TandemCore
import TandemRows

/// One of DuckDB's threads while it pulls rows.
final class RowPuller {
    private let reader: any RowReader
    private let types: [ColumnType]
    private let writers: [VectorWriter]
    private let feed: RowFeed
    /// What the vectors filled last point into: kept until DuckDB comes back for more.
    private var batch: RowBatch?

    init(_ reader: any RowReader, of schema: TableSchema, into feed: RowFeed) {
        self.reader = reader
        self.feed = feed
        types = schema.columns.map(\.type)
        writers = schema.columns.map { VectorWriter(name: $0.name) }
    }

    /// Fills `chunk` with the next rows, with none after the last. `false` if that failed; ``RowFeed`` then knows why.
    func fill(_ chunk: duckdb_data_chunk?) -> Bool {
        do {
            batch = nil
            batch = try reader.next()
            guard let batch else {
                duckdb_data_chunk_set_size(chunk, 0)
                return true
            }
            try write(batch, to: chunk)
            duckdb_data_chunk_set_size(chunk, idx_t(batch.rowCount))
            feed.count(batch.rowCount)
            return true
        } catch {
            feed.fail(error)
            return false
        }
    }

    private func write(_ batch: RowBatch, to chunk: duckdb_data_chunk?) throws {
        guard batch.rowCount <= RowBatch.rowLimit, batch.columns.count == types.count else {
            throw DuckDBError.malformedBatch(
                column: "*",
                reason: "\(batch.rowCount) rows of \(batch.columns.count) columns came at once"
            )
        }
        for index in types.indices {
            let vector = duckdb_data_chunk_get_vector(chunk, idx_t(index))
            try writers[index].write(batch.columns[index], as: types[index], rows: batch.rowCount, to: vector)
        }
        guard types.isEmpty else { return }
        let nothing = Bitmap(repeating: false, count: batch.rowCount)
        let column = Column(storage: .bool(Array(repeating: false, count: batch.rowCount)), validity: nothing)
        let vector = duckdb_data_chunk_get_vector(chunk, 0)
        try VectorWriter(name: SQL.noColumns).write(column, as: .bool, rows: batch.rowCount, to: vector)
    }
}
