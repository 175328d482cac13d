import Foundation
import GRDB
import Synchronization
package import TandemCore
import TandemRows

/// What a two-way sync knows of its records: links with what was agreed, what is to be tried again, issues, conflicts
/// and history, in one SQLite file that one run at a time writes to.
///
/// What is stored is seen by later calls at once, and durable with the next store that is to be. A crash loses what was
/// stored since then, the last first. It holds values of records, so that only its owner may read it.
package final class LinkStore: Sendable {
    /// Tells this file from every other one, and from one that is made in its place.
    package let id: String
    /// For ``ValueHash``; made with the file.
    package let hashKey: (UInt64, UInt64)
    let file: LinkFile
    let layout: StoredLayout
    /// Why nothing is stored any more: what was not durable is lost.
    private let failure = Mutex<LinkStoreError?>(nil)

    /// The store at `path`, made if there is none. Where the file was written for other pairs or fields, what it has is
    /// brought to these: a new field has no base, one that is gone loses it, and the links of a pair that is gone are
    /// kept for its return. Pairs and fields are the same where their names are.
    ///
    /// - Parameters:
    ///   - pairs: What pairs and fields are numbered by in all that is stored here and read.
    ///   - notes: As ``RecordStore/notes(of:after:)``, of both sides. Called before the pairs are changed, as the notes
    ///     name them by their old numbers; what they tell is stored.
    /// - Throws: ``LinkStoreError``, ``MalformedBytes``, and what `notes` throws.
    package static func open(
        at path: String,
        sync: String,
        pairs: [PairLayout],
        notes: (_ store: String, _ after: Int64) async throws -> [WriteNote] = { _, _ in [] }
    ) async throws -> LinkStore {
        let file = try await LinkFile.open(at: path, sync: sync)
        let before = try await LinkStore(file)
        let stored = try await file.perform { db in
            try Row.fetchOne(db, sql: "SELECT sync, note FROM store").map {
                ($0["sync"] as String, $0["note"] as Int64)
            }
        }
        guard let stored, stored.0.isExactly(sync) else {
            throw LinkStoreError.ofAnotherSync(path: path, sync: stored?.0 ?? "")
        }
        for note in try await notes(before.id, stored.1).sorted(by: { $0.number < $1.number })
        where note.number > stored.1 {
            var changes = try LinkChanges(decoding: note.bytes)
            changes.note = note.number
            try await before.store(changes, isDurable: true)
        }
        guard before.layout.layouts != pairs else { return before }
        try await file.perform { db in
            try db.inTransaction(.immediate) {
                try Rearrangement(db).arrange(pairs)
                return .commit
            }
        }
        return try await LinkStore(file)
    }

    private init(_ file: LinkFile) async throws(LinkStoreError) {
        self.file = file
        let known = try await file.perform { db in
            try Row.fetchOne(db, sql: "SELECT id, hash_key_0, hash_key_1 FROM store").map { row in
                (id: row["id"] as String, key: [row["hash_key_0"] as Int64, row["hash_key_1"]], try StoredLayout(db))
            }
        }
        guard let known else { throw .corrupt(path: file.path, reason: "it does not say whose it is") }
        id = known.id
        hashKey = (UInt64(bitPattern: known.key[0]), UInt64(bitPattern: known.key[1]))
        layout = known.2
    }

    /// - Parameter isDurable: Whether this, and all that was stored before, survives whatever happens once this
    ///   returns.
    /// - Throws: Nothing of `changes` is stored then, what was not durable before is gone, and nothing is stored any
    ///   more, as after a crash. Where another process holds the file, nothing is lost.
    package func store(_ changes: LinkChanges, isDurable: Bool) async throws(LinkStoreError) {
        let (path, layout) = (file.path, layout)
        try await file.perform { db in
            if let failure = self.failure.withLock({ $0 }) { throw failure }
            if !changes.isEmpty, !db.isInsideTransaction { try db.beginTransaction(.immediate) }
            do {
                if !changes.isEmpty { try LinkWriting(db, layout).store(changes) }
                if isDurable, db.isInsideTransaction { try db.commit() }
            } catch {
                let error = LinkStoreError(error, path: path)
                self.failure.withLock { $0 = error }
                if db.isInsideTransaction { try? db.rollback() }
                throw error
            }
        }
    }

    /// Calls `body`, which sees what was stored, durable or not.
    func read<Thing: Sendable>(
        _ body: @escaping @Sendable (Database, StoredLayout) throws -> Thing
    ) async throws(LinkStoreError) -> Thing {
        let layout = layout
        return try await file.perform { db in
            if let failure = self.failure.withLock({ $0 }) { throw failure }
            return try body(db, layout)
        }
    }
}
