import TandemCore
import TandemRows

/// What is new in one snapshot, and how far it has been read.
final class TriggerRound {
    /// The place that is reached once all has been read.
    let reached: TriggerCheckpoint
    /// By the source's clock: seconds since 1970.
    let time: Double
    private var waiting: ArraySlice<TriggerLogs.News>
    private(set) var isCopying = false
    /// The table that was read last.
    private(set) var table: UInt32?

    private var line = CopyTextRow()
    /// Where the columns of the key stand among those of the relation.
    private var key: [Int] = []
    private var columnCount = 0
    private var keyCells: [TupleBuffer.Cell] = []

    init(reached: TriggerCheckpoint, time: Double, news: [TriggerLogs.News]) {
        self.reached = reached
        self.time = time
        waiting = news[...]
    }

    /// The next table that is to be read.
    func next() -> TriggerLogs.News? { waiting.popFirst() }

    /// Says what the table is now, and starts to read its rows.
    func start(_ news: TriggerLogs.News, logs: TriggerLogs, into assembler: inout ChangeAssembler) throws {
        table = news.table
        guard let found = try assembler.router.owners.catalog.relation(news.table),
            let log = try logs.log(of: news.table)
        else {
            // The catalog has told, or will, that the table is gone.
            return
        }
        let relation = StreamRelation(news.table, found, keyed: log.key)
        assembler.relation(relation)
        // What it is to the copy is found out before its rows come, because that takes the same connection.
        guard try assembler.map(of: news.table) != nil else { return }
        if news.isEmptied { try assembler.truncate([news.table]) }
        guard news.hasRows else { return }
        key = log.key.compactMap { number in relation.columns.firstIndex { $0.number == number } }
        guard key.count == log.key.count else {
            return assembler.giveUp(table: news.table, "a column of its key is gone")
        }
        columnCount = relation.columns.count
        keyCells = Array(repeating: .absent, count: columnCount)
        try logs.beginRows(of: relation, log, news)
        isCopying = true
    }

    /// Takes one row.
    ///
    /// - Returns: Whether there was one.
    func take(from session: Session, into assembler: inout ChangeAssembler) throws -> Bool {
        guard let table else { return false }
        let isMore = try session.receiveLine { bytes in
            do throws(MalformedTextRow) { try line.take(bytes) } catch {
                session.close()
                throw PostgresError.malformed(session.endpoint, what: "a row of a COPY")
            }
            guard line.cells.count == key.count + columnCount else {
                session.close()
                throw PostgresError.malformed(session.endpoint, what: "a row of a COPY with too few columns")
            }
        }
        guard isMore else {
            isCopying = false
            return false
        }
        let noted = line.cells[..<key.count]
        let row = line.cells[key.count...]
        let isThere = row[row.startIndex + key[0]] != .null
        try line.bytes.withUnsafeBytes { bytes in
            // What was noted goes; a row that equals it by its type's own word, but is written otherwise, is another
            // one at the destination.
            if !isThere || !isSame(noted, row, bytes) {
                for (place, cell) in zip(key, noted) { keyCells[place] = cell }
                try keyCells.withUnsafeBufferPointer { cells in
                    try assembler.delete(.key(TupleImage(bytes: bytes, cells: cells)), from: table)
                }
            }
            guard isThere else { return }
            try row.withUnsafeBufferPointer { cells in
                try assembler.insert(TupleImage(bytes: bytes, cells: cells), into: table)
            }
        }
        return true
    }

    private func isSame(
        _ noted: ArraySlice<TupleBuffer.Cell>,
        _ row: ArraySlice<TupleBuffer.Cell>,
        _ bytes: UnsafeRawBufferPointer
    ) -> Bool {
        zip(key, noted).allSatisfy { place, cell in
            let other = row[row.startIndex + place]
            guard cell.length == other.length, cell.length >= 0 else { return false }
            let (first, second) = (Int(cell.start), Int(other.start))
            return bytes[first..<first + Int(cell.length)].elementsEqual(bytes[second..<second + Int(cell.length)])
        }
    }
}

extension StreamRelation {
    /// A table as the catalog has it, whose rows are known by the columns `key`.
    init(_ number: UInt32, _ found: CatalogRelation, keyed key: [Int]) {
        self.init(
            number: number,
            table: number,
            schema: found.name.schema,
            name: found.name.table,
            identity: .index,
            columns: found.columns.filter { !$0.isDropped && $0.maySelect }.map { column in
                Column(
                    name: column.name,
                    number: column.number,
                    type: column.type,
                    modifier: column.modifier,
                    isKey: key.contains(column.number)
                )
            }
        )
    }
}
