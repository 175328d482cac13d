package import TandemCore
package import TandemRows

/// What went wrong between this program and a Postgres server.
///
/// Messages are the server's first line only, as far as ``ServerWords`` lets it be shown: the rest quotes rows.
package enum PostgresError: ExplainedError, Equatable {
    case passwordFile(_ place: String, reason: String)
    case unreadableURL
    /// Nobody listens there, or the name is unknown.
    case unreachable(Endpoint, reason: String)
    case timedOut(Endpoint, seconds: Int)
    case authenticationFailed(Endpoint, message: String)
    case noDatabase(Endpoint, message: String)
    /// Client and server do not agree on encryption or certificates.
    case tlsFailed(Endpoint, TLSProblem, message: String)
    case wrongServer(Endpoint, message: String)
    case tooManyConnections(Endpoint, message: String)
    /// Starting up, shutting down, or recovering.
    case notReady(Endpoint, message: String)
    case unsupportedVersion(Endpoint, version: String)
    case connectionLost(Endpoint, reason: String)
    case insufficientPrivilege(Endpoint, message: String)
    case lockTimeout(Endpoint, message: String)
    /// The server's table of locks, which all sessions share, is full.
    case tooManyLocks(Endpoint, message: String)
    /// A standby cancelled a query because replay had to go on.
    case recoveryConflict(Endpoint, message: String)
    /// The moment that was being read is gone; another can be taken if `isTransient`.
    case snapshotLost(Endpoint, reason: String, isTransient: Bool)
    /// A table is not any more what the catalog said.
    case tableChanged(Endpoint, TableName, what: String)
    /// A table was truncated or rewritten after the snapshot was taken, which does not show its rows any more.
    case tableRewritten(Endpoint, TableName)
    /// A table was renamed or dropped since the catalog was read, which is to be read again.
    case catalogChanged(Endpoint, message: String)
    /// The server's log cannot be read as things are.
    case notReplicable(Endpoint, reason: String, remedy: Remedy)
    /// Transactions that other sessions have open, or have prepared, keep a stream from beginning.
    case openTransactions(Endpoint, what: String, seconds: Int, open: String)
    /// Somebody else reads from the slot.
    case slotInUse(Endpoint, slot: String, holder: String)
    /// A slot was dropped because it kept too much log; its tables are copied again.
    case slotDropped(Endpoint, slot: String, kept: ByteSize, limit: ByteSize)
    /// Changes between what was applied and what the slot still has are missing.
    case streamGap(Endpoint, reason: String)
    /// Bytes that make no sense.
    case malformed(Endpoint, what: String)
    case server(Endpoint, sqlState: String, severity: String, message: String)
    /// A function that the server called, and that is none of ours, names something that is not there.
    case missingInFunction(Endpoint, sqlState: String, message: String)
    /// It cannot take what was to be written to it.
    case destination(Endpoint, DestinationProblem)

    package enum TLSProblem: Hashable, Sendable {
        case serverHasNone, serverDemandsIt, untrustedCertificate, wrongHostName, clientCertificate, other
    }

    /// The error that a server tells of.
    ///
    /// Codes say little by themselves, for a function may raise any of them: what is about the connection ends it.
    ///
    /// - Parameter isStandby: A read-only transaction there fails to serialize, or comes into a deadlock, only because
    ///   replay had to go on. The server says so in its own language.
    init(_ endpoint: Endpoint, sqlState: String, severity: String, words: ServerWords, isStandby: Bool) {
        let said = words.message
        let message = words.shown
        let endsConnection = severity == "FATAL" || severity == "PANIC"
        self =
            switch sqlState {
            case "40001" where isStandby, "40P01" where isStandby:
                .recoveryConflict(endpoint, message: message)
            case "28000", "28P01", "3D000", "53300", "57P03", "57P01", "57P02", "57P05", "25P03", "08000", "08003",
                "08006", "08P01":
                endsConnection
                    ? Self.ending(endpoint, sqlState, message)
                    : .server(endpoint, sqlState: sqlState, severity: severity, message: message)
            case "42501": .insufficientPrivilege(endpoint, message: message)
            case "55P03": .lockTimeout(endpoint, message: message)
            // Functions of the catalog look at the present, where a table may be gone that the query still sees.
            case "XX000"
            where ["could not open relation with OID", "cache lookup failed for"].contains(where: said.hasPrefix):
                .catalogChanged(endpoint, message: message)
            default: .server(endpoint, sqlState: sqlState, severity: severity, message: message)
            }
    }

    private static func ending(_ endpoint: Endpoint, _ sqlState: String, _ message: String) -> PostgresError {
        switch sqlState {
        case "28000", "28P01": .authenticationFailed(endpoint, message: message)
        case "3D000": .noDatabase(endpoint, message: message)
        case "53300": .tooManyConnections(endpoint, message: message)
        case "57P03": .notReady(endpoint, message: message)
        default: .connectionLost(endpoint, reason: message)
        }
    }

    /// The same error, after which the connection was found to have ended.
    var endingConnection: PostgresError {
        guard case .server(let endpoint, let sqlState, _, let message) = self else { return self }
        return Self.ending(endpoint, sqlState, message)
    }

    /// The server's code for what it refused, where it gave one.
    package var sqlState: String? {
        switch self {
        case .server(_, let state, _, _), .missingInFunction(_, let state, _): state
        case .insufficientPrivilege: "42501"
        case .lockTimeout: "55P03"
        case .tooManyLocks: "53200"
        case .noDatabase: "3D000"
        case .tooManyConnections: "53300"
        default: nil
        }
    }

    package var endpoint: Endpoint {
        switch self {
        case .passwordFile, .unreadableURL: Endpoint(host: "", port: "", database: "", user: "")
        case .unreachable(let place, _), .timedOut(let place, _), .authenticationFailed(let place, _),
            .noDatabase(let place, _), .tlsFailed(let place, _, _), .wrongServer(let place, _),
            .tooManyConnections(let place, _), .notReady(let place, _), .unsupportedVersion(let place, _),
            .connectionLost(let place, _), .insufficientPrivilege(let place, _), .lockTimeout(let place, _),
            .tooManyLocks(let place, _), .openTransactions(let place, _, _, _),
            .recoveryConflict(let place, _), .snapshotLost(let place, _, _), .tableChanged(let place, _, _),
            .notReplicable(let place, _, _), .slotInUse(let place, _, _), .streamGap(let place, _),
            .slotDropped(let place, _, _, _), .missingInFunction(let place, _, _),
            .tableRewritten(let place, _), .catalogChanged(let place, _), .malformed(let place, _),
            .server(let place, _, _, _),
            .destination(let place, _):
            place
        }
    }

    /// Where a transaction was to join a snapshot: the server knows none of that name. In whatever language it says so.
    var isNoSnapshot: Bool {
        guard case .server(_, let state, _, _) = self else { return false }
        return ["22023", "42704", "55000", "0A000"].contains(state)
    }

    package var rulesOutMethod: Bool {
        if case .notReplicable = self { true } else { false }
    }

    package var isConfined: Bool {
        switch self {
        case .server, .lockTimeout, .tooManyLocks, .insufficientPrivilege, .tableChanged, .tableRewritten,
            .catalogChanged, .missingInFunction, .destination:
            true
        default: false
        }
    }

    package var isBusy: Bool {
        switch self {
        case .openTransactions, .lockTimeout: true
        default: false
        }
    }

    package var isTransient: Bool {
        switch self {
        case .unreachable, .timedOut, .tooManyConnections, .notReady, .connectionLost, .lockTimeout, .tooManyLocks,
            .recoveryConflict,
            .slotInUse, .slotDropped, .catalogChanged, .tableRewritten:
            true
        case .snapshotLost(_, _, let isTransient): isTransient
        // Another server's connection, a deadlock or a serialization failure, out of memory or disk for now, a system
        // error.
        case .server(_, let state, _, _): ["08", "40", "53", "58"].contains { state.hasPrefix($0) }
        case .passwordFile, .unreadableURL, .authenticationFailed, .noDatabase, .tlsFailed, .wrongServer,
            .unsupportedVersion, .insufficientPrivilege, .tableChanged, .notReplicable, .streamGap, .malformed,
            .missingInFunction, .destination, .openTransactions:
            false
        }
    }
}

