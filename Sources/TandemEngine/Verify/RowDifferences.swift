import TandemCore
import TandemRows

/// Which rows differ between two readings of a table.
package struct RowDifferences: Hashable, Sendable {
    /// Keys of rows that the source has and the destination lacks, that only the destination has, and that both have
    /// with other content; the first of each, at most ``limit``.
    package var missing: [String] = []
    package var extra: [String] = []
    package var different: [String] = []
    /// Whether every differing row was looked at, or only those of the first differing buckets.
    package var isComplete = true

    package static let limit = 10
    /// Rows whose keys are held at once.
    private static let rowLimit = 200_000

    /// The rows of some buckets, by the hash of their key.
    struct Rows: Sendable {
        var hashes: [UInt64: UInt64] = [:]
        var keys: [UInt64: String] = [:]

        /// Where rows have no key they stand for themselves, and equal ones add up.
        mutating func add(key: UInt64, hash: UInt64, text: String) {
            hashes[key, default: 0] &+= hash
            keys[key] = text
        }
    }

    /// Reads both sides again, keeping only rows of the buckets in which `source` and `destination` differ.
    static func find(
        source: (digest: TableDigest, rows: any TableRows),
        destination: (digest: TableDigest, rows: any TableRows)
    ) async throws -> RowDifferences {
        var result = RowDifferences()
        var buckets = Set<Int>()
        var held = 0
        for bucket in source.digest.differingBuckets(from: destination.digest) {
            held += source.digest.count(in: bucket) + destination.digest.count(in: bucket)
            if held > rowLimit, !buckets.isEmpty {
                result.isComplete = false
                break
            }
            buckets.insert(bucket)
        }
        let chosen = buckets
        let here = try await collect(source.rows, in: chosen)
        let there = try await collect(destination.rows, in: chosen)
        for (key, text) in here.keys.sorted(by: { $0.value < $1.value }) {
            if let hash = there.hashes[key] {
                if hash != here.hashes[key] { result.note(text, in: \.different) }
            } else {
                result.note(text, in: \.missing)
            }
        }
        for (key, text) in there.keys.sorted(by: { $0.value < $1.value }) where here.hashes[key] == nil {
            result.note(text, in: \.extra)
        }
        return result
    }

    /// Notes rows that the source has, and that were left out of what was compared (``UnfitPolicy/issue``). A copy that
    /// has one of them nevertheless has something else in it.
    mutating func note(leftOut tally: ReadTally) {
        for key in tally.refusals.map({ Self.shown($0.key) }) {
            if let index = extra.firstIndex(of: key) {
                extra.remove(at: index)
                note(key, in: \.different)
            } else {
                note(key, in: \.missing)
            }
        }
        if tally.refusals.count < tally.refused { isComplete = false }
    }

    private mutating func note(_ key: String, in list: WritableKeyPath<RowDifferences, [String]>) {
        if self[keyPath: list].count < Self.limit { self[keyPath: list].append(key) } else { isComplete = false }
    }

    private static func collect(_ rows: any TableRows, in buckets: Set<Int>) async throws -> Rows {
        let schema = rows.schema
        let parts = try await RowPull.all(rows, into: Rows()) { held, batch in
            let hashes = RowHash.hashes(of: batch, columns: batch.columns.indices)
            let keys = schema.identity.isEmpty ? hashes : RowHash.hashes(of: batch, columns: schema.identity)
            for row in hashes.indices where buckets.contains(TableDigest.bucket(of: keys[row])) {
                let text = RowKey.text(row, of: batch, columns: schema.identity, schema: schema)
                held.add(key: keys[row], hash: hashes[row], text: shown(text))
            }
        }
        var all = Rows()
        for part in parts {
            for (key, hash) in part.hashes { all.add(key: key, hash: hash, text: part.keys[key] ?? "") }
        }
        return all
    }

    /// A row without a key shows none of its content.
    private static func shown(_ key: String) -> String { key.isEmpty ? "(a row without a key)" : key }
}
