import TandemCore
import TandemRows

/// What is left of a table when its rows are counted and their hashes summed, whatever order they come in.
///
/// Rows are spread over buckets by their key's hash, so that a difference is
/// known to lie in a few of them.
package struct TableDigest: Hashable, Sendable {
    package static let bucketCount = 4096

    package private(set) var rows = 0
    package private(set) var checksum: UInt64 = 0
    private var sums = [UInt64](repeating: 0, count: bucketCount)
    private var counts = [Int](repeating: 0, count: bucketCount)

    mutating func add(_ batch: RowBatch, identity: [Int]) {
        let hashes = RowHash.hashes(of: batch, columns: batch.columns.indices)
        let keys = identity.isEmpty ? hashes : RowHash.hashes(of: batch, columns: identity)
        for row in hashes.indices {
            let bucket = Self.bucket(of: keys[row])
            sums[bucket] &+= hashes[row]
            counts[bucket] += 1
            checksum &+= hashes[row]
        }
        rows += batch.rowCount
    }

    mutating func add(_ other: TableDigest) {
        rows += other.rows
        checksum &+= other.checksum
        for bucket in sums.indices {
            sums[bucket] &+= other.sums[bucket]
            counts[bucket] += other.counts[bucket]
        }
    }

    /// The buckets in which the two tables do not hold the same rows.
    func differingBuckets(from other: TableDigest) -> [Int] {
        sums.indices.filter { sums[$0] != other.sums[$0] || counts[$0] != other.counts[$0] }
    }

    func count(in bucket: Int) -> Int { counts[bucket] }

    static func bucket(of key: UInt64) -> Int { Int(key >> 52) }

    /// Reads all of `rows` and digests them.
    static func digest(_ rows: any TableRows) async throws -> TableDigest {
        let identity = rows.schema.identity
        var whole = TableDigest()
        for part in try await RowPull.all(rows, into: TableDigest(), { $0.add($1, identity: identity) }) {
            whole.add(part)
        }
        return whole
    }
}
