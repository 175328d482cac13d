package import TandemCore
package import TandemRows

/// Compares what a sync has put into its destination with what the source holds now.
///
/// Every row becomes a number, and counts and sums are compared. Where both
/// sides can, they take them over their own rows (``TableSum``). Else, and
/// where those differ, both are read through the same types; where they differ
/// then, both are read once more to name the first keys.
package struct Verification {
    let source: any Source
    let destination: any Destination
    let sync: String
    let unfit: UnfitPolicy
    let readers: Int

    package init(of sync: String, source: any Source, destination: any Destination, unfit: UnfitPolicy, readers: Int) {
        self.sync = sync
        self.source = source
        self.destination = destination
        self.unfit = unfit
        self.readers = readers
    }

    package enum Verdict: Sendable {
        case equal
        case different(RowDifferences)
        /// Why the two could not be compared, one sentence.
        case incomparable(String)
    }

    /// Where the rows' numbers were taken.
    package enum Computation: String, Sendable {
        /// By each database over its own rows.
        case pushedDown = "pushed down"
        /// Here, over the rows that both sent.
        case streamed
    }

    package struct TableResult: Sendable {
        package var copy: CopiedTable
        package var verdict: Verdict
        /// `nil` where there was nothing to compute.
        package var computation: Computation?
        package var sourceRows: Int?
        package var destinationRows: Int?
        /// The sum of all rows' numbers on each side.
        package var sourceChecksum: UInt64?
        package var destinationChecksum: UInt64?
        /// Whether anything has been written at the source since the copy, so that a difference may be new and not
        /// wrong.
        package var sourceHasMoved: Bool
    }

    /// - Parameters:
    ///   - snapshot: The moment of the source to compare with; as it is now where `nil`. Closed in the end.
    ///   - observe: Called with each result as it comes.
    package func run(
        at snapshot: (any Snapshot)? = nil,
        observe: (TableResult) -> Void = { _ in }
    ) async throws -> [TableResult] {
        let copies = try await destination.tables(of: sync).sorted { $0.target < $1.target }
        let catalog = try await source.catalog()
        let moment: any Snapshot
        if let snapshot { moment = snapshot } else { moment = try await source.snapshot(readers: readers) }
        return try await compare(copies, with: catalog, at: moment, isExact: snapshot != nil, observe)
    }

    private func compare(
        _ copies: [CopiedTable],
        with catalog: Catalog,
        at snapshot: any Snapshot,
        isExact: Bool,
        _ observe: (TableResult) -> Void
    ) async throws -> [TableResult] {
        do {
            var results: [TableResult] = []
            for copy in copies {
                try Task.checkCancellation()
                var result = try await compare(copy, with: catalog, in: snapshot)
                // A table that was followed to this very moment has nothing to wait for.
                if isExact, copy.stream != nil { result.sourceHasMoved = false }
                observe(result)
                results.append(result)
            }
            await snapshot.close()
            return results
        } catch {
            await snapshot.close()
            throw error
        }
    }

    private func compare(
        _ copy: CopiedTable,
        with catalog: Catalog,
        in snapshot: any Snapshot
    ) async throws -> TableResult {
        var result = TableResult(
            copy: copy,
            verdict: .equal,
            sourceHasMoved: snapshot.moment.checkpoint != copy.moment.checkpoint
        )
        let table: CatalogTable
        let schema: TableSchema
        do throws(Incomparable) {
            (table, schema) = try sourceSchema(of: copy, in: catalog)
        } catch {
            result.verdict = .incomparable(error.reason)
            return result
        }
        if let sum = try await equalSum(of: copy, as: schema, table, in: snapshot) {
            result.computation = .pushedDown
            (result.sourceRows, result.sourceChecksum) = (sum.rows, sum.checksum)
            (result.destinationRows, result.destinationChecksum) = (sum.rows, sum.checksum)
            return result
        }
        result.computation = .streamed
        let here = { try await snapshot.rows(of: table, as: schema, unfit: unfit) }
        let there = { try await destination.rows(of: copy, as: copy.schema) }
        do {
            let sourceDigest = try await TableDigest.digest(here())
            let destinationDigest = try await TableDigest.digest(there())
            (result.sourceRows, result.sourceChecksum) = (sourceDigest.rows, sourceDigest.checksum)
            (result.destinationRows, result.destinationChecksum) = (destinationDigest.rows, destinationDigest.checksum)
            if sourceDigest != destinationDigest {
                result.verdict = .different(
                    try await RowDifferences.find(
                        source: (sourceDigest, here()),
                        destination: (destinationDigest, there())
                    )
                )
            }
        } catch let unfit as UnfitValues {
            let names = unfit.columns.map { schema.columns[$0].name }.joined(separator: ", ")
            result.verdict = .incomparable("the source now holds values in \(names) that the copy's types cannot hold")
        }
        return result
    }

    /// The sum that both sides have taken, at the same time. `nil` where one of them cannot, or they are not the same.
    private func equalSum(
        of copy: CopiedTable,
        as schema: TableSchema,
        _ table: CatalogTable,
        in snapshot: any Snapshot
    ) async throws -> TableSum? {
        guard TableSum.covers(schema) else { return nil }
        async let there = destination.sum(of: copy, as: copy.schema)
        guard let here = try await snapshot.sum(of: table, as: schema), try await there == here else { return nil }
        return here
    }

    private struct Incomparable: Error { var reason: String }

    /// The columns of the copy as they are called and read at the source now.
    private func sourceSchema(
        of copy: CopiedTable,
        in catalog: Catalog
    ) throws(Incomparable) -> (CatalogTable, TableSchema) {
        let byNumber = catalog.tables.first { copy.schema.id != 0 && $0.schema.id == copy.schema.id }
        guard let table = byNumber ?? catalog.tables.first(where: { $0.schema.name == copy.schema.name }) else {
            throw Incomparable(reason: "table \(copy.schema.name) is gone from the source")
        }
        var schema = copy.schema
        schema.name = table.schema.name
        for (index, column) in copy.schema.columns.enumerated() {
            let now = table.schema.columns.first { column.id != 0 ? $0.id == column.id : $0.name == column.name }
            guard let now else { throw Incomparable(reason: "column \(column.name) is gone from the source") }
            guard now.type == column.type || column.type == .text else {
                throw Incomparable(reason: "column \(column.name) is now \(now.nativeType), not \(column.nativeType)")
            }
            schema.columns[index].name = now.name
        }
        return (table, schema)
    }
}