extension PostgresError {
    package var description: String {
        switch self {
        case .passwordFile(let place, let reason): "the password file \(place) \(reason)"
        case .unreadableURL: "the setting \"url\" is not a connection URI"
        case .unreachable(let place, let reason): "\(place.server) cannot be reached: \(reason)"
        case .timedOut(let place, let seconds): "\(place.server) did not answer within \(seconds) seconds"
        case .authenticationFailed(let place, let message):
            "\(place) does not let user \"\(place.user)\" in: \(message)"
        case .noDatabase(let place, let message): "there is no such database at \(place.server): \(message)"
        case .tlsFailed(let place, _, let message): "no secure connection to \(place.server): \(message)"
        case .wrongServer(let place, let message):
            "no server of the wanted kind (target_session_attrs) at \(place.server): \(message)"
        case .tooManyConnections(let place, let message): "\(place.server) takes no more connections: \(message)"
        case .notReady(let place, let message): "\(place.server) is not ready: \(message)"
        case .unsupportedVersion(let place, let version):
            "\(place.server) runs Postgres \(version); 9.4 is the oldest that is served"
        case .connectionLost(let place, let reason): "the connection to \(place) was lost: \(reason)"
        case .insufficientPrivilege(let place, let message):
            "user \"\(place.user)\" at \(place) lacks a privilege: \(message)"
        case .lockTimeout(let place, let message): "a lock at \(place) was not free in time: \(message)"
        case .tooManyLocks(let place, let message):
            "\(place) has no room for more locks (max_locks_per_transaction): \(message)"
        case .recoveryConflict(let place, let message):
            "the standby \(place) cancelled a read that stood in the way of replication: \(message)"
        case .snapshotLost(let place, let reason, _): "the snapshot at \(place) is gone: \(reason)"
        case .tableChanged(let place, let name, let what): "\(name) at \(place) changed before it was read: \(what)"
        case .tableRewritten(let place, let name):
            "\(name) at \(place) was truncated or rewritten after the snapshot was taken"
        case .catalogChanged(let place, let message): "tables at \(place) changed meanwhile: \(message)"
        case .notReplicable(let place, let reason, _): "the log of \(place) cannot be read: \(reason)"
        case .openTransactions(let place, let what, let seconds, let open):
            "transactions at \(place) have been open for more than \(seconds) s that must end before \(what): \(open)"
        case .slotInUse(let place, let slot, let holder):
            "the slot \"\(slot)\" at \(place.server) is being read by \(holder)"
        case .slotDropped(let place, let slot, let kept, let limit):
            "the slot \"\(slot)\" at \(place.server) was dropped, because it kept \(kept) of log (max_slot_wal: \(limit))"
        case .streamGap(let place, let reason): "the stream from \(place) cannot go on: \(reason)"
        case .malformed(let place, let what): "\(place) sent something that makes no sense: \(what)"
        case .missingInFunction(let place, let state, let message): "\(place): ERROR \(state): \(message)"
        case .server(let place, let state, let severity, let message): "\(place): \(severity) \(state): \(message)"
        case .destination(let place, let problem): "\(place): \(problem)"
        }
    }
}
