import TandemCore
import TandemRows

/// A table whose changes are gathered.
struct FollowedTable {
    let newColumns: ColumnRule
    /// Columns that are to come by the end of the stream, by number.
    let expected: [Int: String]
    /// Columns that were there and are not copied, by number.
    private(set) var leftOut: Set<Int>
    /// Whether its destination marks rows that are deleted.
    let keepsDeletions: Bool
    /// Partitions that rows were changed in, by number.
    var parts: Set<UInt32> = []
    /// `nil` where nothing that comes is shown by the copy, or where that does not matter.
    private var moment: TableMoment?
    /// Whether it is being copied, and what has changed waits until it is.
    var isHeld = false
    /// As it is now, by the stream.
    var schema: TableSchema
    /// What rows have in columns that came since the last stretch, by number.
    var missing: [Int: Value] = [:]
    /// Columns that came since then, with the transaction that the first row came in which had them, by number.
    var arrivals: [Int: UInt64] = [:]
    var buffer: ChangeBuffer
    /// `nil` until its relation has been made out: then there are no rows yet.
    var decoder: TableChangesDecoder?
    var tally = ReadTally()
    /// Why it is followed no further.
    var reason: String?
    /// Whether changes are gathered that have not been given out.
    var isTouched = false

    /// `nil` where it was not copied from a snapshot of Postgres.
    init?(_ request: StreamRequest.Table) {
        moment = TableMoment(request.moment)
        guard moment != nil else { return nil }
        newColumns = request.newColumns
        expected = request.expected.byNumber
        leftOut = Set(request.leftOut.map(\.number))
        schema = request.schema
        keepsDeletions = request.keepsDeletions
        buffer = Self.buffer(for: schema, keepsDeletions: keepsDeletions)
    }

    /// One that is about to be copied.
    ///
    /// - Parameter byteLimit: Of what is held of it.
    init(_ held: BufferedTable, byteLimit: Int) {
        isHeld = true
        newColumns = held.newColumns
        expected = [:]
        leftOut = Set(held.leftOut.map(\.number))
        schema = held.schema
        keepsDeletions = held.keepsDeletions
        buffer = ChangeBuffer(
            columnCount: schema.columns.count,
            identity: schema.identity,
            keepsDeletions: keepsDeletions,
            byteLimit: byteLimit
        )
    }

    /// Goes on with what was held, once it is copied.
    mutating func leaveOut(_ columns: Set<Int>) { leftOut.formUnion(columns) }

    /// Whether the copy shows the transaction.
    @inline(__always)
    mutating func shows(_ transaction: OpenTransaction) -> Bool {
        moment?.shows(transaction.start, number: transaction.number) ?? false
    }

    /// Whether it has been given its name since it was copied; it may have had the same before.
    func isRenamed(_ naming: RelationCatalog.Naming) -> Bool {
        moment.map { !$0.isAfter(naming.giver) } ?? false
    }

    /// Whether a change of a table that has some columns may pass for one of this; it may name but a key.
    func isLike(_ others: Set<String>) -> Bool {
        let own = Set(schema.columns.map(\.name))
        return own.isSubset(of: others) || others.isSubset(of: own)
    }

    private static func buffer(for schema: TableSchema, keepsDeletions: Bool) -> ChangeBuffer {
        ChangeBuffer(
            columnCount: schema.columns.count,
            identity: schema.identity,
            keepsDeletions: keepsDeletions
        )
    }

    /// Takes what has been gathered. `nil` where that is nothing.
    ///
    /// - Throws: ``NeedsCopy``.
    mutating func takeStretch() throws(NeedsCopy) -> ChangeBatch.TableChanges? {
        isTouched = false
        guard !buffer.isEmpty else { return nil }
        let net = buffer.takeNet()
        defer { (missing, arrivals) = ([:], [:]) }
        guard let decoder else {
            var changes = NetChanges()
            changes.isEmptied = net.isEmptied
            changes.emptiedAt = net.emptiedAt
            changes.changeCount = net.changeCount
            return stretch(changes)
        }
        do {
            var read = ReadTally()
            let changes = try decoder.decode(net, tally: &read)
            tally.add(read)
            return stretch(changes, read.refusals)
        } catch let error as UnfitValues {
            let names = error.columns.map { "\"\(schema.columns[$0].name)\"" }.joined(separator: ", ")
            throw NeedsCopy("a value does not fit the type of its column \(names)")
        } catch let error as BatchDecoder.Malformed {
            throw NeedsCopy("a value of its column \"\(error.column)\" is not of the type that was copied")
        } catch { throw NeedsCopy("its changes cannot be read: \(error)") }
    }

    private func stretch(_ changes: NetChanges, _ refusals: [RejectedValue] = []) -> ChangeBatch.TableChanges {
        ChangeBatch.TableChanges(
            schema: schema,
            missing: missing.byColumn,
            arrivals: arrivals.byColumn,
            leftOut: Set(leftOut.map { ColumnID($0) }),
            parts: Set(parts.map { TableID($0) }),
            changes: changes,
            refusals: refusals
        )
    }

    /// Takes the table as it is, without changes.
    mutating func takeShape() -> ChangeBatch.TableChanges {
        defer { (missing, arrivals) = ([:], [:]) }
        return stretch(NetChanges())
    }

    /// Goes on with other columns. What was gathered has been taken.
    mutating func change(to resolved: ResolvedRelation, decoder: TableChangesDecoder) {
        self.decoder = decoder
        missing.merge(resolved.missing) { $1 }
        arrivals.merge(resolved.arrivals) { first, _ in first }
        leftOut.formUnion(resolved.leftOut)
        guard resolved.schema != schema else { return }
        schema = resolved.schema
        buffer = Self.buffer(for: schema, keepsDeletions: keepsDeletions)
    }

    /// Takes the tally, if it tells of more than rows.
    mutating func takeTally() -> ReadTally? {
        defer { tally = ReadTally() }
        return tally.refused > 0 || !tally.clamped.isEmpty ? tally : nil
    }
}
