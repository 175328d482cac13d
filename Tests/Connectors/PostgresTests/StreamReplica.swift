import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Copies of tables that follow a stream, kept in memory, every value as text.
final class StreamReplica {
    /// One table's copy.
    struct Table {
        var schema: TableSchema
        var rows: [[String?]]

        /// Each row as one text, in an order of their own.
        var sorted: [String] { rows.map { $0.map { $0 ?? "NULL" }.joined(separator: " | ") }.sorted() }
    }

    let database: TestDatabase
    private(set) var tables: [TableID: Table] = [:]
    private(set) var batches: [ChangeBatch] = []
    private(set) var state: StreamCheckpoint
    private var moments: [TableID: Moment] = [:]
    /// The keys that changes have named, by table.
    private var touched: [TableID: Set<[String?]>] = [:]
    private let session: Session
    /// How often the catalog was asked.
    private(set) var questions = 0
    var unfit = UnfitPolicy.text
    var limits = BatchLimits()
    var newColumns = ColumnRule.every

    /// Copies `names`, of the schema `public`.
    init(_ database: TestDatabase, tables names: [String]) async throws {
        self.database = database
        session = try database.session()
        state = StreamCheckpoint(id: "test", checkpoint: Checkpoint("0/0"))
        for name in names {
            let source = database.source()
            let found = try await source.table(name)
            let snapshot = try await source.snapshot(readers: 1)
            let rows = try await snapshot.rows(of: found, as: found.schema, unfit: .text)
            let read = ReadTable(schema: found.schema, readers: try await rows.pullAll(), tally: rows.tally, notes: [])
            tables[found.schema.id] = Table(schema: found.schema, rows: read.texts)
            moments[found.schema.id] = snapshot.moment
            await snapshot.close()
            await source.close()
        }
    }

