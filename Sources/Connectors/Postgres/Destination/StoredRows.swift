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

    /// - Parameter filter: A condition that rows must meet, if there is one.
    init(
        _ copy: StoredCopy,
        as schema: TableSchema,
        in snapshot: ExportedSnapshot,
        where filter: String?
    ) async throws {
        self.schema = schema
        self.snapshot = snapshot
        rows = snapshot.rows(of: copy.table, as: copy.schema, unfit: .text, where: filter)
    }
}

/// A copy as the database's own catalog has it.
struct StoredCopy: Sendable {
    let table: CatalogTable
    /// What is to be read of it, with the numbers that table and columns have here.
    let schema: TableSchema

    private init(
        _ name: TableName,
        as schema: TableSchema,
        _ table: CatalogTable?,
        at endpoint: Endpoint
    ) throws(PostgresError) {
        func refuse(_ problem: DestinationProblem) -> PostgresError { .destination(endpoint, problem) }
        guard let table else { throw refuse(.noTable(name)) }
        var wanted = schema
        wanted.name = name
        wanted.id = table.schema.id
        for (index, column) in schema.columns.enumerated() {
            guard let now = table.schema.columns.first(where: { $0.name == column.name }) else {
                throw refuse(.noColumn(name, column: column.name))
            }
            wanted.columns[index].id = now.id
        }
        self.table = table
        self.schema = wanted
    }

    /// Looks into the catalog once, which takes as long for one table as for many.
    ///
    /// - Returns: One for each of `copies`, or what is wrong with it.
    static func find(
        _ copies: [(name: TableName, schema: TableSchema)],
        in session: Session
    ) throws -> [Result<StoredCopy, PostgresError>] {
        let relations = try Relations(copies.map(\.name), in: session)
        let oids = copies.compactMap { relations[$0.name]?.oid }
        let tables = try CatalogReader(session).tables(only: oids).map(\.catalogTable)
        let byOID = Dictionary(tables.map { ($0.schema.oid, $0) }) { first, _ in first }
        return copies.map { name, schema in
            let table = relations[name].flatMap { byOID[$0.oid] }
            return Result { () throws(PostgresError) in try StoredCopy(name, as: schema, table, at: session.endpoint) }
        }
    }
}
