package import TandemCore

extension PostgresError {
    package var remedy: Remedy? {
        switch self {
        case .passwordFile: Remedy("Let password_file name a readable file whose first line is the password.")
        case .unreadableURL:
            Remedy(
                "Write postgresql://user@host:port/database, with %-escapes for the characters a URI reserves: @ as %40, / as %2F."
            )
        case .unreachable:
            Remedy(
                "Check host and port, that the server runs, and that listen_addresses and firewalls let this machine in."
            )
        case .timedOut: Remedy("Check host, port and firewalls, or raise connect_timeout.")
        case .authenticationFailed:
            Remedy(
                "Check user and password, and that the server's pg_hba.conf admits this user from this machine. Where the "
                    + "user is not there yet, `tandem setup` for this connection prints the SQL that makes it."
            )
        case .noDatabase: Remedy("Check the setting \"database\".")
        // The word is newer than the library, which looks for a file of that name.
        case .tlsFailed(_, .untrustedCertificate, let message) where message.contains("\"system\""):
            Remedy(
                "This machine's libpq is older than 16 and does not know `sslrootcert: system`, and the system's own file "
                    + "was not found: let sslrootcert name it, such as \(SystemAuthorities.files[0])."
            )
        case .tlsFailed(_, let problem, _): Self.remedy(for: problem)
        case .wrongServer: Remedy("Check host and target_session_attrs: the server there is of another kind.")
        case .tooManyConnections: Remedy("Lower the setting \"readers\", or raise max_connections at the server.")
        case .notReady: Remedy("Wait until the server has started, then run again.")
        case .unsupportedVersion: Remedy("Upgrade the server to a version that is still maintained.")
        case .connectionLost: Remedy("Run again; if it happens again, look at the server's log and the network.")
        case .insufficientPrivilege:
            Remedy("Run `tandem setup` for this connection and let an administrator run what it prints.")
        case .lockTimeout: Remedy("Run again when the statement that holds the lock has ended; pg_locks shows it.")
        case .tooManyLocks:
            Remedy(
                "Raise max_locks_per_transaction and restart the server; a transaction needs a lock for each table and index.",
                sql: ["ALTER SYSTEM SET max_locks_per_transaction = 256"]
            )
        case .recoveryConflict, .snapshotLost(_, _, true): Self.standbyRemedy
        case .snapshotLost, .tableChanged, .tableRewritten, .catalogChanged: Remedy("Run again.")
        case .notReplicable(_, _, let remedy): remedy
        case .openTransactions:
            Remedy(
                "End them, or let them end, and run again; `run --follow` goes on by itself then. What is prepared ends by COMMIT "
                    + "PREPARED or ROLLBACK PREPARED alone.",
                sql: ["SELECT gid, prepared, owner, database FROM pg_prepared_xacts"]
            )
        case .slotInUse(_, let slot, _):
            Remedy(
                "Stop the program that reads it, or give this connection a slot of its own (the setting \"slot\").",
                sql: ["SELECT * FROM pg_replication_slots WHERE slot_name = \(SQL.literal(slot))"]
            )
        case .slotDropped:
            Remedy(
                "Run again: every table is then copied anew. Raise max_slot_wal if the server's disk has room for more, or "
                    + "look for a transaction that stays open, or what makes the destination slow."
            )
        case .streamGap: Remedy("Run again: every table is then copied anew.")
        case .malformed: Remedy("Check what stands between this machine and the server; report it if nothing does.")
        case .missingInFunction:
            Remedy(
                "A function that a view, a policy or a trigger calls has it, perhaps without its schema: let it look names up "
                    + "by itself, by ALTER FUNCTION name(types) SET search_path = the_schema, pg_temp."
            )
        case .server: nil
        case .destination(_, let problem): problem.remedy
        }
    }

    /// The ways out of conflicts with replay, and what each costs.
    static let standbyRemedy = Remedy(
        """
        If this server is a standby, set hot_standby_feedback = on there (the primary then keeps old row versions as \
        long as a copy takes), or raise max_standby_streaming_delay and max_standby_archive_delay (the standby then \
        falls behind that long), or read from the primary; then run again.
        """
    )

    private static func remedy(for problem: TLSProblem) -> Remedy {
        switch problem {
        case .serverHasNone: Remedy("Switch on ssl at the server, or set sslmode: prefer if the network is trusted.")
        case .serverDemandsIt: Remedy("Set sslmode: require, or better verify-full with sslrootcert.")
        case .untrustedCertificate:
            Remedy("Let sslrootcert name the certificate of the authority that signed the server's.")
        case .wrongHostName: Remedy("Use the host name the certificate is made out to, or sslmode: verify-ca.")
        case .clientCertificate:
            Remedy("Let sslcert and sslkey name a client certificate and its key that the server trusts.")
        case .other: Remedy("Check sslmode, sslrootcert, sslcert and sslkey, and the server's ssl settings.")
        }
    }
}