    var recopies: [String: String] {
        Dictionary(
            (batches.last?.recopies ?? [:]).map { (tables[$0]?.schema.name.table ?? "\($0)", $1) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    func table(_ name: String) throws -> Table {
        try #require(tables.values.first { $0.schema.name.table == name })
    }

    /// Follows the stream to its end, from where it was.
    func follow(_ capture: StreamCapture, _ options: [String: String] = [:]) throws {
        let wanted: [StreamRequest.Table] = tables.compactMap { id, table in
            moments[id].map { StreamRequest.Table(schema: table.schema, moment: $0, newColumns: newColumns) }
        }
        let request = StreamRequest(sync: "s", tables: wanted, start: state, end: nil, unfit: unfit)
        let catalog = RelationCatalog(version: session.capabilities.version) { [self] in
            questions += 1
            return try session.query($0, $1)
        }
        let start = try #require(LSN(state.checkpoint.description))
        let assembler = ChangeAssembler(request, from: start, catalog: catalog, limits: limits)
        var reader = ChangeReader(capture.decoding, into: assembler)
        for message in try capture.messages(options) {
            try message.bytes.withUnsafeBytes { try reader.read($0, at: message.start) }
            if reader.assembler.isFull { apply(try reader.take()) }
        }
        if reader.assembler.hasNews { apply(try reader.take()) }
    }

    /// Follows what triggers note, up to now, from where `start` is.
    ///
    /// - Returns: Where it is then.
    func follow(_ log: any ChangeLog, of sync: String, from start: StreamCheckpoint) async throws -> StreamCheckpoint {
        let wanted: [StreamRequest.Table] = tables.compactMap { id, table in
            moments[id].map { StreamRequest.Table(schema: table.schema, moment: $0, newColumns: newColumns) }
        }
        let end = try await log.end()
        let request = StreamRequest(sync: sync, tables: wanted, start: start, end: end, unfit: unfit)
        let stream = try await log.stream(request)
        var reached = start
        while let batch = try await stream.next(isWanted: { true }) {
            let before = state
            apply(batch)
            state = before
            guard let state = batch.state else { continue }
            reached = state
            stream.confirm(state.checkpoint)
        }
        await stream.close()
        return reached
    }

    /// What became of each row whose key was named since the last call, and of tables that were emptied.
    func takeEffects() -> [String] {
        defer { touched = [:] }
        return touched.flatMap { id, keys -> [String] in
            guard let table = tables[id] else { return [] }
            return keys.map { key in
                let row = table.rows.first { row in table.schema.identity.map { row[$0] } == key }
                return "\(table.schema.name) \(key): \(row.map { "\($0)" } ?? "gone")"
            }
        }.sorted()
    }

    /// Holds what changes in `name` from where the stream was to its end, and joins there. What is shown already comes
    /// too.
    ///
    /// - Returns: What is said of it last.
    func followHolding(_ name: String, _ capture: StreamCapture, keepsDeletions: Bool = false) throws -> BufferingEvent?
    {
        let table = try table(name)
        let id = table.schema.id
        let request = StreamRequest(sync: "s", tables: [], start: state, end: nil, unfit: unfit)
        let catalog = RelationCatalog(version: session.capabilities.version) { [session] in
            try session.query($0, $1)
        }
        let start = try #require(LSN(state.checkpoint.description))
        let assembler = ChangeAssembler(request, from: start, catalog: catalog, limits: limits)
        var reader = ChangeReader(capture.decoding, into: assembler)
        let held = BufferedTable(
            schema: table.schema,
            leftOut: [],
            keepsDeletions: keepsDeletions,
            newColumns: newColumns
        )
        reader.follow(.hold(held))
        var said = try reader.take().holdings[id]
        for message in try capture.messages() {
            try message.bytes.withUnsafeBytes { try reader.read($0, at: message.start) }
        }
        let copied = StreamRequest.Table(
            schema: table.schema,
            moment: try #require(moments[id]),
            keepsDeletions: keepsDeletions,
            newColumns: newColumns
        )
        reader.follow(.join(copied, after: reader.assembler.progress.reached))
        let batch = try reader.take()
        said = batch.holdings[id] ?? said
        #expect(batch.recopies.isEmpty, "nothing of this ends the stream")
        if said == .joined { apply(batch) } else { #expect(batch.stretches.isEmpty) }
        return said
    }

    private func apply(_ batch: ChangeBatch) {
        batches.append(batch)
        for stretch in batch.stretches {
            guard var table = tables[stretch.schema.id] else { continue }
            let before = Set(stretch.changes.isEmptied ? table.keys : [])
            table.follow(stretch)
            tables[stretch.schema.id] = table
            touched[stretch.schema.id, default: []].formUnion(before.union(Self.keys(of: stretch)))
        }
        if let state = batch.state { self.state = state }
    }

    private static func keys(of stretch: ChangeBatch.TableChanges) -> Set<[String?]> {
        let (schema, changes) = (stretch.schema, stretch.changes)
        let key = schema.identity.map { schema.columns[$0] }
        var keys = Set((changes.removed + changes.patched.map(\.keys)).flatMap { Table.texts($0, key) })
        for rows in changes.written + changes.patched.map(\.rows) {
            var part = rows
            part.columns = schema.identity.map { rows.columns[$0] }
            keys.formUnion(Table.texts(part, key))
        }
        return keys
    }

    /// Expects each table to be what it is at the source by now.
    func expectEqual(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for table in tables.values.sorted(by: { $0.schema.name < $1.schema.name }) {
            let name = table.schema.name
            let read = try await database.read(
                name.table,
                schema: name.schema,
                as: { schema in
                    let ids = Set(table.schema.columns.map(\.id))
                    schema.columns.removeAll { !ids.contains($0.id) }
                    schema.identity = []
                }
            )
            let columns = table.schema.columns.map(\.name)
            #expect(read.schema.columns.map(\.name) == columns, comment, sourceLocation: sourceLocation)
            let there = Table(schema: read.schema, rows: read.texts).sorted
            let here = table.sorted
            guard there != here else { continue }
            let text = "\(name) has \(here.filter { !there.contains($0) }), not \(there.filter { !here.contains($0) })"
            Issue.record("\(comment?.rawValue ?? "") \(text.prefix(2000))", sourceLocation: sourceLocation)
        }
    }
}

extension StreamReplica.Table {
    fileprivate var keys: [[String?]] { rows.map { row in schema.identity.map { row[$0] } } }

    /// Does what a destination does.
    fileprivate mutating func follow(_ stretch: ChangeBatch.TableChanges) {
        evolve(to: stretch)
        let changes = stretch.changes
        if changes.isEmptied { rows = [] }
        var patched: [[String?]] = []
        var gone: Set<[String?]> = []
        for patch in changes.patched {
            let keys = Self.texts(patch.keys, schema.identity.map { schema.columns[$0] })
            for (row, key) in zip(0..<patch.rows.rowCount, keys) {
                guard let old = rows.first(where: { old in schema.identity.map { old[$0] } == key }) else {
                    Issue.record("no row of \(schema.name) to patch under \(key)")
                    continue
                }
                gone.insert(key)
                patched.append(
                    schema.columns.enumerated().map { at, column in
                        let values = patch.rows.columns[at]
                        return values.absent?[row] == true ? old[at] : values.text(row, as: column.type)
                    }
                )
            }
        }
        if schema.identity.isEmpty {
            for row in changes.removed.flatMap({ Self.texts($0, schema.columns) }) {
                if let at = rows.firstIndex(of: row) { rows.remove(at: at) }
            }
        } else {
            let key = schema.identity.map { schema.columns[$0] }
            for batch in changes.removed { gone.formUnion(Self.texts(batch, key)) }
            rows.removeAll { row in gone.contains(schema.identity.map { row[$0] }) }
        }
        rows += changes.written.flatMap { Self.texts($0, schema.columns) } + patched
    }

    private mutating func evolve(to stretch: ChangeBatch.TableChanges) {
        let places = Dictionary(schema.columns.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
        rows = rows.map { row in
            stretch.schema.columns.map { column in
                places[column.id].map { row[$0] } ?? stretch.missing[column.id]?.text(as: column.type)
            }
        }
        schema = stretch.schema
    }

    static func texts(_ batch: RowBatch, _ columns: [ColumnSchema]) -> [[String?]] {
        (0..<batch.rowCount).map { row in
            zip(batch.columns, columns).map { $0.text(row, as: $1.type) }
        }
    }
}
