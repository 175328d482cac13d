import FoundationEssentials
package import TandemRows

/// What a destination with SQL remembers of a copy, as one JSON document: all but the copy's name and its number of
/// rows, which have columns of their own beside it. What says nothing is left out.
extension SyncedTable {
    /// People read it too: names as they are in other JSON of ours.
    private struct Document: Codable {
        struct Source: Codable {
            var schema: String
            var table: String
            /// `nil` where the source has no steadier id than the name.
            var id: TableID?
        }

        struct Snapshot: Codable {
            var checkpoint: String
            var origin: String
            var time: Double
            var position: String?
        }

        var source: Source
        var shape: StoredSchema
        var moment: Snapshot
        var stream: String?
        var left_out: [ColumnID]?
        var own_columns: [String]?
        var kept_columns: [String]?
        /// By their ids, with their marks.
        var parts: [String: String]?
        /// As ``TableDefinition/text``.
        var definition: String?
        var cursor: CursorState?
        var issues: [RowIssue]?
        var spans_snapshots: Bool?
    }

    package var document: String {
        get throws {
            let name = schema.name
            let parts = Dictionary(uniqueKeysWithValues: parts.map { ($0.key.description, $0.value) })
            let document = Document(
                source: Document.Source(
                    schema: name.schema,
                    table: name.table,
                    id: schema.id == TableID(named: name) ? nil : schema.id
                ),
                shape: StoredSchema(schema),
                moment: Document.Snapshot(
                    checkpoint: moment.checkpoint.description,
                    origin: moment.origin,
                    time: moment.time,
                    position: moment.position?.description
                ),
                stream: stream,
                left_out: leftOut.isEmpty ? nil : leftOut.sorted(),
                own_columns: metadataColumns.isEmpty ? nil : metadataColumns.names,
                kept_columns: keptColumns.isEmpty ? nil : keptColumns.sorted(),
                parts: parts.isEmpty ? nil : parts,
                definition: definition?.text,
                cursor: cursor,
                issues: issues.isEmpty ? nil : issues,
                spans_snapshots: spansSnapshots ? true : nil
            )
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(document), as: UTF8.self)
        }
    }

    /// - Throws: `DecodingError` for what this version does not know.
    package init(document text: String, target: TableName, rows: Int) throws {
        let document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
        let name = TableName(schema: document.source.schema, table: document.source.table)
        let id = document.source.id ?? TableID(named: name)
        let parts = (document.parts ?? [:]).map { (TableID($0.key), $0.value) }
        self.init(
            target: target,
            schema: try document.shape.schema(name: name, id: id),
            rows: rows,
            moment: Moment(
                checkpoint: Checkpoint(document.moment.checkpoint),
                origin: document.moment.origin,
                time: document.moment.time,
                position: document.moment.position.map { Checkpoint($0) }
            ),
            stream: document.stream,
            leftOut: Set(document.left_out ?? []),
            metadataColumns: MetadataColumns(names: document.own_columns ?? []),
            parts: Dictionary(parts) { first, _ in first },
            definition: document.definition.map(TableDefinition.init(text:)),
            cursor: document.cursor,
            issues: document.issues ?? [],
            spansSnapshots: document.spans_snapshots ?? false,
            keptColumns: Set(document.kept_columns ?? [])
        )
    }
}
