import FoundationEssentials
public import TandemRows

/// A copy of a table that is loaded section by section, as far as it has come.
public struct SectionedLoad: Hashable, Sendable {
    public var sync: String
    public var target: TableName
    /// Where the sync's stream stood before the copy was begun.
    public var since: StreamCheckpoint
    /// When the first section was read. Changes after it complete the copy, whenever the others were.
    public var moment: Moment
    /// The columns that are copied, under the source's names and with the types that were planned.
    public var planned: TableSchema
    /// The same as they are loaded: under the destination's names, and as text where values do not fit.
    public var schema: TableSchema
    public var unfit: UnfitPolicy
    /// What the values of the first section depended on (``SyncedTable/definition``).
    public var definition: TableDefinition?
    /// All of the table, in the order in which they are loaded.
    public var sections: [TableSection]
    /// How many of them are there.
    public private(set) var loaded = 0
    /// Rows written, and what became of those that were read.
    public private(set) var rows = 0
    public private(set) var tally = ReadTally()
    /// Whether sections are of different moments (``SyncedTable/spansSnapshots``).
    public var spansSnapshots = false

    public init(
        sync: String,
        target: TableName,
        since: StreamCheckpoint,
        moment: Moment,
        planned: TableSchema,
        schema: TableSchema,
        unfit: UnfitPolicy,
        definition: TableDefinition? = nil,
        sections: [TableSection]
    ) {
        self.sync = sync
        self.target = target
        self.since = since
        self.moment = moment
        self.planned = planned
        self.schema = schema
        self.unfit = unfit
        self.definition = definition
        self.sections = sections
    }

    /// The same with one section more.
    ///
    /// - Parameters:
    ///   - tally: What became of the section's rows.
    ///   - rows: How many were written.
    public func adding(_ tally: ReadTally, rows: Int) -> SectionedLoad {
        var more = self
        more.loaded += 1
        more.rows += rows
        more.tally.add(tally)
        return more
    }

    /// Bytes of the sections that are there.
    public var loadedBytes: Int { sections.prefix(loaded).reduce(0) { $0 + $1.bytes } }
    public var bytes: Int { sections.reduce(0) { $0 + $1.bytes } }
}

extension SectionedLoad {
    private struct Stored: Codable {
        var sync: String
        var target: TableName
        var source: TableName
        var id: TableID
        var method: Method
        var stream: String
        var checkpoint: Checkpoint
        var moment: Moment
        var planned: StoredSchema
        var schema: StoredSchema
        var unfit: UnfitPolicy
        var definition: String?
        var sections: [TableSection]
        var loaded: Int
        var rows: Int
        var tally: ReadTally
        var isPatchwork: Bool
    }

    /// As a destination stores it.
    package var text: String {
        get throws {
            let stored = Stored(
                sync: sync,
                target: target,
                source: planned.name,
                id: planned.id,
                method: since.method,
                stream: since.id,
                checkpoint: since.checkpoint,
                moment: moment,
                planned: StoredSchema(planned),
                schema: StoredSchema(schema),
                unfit: unfit,
                definition: definition?.text,
                sections: sections,
                loaded: loaded,
                rows: rows,
                tally: tally,
                isPatchwork: spansSnapshots
            )
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(stored), as: UTF8.self)
        }
    }

    /// - Returns: `nil` for what this version does not know: such a load is begun anew.
    package init?(text: String) {
        guard let stored = try? JSONDecoder().decode(Stored.self, from: Data(text.utf8)),
            stored.loaded <= stored.sections.count,
            let planned = try? stored.planned.schema(name: stored.source, id: stored.id),
            let schema = try? stored.schema.schema(name: stored.source, id: stored.id)
        else { return nil }
        self.init(
            sync: stored.sync,
            target: stored.target,
            since: StreamCheckpoint(method: stored.method, id: stored.stream, checkpoint: stored.checkpoint),
            moment: stored.moment,
            planned: planned,
            schema: schema,
            unfit: stored.unfit,
            definition: stored.definition.map(TableDefinition.init(text:)),
            sections: stored.sections
        )
        (loaded, rows, tally) = (stored.loaded, stored.rows, stored.tally)
        spansSnapshots = stored.isPatchwork
    }

    /// Whether the stream of its sync, of which `state` is known, still has every change since it was begun.
    package func isCurrent(at state: StreamCheckpoint?) -> Bool {
        state.map { ($0.method, $0.id, $0.checkpoint) == (since.method, since.id, since.checkpoint) } ?? false
    }
}
