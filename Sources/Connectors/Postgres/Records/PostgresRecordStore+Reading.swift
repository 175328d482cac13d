package import TandemCore
package import TandemRows

extension PostgresRecordStore {
    package func read(_ keys: [RowKey], of shape: RecordShape) async throws -> [Record] {
        try await reading(shape) { try $0.read(keys) }
    }

    package func find(
        _ values: [[Value]],
        in fields: [Int],
        of shape: RecordShape
    ) async throws -> [Record] {
        guard !values.isEmpty, !fields.isEmpty else { return [] }
        return try await reading(shape) { reader in
            guard fields.allSatisfy(reader.table.fields.indices.contains) else {
                throw reader.changed("it has no such field")
            }
            return try reader.find(values, in: fields.map { reader.table.fields[$0] })
        }
    }

    package func scan(_ shape: RecordShape, after key: RowKey?, limit: Int) async throws -> [Record] {
        try await reading(shape) { try $0.scan(after: key, limit: limit) }
    }

    private func reading(
        _ shape: RecordShape,
        _ body: @Sendable (RecordReader) throws -> [Record]
    ) async throws -> [Record] {
        guard let table = try await look(up: [shape])[shape] else { return [] }
        return try await forgetting { session in
            try session.transaction { try body(RecordReader(session, table)) }
        }
    }

    /// Where the method was left open, by LOG_BASED if all of its tables can be followed by it, else by TRIGGER_BASED.
    package func feed(_ request: FeedRequest) async throws -> any HintFeed {
        if let method { return try await LogHintFeed.open(request, by: method, of: source) }
        let wanted = Set(request.shapes.map(\.id))
        let followed = try await source.catalog().tables.filter { wanted.contains($0.schema.id) }
        let areLogged = followed.allSatisfy { table in
            if case .usable = table.methods[.logBased] { true } else { false }
        }
        return try await LogHintFeed.open(request, by: areLogged ? .logBased : .triggerBased, of: source)
    }
}

extension PostgresRecordStore {
    package func describe() async throws -> [RecordType] {
        let catalog = try await source.catalog().tables
        return try await connections.run { session in
            try session.transaction(.snapshot) {
                do { return try RecordDescription(session: session).types(catalog) } catch is UnreadableCell {
                    throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
                }
            }
        }
    }
}
