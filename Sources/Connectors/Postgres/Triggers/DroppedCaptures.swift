/// Removes what noted the changes of tables that are gone: a log depends on the types of its table's key, which nobody
/// could drop while it is there. Blocks.
struct DroppedCaptures {
    let session: Session

    /// What cannot be had now, or is another's, stays for the next run.
    func remove() throws {
        guard !session.capabilities.isInRecovery, try CaptureStates(session).exists(TriggerNames.captures) else {
            return
        }
        let question = """
            SELECT c.relation FROM \(TriggerNames.captures) c
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class r WHERE r.oid = c.relation)
            """
        for relation in try session.query(question).rows.compactMap({ $0.first.flatMap(\.self).flatMap { UInt32($0) } })
        {
            do { try remove(relation) } catch PostgresError.lockTimeout {} catch PostgresError.insufficientPrivilege {}
        }
    }

    private func remove(_ relation: UInt32) throws {
        try session.transaction(.readWrite) {
            try session.execute(LockRetry.timeout())
            try session.execute("DROP TABLE IF EXISTS \(TriggerNames.log(relation))")
            try session.execute("DELETE FROM \(TriggerNames.captures) WHERE relation = \(relation)")
            try session.execute("DELETE FROM \(TriggerNames.gaps) WHERE relation = \(relation)")
            try session.execute("SAVEPOINT tandem")
            do {
                try session.execute("DROP FUNCTION IF EXISTS \(TriggerNames.function(relation))()")
            } catch let error as PostgresError where error.sqlState == "2BP01" {
                // A partition that was detached calls it, and is not to be locked for it: it finds no log and goes on.
                try session.execute("ROLLBACK TO SAVEPOINT tandem")
            }
        }
    }
}
