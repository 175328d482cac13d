import Foundation
import GRDB
import TandemCore
package import TandemRows

/// Reads a link store for people, also while a run writes to it: what is durable there, of the pairs that the run's
/// configuration has.
package struct LinkReader: Sendable {
    let file: LinkFile

    /// `nil` where nothing has been run yet.
    package static func open(at path: String) async throws(LinkStoreError) -> LinkReader? {
        try await LinkFile.read(at: path).map(LinkReader.init)
    }

    /// Which of the issues, conflicts or entries are wanted.
    package struct Filter: Sendable {
        /// A pair's name; `nil` for all of them.
        package var pair: String?
        /// A record's key at a side that is not the other one; `nil` for all records.
        package var key: (side: Side?, RowKey)?
        /// Seconds since 1970; not before it.
        package var since: Double?
        package var limit: Int

        package init(
            pair: String? = nil,
            key: (side: Side?, RowKey)? = nil,
            since: Double? = nil,
            limit: Int = 1000
        ) {
            (self.pair, self.key, self.since, self.limit) = (pair, key, since, limit)
        }
    }

    /// What something is told of.
    package struct Subject: Hashable, Sendable {
        package var pair: String
        /// `nil` for a record that has none.
        package var link: LinkID?
        /// As far as they are known; those of a link that is gone are its last ones.
        package var keys: Both<RowKey?>
    }

    package struct PairCounts: Hashable, Sendable {
        package var pair: String
        /// All links, those below among them.
        package var links: Int
        /// Those without a record at one side, but for the severed ones.
        package var incomplete: Int
        package var severed: Int
        /// Those with open issues.
        package var held: Int
        /// Open issues, those of records without a link among them.
        package var issues: Int
        /// What is to be tried again later.
        package var marks: Int
    }

    /// In the configuration's order.
    package func counts() async throws(LinkStoreError) -> [PairCounts] {
        try await file.snapshot { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT name, count(link.id), sum(state & 2 = 0 AND (left_key IS NULL OR right_key IS NULL)),
                        sum(state & 2 <> 0), sum(state & 4 <> 0),
                        (SELECT count(*) FROM issue WHERE pair = pair.id),
                        (SELECT count(*) FROM mark WHERE pair = pair.id)
                    FROM pair LEFT JOIN link ON link.pair = pair.id
                    WHERE place IS NOT NULL GROUP BY pair.id ORDER BY place
                    """
            ).map { row in
                PairCounts(
                    pair: row[0],
                    links: row[1],
                    incomplete: row[2] ?? 0,
                    severed: row[3] ?? 0,
                    held: row[4] ?? 0,
                    issues: row[5],
                    marks: row[6]
                )
            }
        }
    }

    /// Makes a copy of the file as it is now, for its owner only, and puts it in the place of `path`.
    package func backup(to path: String) async throws(LinkStoreError) {
        let part = path + ".partial"
        do throws(LinkStoreError) {
            try await file.snapshot { db in
                try? FileManager.default.removeItem(atPath: part)
                try LinkFile.makeFile(part)
                let copy = try DatabaseQueue(path: part)
                try copy.writeWithoutTransaction { try db.backup(to: $0) }
                // One file has all of it then.
                try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
                try copy.close()
                guard rename(part, path) == 0 else {
                    throw LinkStoreError.unwritable(path: path, reason: String(cString: strerror(errno)))
                }
            }
        } catch {
            try? FileManager.default.removeItem(atPath: part)
            throw error
        }
    }
}
