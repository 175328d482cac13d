import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// A database with tables of an application, as one side of a two-way sync.
struct RecordStage {
    static let versions: [PostgresServer.Version] = [.v15, .v18]

    let database: TestDatabase
    let store: PostgresRecordStore

    init(_ version: PostgresServer.Version, _ sql: String, isPrepared: Bool = false) async throws {
        try await self.init(TestDatabase(version), sql, isPrepared: isPrepared)
    }

    init(_ database: TestDatabase, _ sql: String, isPrepared: Bool = false) async throws {
        self.database = database
        try database.execute(sql)
        store = try await PostgresRecordStore.open(database.config, in: .test)
        if isPrepared { try await store.prepare() }
    }

    func type(_ table: String, schema: String = "public") async throws -> RecordType {
        let name = TableName(schema: schema, table: table)
        return try #require(await store.describe().first { $0.name == name })
    }

    /// - Parameter fields: All that are no key's where none are named.
    func shape(
        _ table: String,
        schema: String = "public",
        fields: [String]? = nil,
        scope: String? = nil
    ) async throws -> RecordShape {
        let type = try await type(table, schema: schema)
        let key = type.key.map { type.fields[$0].column }
        let columns = type.fields.map(\.column)
        return RecordShape(
            table: type.name,
            id: type.id,
            key: key,
            fields: try fields?.map { name in try #require(columns.first { $0.name == name }) }
                ?? columns.filter { !key.contains($0) },
            scope: scope
        )
    }

    func read(_ keys: Int128..., of shape: RecordShape) async throws -> [Record] {
        try await store.read(keys.compactMap { RowKey([.number($0)]) }, of: shape)
            .sorted { "\($0.key.texts)" < "\($1.key.texts)" }
    }
}

extension RecordStore {
    /// What became of one write.
    func write(_ change: RecordWrite.Change, of shape: RecordShape) async throws -> WriteOutcome? {
        try await write([RecordWrite(id: 7, shape: shape, change: change)])[7]
    }
}

extension WriteOutcome {
    var record: Record? { if case .stored(let record) = self { record } else { nil } }
    var rejection: WriteRejection? { if case .rejected(let rejection) = self { rejection } else { nil } }
}

extension RecordWrite.Change {
    static func create(_ fields: [Int: Value]) -> Self { .create(OperationID("test"), fields: fields) }
}
