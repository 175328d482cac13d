import GRDB

/// The tables of a link store. A migration that was released is never changed.
///
/// Pairs and fields have numbers of the file's own, which stay theirs also where the configuration has them no more;
/// `place` is where it has them, from 0. What is kept in BLOBs is as ``ByteWriter`` writes it.
enum LinkSchema {
    /// - Parameter sync: Whose links a file is to hold that is made.
    static func migrator(_ sync: String) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: links") { db in
            try db.execute(sql: tables)
            var random = SystemRandomNumberGenerator()
            func word() -> Int64 { Int64(bitPattern: random.next()) }
            let id = String(UInt64(bitPattern: word()), radix: 36) + String(UInt64(bitPattern: word()), radix: 36)
            try db.execute(
                sql: "INSERT INTO store (id, sync, hash_key_0, hash_key_1) VALUES (?, ?, ?, ?)",
                arguments: [id, sync, word(), word()]
            )
        }
        return migrator
    }

    private static let tables = """
        CREATE TABLE store (
            id TEXT NOT NULL,
            sync TEXT NOT NULL,
            hash_key_0 INTEGER NOT NULL,
            hash_key_1 INTEGER NOT NULL,
            next_link INTEGER NOT NULL DEFAULT 1,
            note INTEGER NOT NULL DEFAULT 0,
            left_cursor TEXT,
            right_cursor TEXT
        );
        -- What was made at a side for the sync, as JSON.
        CREATE TABLE made (side INTEGER PRIMARY KEY, objects TEXT NOT NULL);
        CREATE TABLE pair (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, place INTEGER UNIQUE);
        CREATE TABLE field (
            id INTEGER PRIMARY KEY,
            pair INTEGER NOT NULL,
            name TEXT NOT NULL,
            place INTEGER,
            UNIQUE (pair, name),
            UNIQUE (pair, place)
        );
        CREATE TABLE link (
            id INTEGER PRIMARY KEY,
            pair INTEGER NOT NULL,
            left_key BLOB,
            right_key BLOB,
            state INTEGER NOT NULL,
            content BLOB NOT NULL
        );
        CREATE UNIQUE INDEX link_by_left ON link (pair, left_key) WHERE left_key IS NOT NULL;
        CREATE UNIQUE INDEX link_by_right ON link (pair, right_key) WHERE right_key IS NOT NULL;
        CREATE INDEX link_unfinished ON link (id) WHERE state & 1;
        -- Of links that are no more, for what is kept of them.
        CREATE TABLE removed_link (
            id INTEGER PRIMARY KEY,
            pair INTEGER NOT NULL,
            left_key BLOB,
            right_key BLOB,
            -- The last entry of history that may be of it; NULL where they are kept whatever is pruned.
            removed_at INTEGER
        );
        CREATE INDEX removed_link_by_time ON removed_link (removed_at);
        CREATE TABLE mark (
            item BLOB PRIMARY KEY,
            pair INTEGER,
            due DOUBLE NOT NULL,
            attempts INTEGER NOT NULL,
            reason TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE issue (
            item BLOB NOT NULL,
            place INTEGER NOT NULL,
            pair INTEGER,
            kind TEXT NOT NULL,
            field TEXT,
            side INTEGER,
            cause TEXT NOT NULL,
            code TEXT,
            since DOUBLE NOT NULL,
            PRIMARY KEY (item, place)
        ) WITHOUT ROWID;
        CREATE TABLE conflict (
            id INTEGER PRIMARY KEY,
            link INTEGER NOT NULL,
            pair INTEGER NOT NULL,
            field INTEGER NOT NULL,
            kind TEXT NOT NULL,
            loser INTEGER NOT NULL,
            lost BLOB,
            won BLOB,
            time DOUBLE NOT NULL
        );
        CREATE INDEX conflict_by_link ON conflict (link);
        -- Ids follow each other without a gap. There is no index by link, as its pages would be written at random.
        CREATE TABLE history (
            id INTEGER PRIMARY KEY,
            link INTEGER NOT NULL,
            pair INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            side INTEGER NOT NULL,
            reason INTEGER NOT NULL,
            fields BLOB NOT NULL,
            time DOUBLE NOT NULL
        );
        """
}

/// What `link.state` says beside the content, for what is counted and looked for.
struct LinkState: OptionSet {
    let rawValue: Int64
    static let isUnfinished = Self(rawValue: 1)
    static let isSevered = Self(rawValue: 2)
    static let isHeld = Self(rawValue: 4)

    init(rawValue: Int64) { self.rawValue = rawValue }

    init(_ link: Link) {
        self = []
        if link.isUnfinished { insert(.isUnfinished) }
        if link.isSevered { insert(.isSevered) }
        if link.isHeld { insert(.isHeld) }
    }
}

extension Link {
    /// Whether something was left open that is to be looked at when a run begins.
    var isUnfinished: Bool {
        if intent != nil { return true }
        if isSevered { return false }
        return keys.left == nil || keys.right == nil || base.left.contains(.none) || base.right.contains(.none)
    }
}
