import TandemCore
import TandemRows

/// Finds the rows of a copy that are no longer at the source, by their keys.
///
/// Keys are told apart by 64 bits of hash. Of a key that is deleted and has those of one that is there, nothing is
/// noticed, which with a hundred million rows happens to one in two hundred thousand million.
struct DeletedKeys {
    let copy: SyncedTable
    let table: TablePlan
    let snapshot: any CursorSnapshot
    let destination: any Destination
    let unfit: UnfitPolicy

    /// Keys whose hashes are held at once.
    private static let limit = 4_000_000

    /// - Returns: Their keys, in the order of the copy's identity.
    /// - Throws: ``Recopy`` where the keys of both sides cannot be compared.
    func find() async throws -> [RowBatch] {
        let (here, there) = try schemas()
        let source = try await TableDigest.digest(snapshot.rows(of: table.source, as: here, unfit: unfit))
        let target = try await TableDigest.digest(destination.rows(of: copy, as: there))
        var waiting = source.differingBuckets(from: target)[...]
        var found: [RowBatch] = []
        while !waiting.isEmpty {
            var buckets: Set<Int> = []
            var held = 0
            while let bucket = waiting.first, buckets.isEmpty || held < Self.limit {
                held += source.count(in: bucket)
                buckets.insert(bucket)
                waiting.removeFirst()
            }
            found += try await extra(in: buckets, here, there)
        }
        return found
    }

    /// The keys at the destination that lie in some buckets and are not at the source.
    private func extra(in buckets: Set<Int>, _ here: TableSchema, _ there: TableSchema) async throws -> [RowBatch] {
        let rows = try await snapshot.rows(of: table.source, as: here, unfit: unfit)
        let parts = try await RowPull.all(rows, into: Set<UInt64>()) { held, batch in
            for hash in RowHash.hashes(of: batch, columns: batch.columns.indices)
            where buckets.contains(TableDigest.bucket(of: hash)) { held.insert(hash) }
        }
        let present = parts.dropFirst().reduce(into: parts.first ?? []) { $0.formUnion($1) }
        let stored = try await destination.rows(of: copy, as: there)
        return try await RowPull.all(stored, into: [RowBatch]()) { found, batch in
            let hashes = RowHash.hashes(of: batch, columns: batch.columns.indices)
            let places = hashes.indices.filter { row in
                buckets.contains(TableDigest.bucket(of: hashes[row])) && !present.contains(hashes[row])
            }
            if !places.isEmpty { found.append(batch.picking(places)) }
        }.flatMap(\.self)
    }

    /// The key's columns under their names on each side.
    private func schemas() throws -> (here: TableSchema, there: TableSchema) {
        let columns: ComparedColumns
        do throws(ComparedColumns.Incomparable) {
            columns = try ComparedColumns(of: copy, table.source) { _ in true }
        } catch {
            throw Recopy(table: table, reason: error.reason)
        }
        func key(_ schema: TableSchema) -> TableSchema {
            var key = schema
            key.columns = schema.identity.map { schema.columns[$0] }
            key.identity = Array(key.columns.indices)
            return key
        }
        guard !columns.destination.identity.isEmpty else {
            throw Recopy(table: table, reason: "a column of its key is gone")
        }
        return (key(columns.source), key(columns.destination))
    }
}
