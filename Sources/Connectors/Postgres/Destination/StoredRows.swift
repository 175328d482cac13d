import TandemCore
import TandemRows

/// The rows of a copy, read as a source's are.
struct StoredRows: TableRows {
    /// As the copy is remembered: with the source's numbers.
    let schema: TableSchema
    private let rows: any TableRows
    /// Ends its transactions once nobody reads any more.
    private let snapshot: any Snapshot

    var readers: Int { rows.readers }
    var tally: ReadTally { rows.tally }
    func cancel() { rows.cancel() }
    func makeReader() throws -> any RowReader { try rows.makeReader() }

    /// - Parameter catalog: What the database says of the table.
    /// - Throws: ``PostgresError``.
    init(
        of name: TableName,
        as schema: TableSchema,
        in snapshot: any Snapshot,
        _ table: CatalogTable?,
        at endpoint: Endpoint
    ) async throws {
        guard let table else { throw PostgresError.destination(endpoint, .noTable(name)) }
        var wanted = schema
        wanted.name = name
        wanted.id = table.schema.id
        for (index, column) in schema.columns.enumerated() {
            guard let now = table.schema.columns.first(where: { $0.name == column.name }) else {
                throw PostgresError.destination(endpoint, .noColumn(name, column: column.name))
            }
            wanted.columns[index].id = now.id
        }
        self.schema = schema
        self.snapshot = snapshot
        rows = try await snapshot.rows(of: table, as: wanted, unfit: .text)
    }
}
