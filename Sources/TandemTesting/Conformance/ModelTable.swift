import TandemCore
import TandemRows

/// A table as it should be: changes are applied to it row by row, in the plainest way there is.
struct ModelTable {
    typealias Row = [String?]

    /// What the destination is to know of it.
    var copy: SyncedTable
    private(set) var rows: [Row]
    /// Rows that are marked, each with the time behind it.
    private(set) var marked: [Row] = []

    init(_ copy: SyncedTable, _ batches: [RowBatch]) {
        self.copy = copy
        rows = batches.flatMap { Self.rows(in: $0, of: copy.schema.columns) }
    }

    /// The cells of a batch as text.
    static func rows(in batch: RowBatch, of columns: [ColumnSchema]) -> [Row] {
        (0..<batch.rowCount).map { row in
            columns.indices.map { batch.columns[$0].text(row, as: columns[$0].type) }
        }
    }

    mutating func apply(_ target: TargetChanges) {
        for step in target.evolution { evolve(step) }
        copy = target.after
        let changes = target.changes
        let (columns, identity) = (copy.schema.columns, copy.schema.identity)
        if changes.isEmptied { empty(at: changes.emptiedAt) }
        let patched = changes.patched.flatMap(fill)
        for deleted in changes.deleted { mark(deleted) }
        if identity.isEmpty {
            for row in changes.removed.flatMap({ Self.rows(in: $0, of: columns) }) {
                if let index = rows.firstIndex(of: row) { rows.remove(at: index) }
            }
        } else {
            let keys = changes.removed.flatMap { Self.rows(in: $0, of: identity.map { columns[$0] }) }
            marked = marked.filter { !keys.contains(key(of: $0)) }
            let replaced = changes.patched.map(\.keys).flatMap { Self.rows(in: $0, of: identity.map { columns[$0] }) }
            let gone = Set(keys + replaced)
            rows = rows.filter { !gone.contains(key(of: $0)) }
        }
        rows += changes.written.flatMap { Self.rows(in: $0, of: columns) } + patched
    }

    private mutating func empty(at time: Double?) {
        defer { rows = [] }
        guard copy.metadataColumns.contains(.deletedAt) else { return }
        marked += rows.map { $0 + [Self.text(time)] }
    }

    private mutating func mark(_ deleted: DeletedRows) {
        let columns = copy.schema.columns
        let key = copy.schema.identity.isEmpty ? columns : copy.schema.identity.map { columns[$0] }
        for row in Self.rows(in: deleted.rows, of: key + [Self.mark]) {
            let place = rows.firstIndex { other in
                (copy.schema.identity.isEmpty ? other : self.key(of: other)) == Array(row.dropLast())
            }
            if let place { marked.append(rows.remove(at: place) + [row.last ?? nil]) }
        }
    }

    /// What becomes of the rows of an earlier copy that this one takes the place of.
    mutating func keepMarks(of old: ModelTable) {
        let present = Set(rows.map(key))
        let isKeyed = !copy.schema.identity.isEmpty
        marked = old.marked.filter { !isKeyed || !present.contains(key(of: $0)) }
        guard isKeyed else { return }
        marked += old.rows.filter { !present.contains(key(of: $0)) }.map { $0 + [Self.text(copy.moment.time)] }
    }

    static let mark = ColumnSchema(
        name: MetadataColumns.deletedAtName,
        type: .timestampTZ,
        nativeType: "timestamp with time zone"
    )

    private static func text(_ time: Double?) -> String? {
        let column = DeletedRows(RowBatch(rowCount: 1, columns: [], byteCount: 0), times: [time]).rows.columns[0]
        return column.text(0, as: .timestampTZ)
    }

    private func key(of row: Row) -> Row { copy.schema.identity.map { row[$0] } }

