/// What a server can do. Read once per connection; every path for older servers is chosen by this value alone, so that
/// tests can pin it and walk those paths on the servers at hand.
package struct ServerCapabilities: Hashable, Sendable {
    /// As libpq counts: 150_003 for 15.3, 90_426 for 9.4.26.
    package var version: Int
    /// A standby.
    package var isInRecovery: Bool
    /// The server's name for the database's encoding: `UTF8`, `SQL_ASCII`, …
    package var serverEncoding: String
    /// A pooler stands between: the process that answers is not the one that was logged in to. What is set for a
    /// session may then reach other clients, or be lost, and two connections may end at two servers.
    package var isPooled: Bool

    package init(version: Int, isInRecovery: Bool = false, serverEncoding: String = "UTF8", isPooled: Bool = false) {
        self.version = version
        self.isInRecovery = isInRecovery
        self.serverEncoding = serverEncoding
        self.isPooled = isPooled
    }

    /// `15.3`, `9.4.26`.
    package var versionText: String {
        version >= 100_000
            ? "\(version / 10_000).\(version % 10_000)"
            : "\(version / 10_000).\(version / 100 % 100).\(version % 100)"
    }

    /// The oldest server this program speaks to.
    package static let oldestVersion = 90_400

    /// Standbys before 10 have no transaction number to name a snapshot by.
    package var canExportSnapshot: Bool { version >= 100_000 || !isInRecovery }
    /// `WHERE ctid >= … AND ctid < …` reads those pages only, instead of filtering the whole table.
    package var hasTIDRangeScan: Bool { version >= 140_000 }
    /// `GENERATED ALWAYS AS … STORED`.
    package var hasGeneratedColumns: Bool { version >= 120_000 }
    package var hasPartitionedTables: Bool { version >= 100_000 }
    package var hasRowSecurity: Bool { version >= 90_500 }
    package var hasAccessMethods: Bool { version >= 120_000 }
    /// `pg_control_system()`.
    package var hasControlFunctions: Bool { version >= 90_600 }
    /// A connection that replicates takes SQL too.
    package var acceptsSQLWhileReplicating: Bool { version >= 100_000 }
    /// `pg_current_snapshot()`; `txid_current_snapshot()` before.
    package var hasPgSnapshot: Bool { version >= 130_000 }
    /// Whether text of this database is sure to be UTF-8 when it arrives.
    package var sendsValidUTF8: Bool { serverEncoding != "SQL_ASCII" }

    /// The expression for the snapshot of the current transaction.
    package var currentSnapshot: String { hasPgSnapshot ? "pg_current_snapshot()" : "txid_current_snapshot()" }
}
