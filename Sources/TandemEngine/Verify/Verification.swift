package import TandemCore
package import TandemRows

/// Compares what a sync has put into its destination with what the source holds now.
///
/// Every row becomes a number, and counts and sums are compared. Where both
/// sides can, they take them over their own rows (``TableSum``). Else, and
/// where those differ, both are read through the same types; where they differ
/// then, both are read once more to name the first keys.
package struct Verification {
    let context: RunContext
    package typealias IsChosen = @Sendable (_ column: ColumnSchema, _ table: CatalogTable, _ target: TableName) -> Bool
    let isChosen: IsChosen

    var destination: any Destination { context.destination }

    /// - Parameter isChosen: Whether the sync copies a column of a table of the source to a target.
    package init(_ context: RunContext, isChosen: @escaping IsChosen = { _, _, _ in true }) {
        self.context = context
        self.isChosen = isChosen
    }

    package enum Verdict: Sendable {
        case equal
        case different(RowDifferences)
        /// Why the two could not be compared, one sentence.
        case incomparable(String)
        /// It is selected, and yet not brought up to date any more: why, a sentence or two.
        case stale(String, Remedy?)
        /// Nothing is wrong with it: why the sync brings it up to date no more, one sentence or two.
        case kept(String)
    }

    /// Where the rows' numbers were taken.
    package enum Computation: String, Sendable {
        /// By each database over its own rows.
        case pushedDown = "pushed down"
        /// Here, over the rows that both sent.
        case streamed
    }

    package struct TableResult: Sendable {
        package var copy: SyncedTable
        package var verdict: Verdict
        /// `nil` where there was nothing to compute.
        package var computation: Computation?
        package var sourceRows: Int?
        package var destinationRows: Int?
        /// The sum of all rows' numbers on each side.
        package var sourceChecksum: UInt64?
        package var destinationChecksum: UInt64?
        /// Columns that only one side has, of which nothing was compared.
        package var leftOut: [UncomparedColumn] = []
        /// Whether anything has been written at the source since the copy, so that a difference may be new and not
        /// wrong.
        package var sourceHasMoved: Bool
        /// Whether rows that only the destination has may have been deleted at the source, where nobody saw it.
        package var missesDeletes = false
    }

    /// - Parameters:
    ///   - snapshot: The moment of the source to compare with; as it is now where `nil`. Closed in the end.
    ///   - isWanted: Which of the sync's copies to compare.
    ///   - settled: What is to be said of copies that there is nothing to compare with, by target.
    ///   - observe: Called with each result as it comes.
    package func run(
        at snapshot: (any Snapshot)? = nil,
        of isWanted: (SyncedTable) -> Bool = { _ in true },
        settled: [TableName: Verdict] = [:],
        observe: (TableResult) -> Void = { _ in }
    ) async throws -> [TableResult] {
        let copies = try await destination.tables(of: context.sync.name).filter(isWanted).sorted {
            $0.target < $1.target
        }
        let catalog = try await context.source.catalog()
        let moment: any Snapshot
        if let snapshot {
            moment = snapshot
        } else {
            moment = try await context.source.snapshot(readers: context.readers)
        }
        do {
            var results: [TableResult] = []
            let tables = SourceTables(catalog)
            var sums: [TableName: TableSum] = [:]
            var summed = 0
            for (index, copy) in copies.enumerated() {
                try Task.checkCancellation()
                if index == summed {
                    let group = Self.group(copies[index...], of: copies.count)
                    summed += group.count
                    sums = try await self.sums(of: group.filter { settled[$0.target] == nil }, tables)
                }
                var result =
                    if let verdict = settled[copy.target] {
                        TableResult(copy: copy, verdict: verdict, sourceHasMoved: false)
                    } else {
                        try await outcome(of: copy, with: tables, in: moment, sums[copy.target])
                    }
                // A table that was followed to this very moment has nothing to wait for.
                if snapshot != nil, copy.stream != nil { result.sourceHasMoved = false }
                observe(result)
                results.append(result)
            }
            await moment.close()
            return results
        } catch {
            await moment.close()
            throw error
        }
    }

    /// An error that is about one table leaves the others to be compared.
    private func outcome(
        of copy: SyncedTable,
        with tables: SourceTables,
        in snapshot: any Snapshot,
        _ sum: TableSum?
    ) async throws -> TableResult {
        do {
            return try await compare(copy, with: tables, in: snapshot, sum)
        } catch let error as any ExplainedError where error.isConfined {
            return TableResult(copy: copy, verdict: .incomparable(error.description), sourceHasMoved: false)
        }
    }

    private func compare(
        _ copy: SyncedTable,
        with tables: SourceTables,
        in snapshot: any Snapshot,
        _ sum: TableSum?
    ) async throws -> TableResult {
        var result = TableResult(
            copy: copy,
            verdict: .equal,
            sourceHasMoved: snapshot.moment.checkpoint != copy.moment.checkpoint,
            missesDeletes: copy.cursor != nil && (context.sync.deletes != .compare || copy.schema.identity.isEmpty)
        )
        guard let table = tables[copy] else {
            result.verdict = .incomparable("table \(copy.schema.name) is gone from the source")
            return result
        }
        let columns: ComparedColumns
        do throws(ComparedColumns.Incomparable) {
            columns = try ComparedColumns(of: copy, table) { isChosen($0, table, copy.target) }
        } catch {
            result.verdict = .incomparable(error.reason)
            return result
        }
        result.leftOut = columns.leftOut
        if let sum = try await equalSum(of: copy, columns, table, in: snapshot, sum) {
            result.computation = .pushedDown
            (result.sourceRows, result.sourceChecksum) = (sum.rows, sum.checksum)
            (result.destinationRows, result.destinationChecksum) = (sum.rows, sum.checksum)
            return result
        }
        result.computation = .streamed
        let here = { try await snapshot.rows(of: table, as: columns.source, unfit: context.sync.unfitValues) }
        let there = { try await destination.rows(of: copy, as: columns.destination) }
        do {
            let rows = try await here()
            let sourceDigest = try await TableDigest.digest(rows)
            let left = rows.tally
            let destinationDigest = try await TableDigest.digest(there())
            (result.sourceRows, result.sourceChecksum) = (sourceDigest.rows + left.refused, sourceDigest.checksum)
            (result.destinationRows, result.destinationChecksum) = (destinationDigest.rows, destinationDigest.checksum)
            if sourceDigest != destinationDigest || left.refused > 0 {
                var differences =
                    sourceDigest == destinationDigest
                    ? RowDifferences()
                    : try await RowDifferences.find(
                        source: (sourceDigest, here()),
                        destination: (destinationDigest, there())
                    )
                differences.note(leftOut: left)
                result.verdict = .different(differences)
            }
        } catch let unfit as UnfitValues {
            let names = unfit.columns.map { columns.source.columns[$0].name }.joined(separator: ", ")
            result.verdict = .incomparable("the source now holds values in \(names) that the copy's types cannot hold")
        }
        return result
    }

    /// The sum that both sides have taken, at the same time. `nil` where one of them cannot, or they are not the same.
    private func equalSum(
        of copy: SyncedTable,
        _ columns: ComparedColumns,
        _ table: CatalogTable,
        in snapshot: any Snapshot,
        _ known: TableSum?
    ) async throws -> TableSum? {
        guard TableSum.covers(columns.source) else { return nil }
        if let known { return try await snapshot.sum(of: table, as: columns.source) == known ? known : nil }
        async let there = destination.sum(of: copy, as: columns.destination)
        guard let here = try await snapshot.sum(of: table, as: columns.source), try await there == here else {
            return nil
        }
        return here
    }
}