    private func fill(_ patched: PartialUpdates) -> [Row] {
        let columns = copy.schema.columns
        let keys = Self.rows(in: patched.keys, of: copy.schema.identity.map { columns[$0] })
        let old = Dictionary(rows.map { (key(of: $0), $0) }) { first, _ in first }
        return keys.enumerated().map { row, replaced in
            columns.indices.map { index in
                let column = patched.rows.columns[index]
                let isAbsent = column.absent.map { $0[row] } ?? false
                return isAbsent ? old[replaced]?[index] : column.text(row, as: columns[index].type)
            }
        }
    }

    private mutating func evolve(_ step: TargetChanges.Evolution) {
        var columns = copy.schema.columns
        switch step {
        case .addColumn(let column, let value):
            columns.append(column)
            let text = value.text(as: column.type)
            for index in rows.indices { rows[index].append(text) }
            for index in marked.indices { marked[index].insert(text, at: columns.count - 1) }
        case .renameColumn(let old, let new):
            if let index = columns.firstIndex(where: { $0.name == old }) { columns[index].name = new }
        case .keepColumn(let name):
            guard let index = columns.firstIndex(where: { $0.name == name }) else { return }
            columns.remove(at: index)
            for row in rows.indices { rows[row].remove(at: index) }
            for row in marked.indices { marked[row].remove(at: index) }
        case .renameTable(let name): copy.target = name
        case .setMetadataColumns(let columns): if !columns.contains(.deletedAt) { marked = [] }
        }
        copy.schema.columns = columns
    }
}

extension ModelTable {
    /// Compares it with what a destination has, whatever order that comes in.
    func expectEqual(
        _ promise: String,
        in destination: any Destination,
        of sync: String,
        _ circumstances: String = ""
    )
        async throws
    {
        let known = try await destination.tables(of: sync).first { $0.target == copy.target }
        guard let known else { throw ConformanceFailure(promise: promise, found: "no \(copy.target)\(circumstances)") }
        try expect(promise, known.schema == copy.schema, found: "\(known.schema) for \(copy.schema)\(circumstances)")
        let batches = try await destination.rows(of: known, as: known.schema).pullAll().flatMap { $0 }
        let found = Self.sorted(batches.flatMap { Self.rows(in: $0, of: known.schema.columns) })
        let wanted = Self.sorted(rows)
        try expect(
            promise,
            found.count == wanted.count,
            found: "\(found.count) rows of \(wanted.count)\(circumstances)"
        )
        guard let different = wanted.indices.first(where: { found[$0] != wanted[$0] }) else { return }
        let pairs = zip(found[different], wanted[different]).enumerated().filter { $1.0 != $1.1 }.map { index, pair in
            "\(known.schema.columns[index].name): \(pair.0 ?? "null") for \(pair.1 ?? "null")".prefix(300)
        }
        throw ConformanceFailure(promise: promise, found: "\(pairs.joined(separator: ", "))\(circumstances)")
    }

    /// Compares the rows that are marked as well, and their times.
    func expectMarks(_ promise: String, in destination: any Destination, of sync: String) async throws {
        try await expectEqual(promise, in: destination, of: sync)
        guard var known = try await destination.tables(of: sync).first(where: { $0.target == copy.target }) else {
            return
        }
        try expectEqualValues(promise, known.metadataColumns, copy.metadataColumns)
        known.metadataColumns = []
        var schema = known.schema
        schema.columns.append(Self.mark)
        let batches = try await destination.rows(of: known, as: schema).pullAll().flatMap { $0 }
        let all = batches.flatMap { Self.rows(in: $0, of: schema.columns) }
        let found = Self.sorted(all.filter { $0.last != .some(nil) })
        let wanted = Self.sorted(marked)
        try expect(promise, found == wanted, found: "\(found.prefix(5)) marked for \(wanted.prefix(5))")
    }

    private func expectEqualValues(_ promise: String, _ found: MetadataColumns, _ wanted: MetadataColumns) throws {
        try expect(promise, found == wanted, found: "\(found.names) for \(wanted.names)")
    }

    private static func sorted(_ rows: [Row]) -> [Row] {
        rows.map { ($0.map { $0 ?? "\u{1}null" }.joined(separator: "\u{2}"), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
