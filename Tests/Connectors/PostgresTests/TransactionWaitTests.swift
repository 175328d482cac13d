import TandemCore
import TandemTesting
import Testing

@testable import TandemPostgres

/// Making a slot waits for what is open, for so long.
@Suite(.blocking) struct TransactionWaitTests {
    @Test(arguments: [false, true]) func whatIsOpenIsNamed(isPrepared: Bool) async throws {
        // Slots wait for transactions of every database.
        let server = try PostgresServer(
            .v15,
            settings: ["wal_level": "logical", "max_prepared_transactions": "5"]
        )
        let database = try TestDatabase(server)
        try database.execute("CREATE TABLE t (id int)")
        let holder = try database.session()
        if isPrepared {
            try database.execute("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'it''s forgotten'")
        } else {
            try holder.execute("BEGIN; INSERT INTO t VALUES (1)")
        }
        let short = Duration.milliseconds(300)
        let patience =
            isPrepared
            ? TransactionWait(prepared: short, working: .seconds(600))
            : TransactionWait(prepared: .zero, working: short)
        let notes = Notes()
        let keeping = SlotKeeping(
            session: try database.session(),
            notify: { notes.add($0) },
            patience: patience
        )
        let words = isPrepared ? "ROLLBACK PREPARED 'it''s forgotten'" : "of user \"\(PostgresServer.user)\""
        do {
            _ = try keeping.make("one", plugin: .pgoutput, host: .selfHosted)
            Issue.record("it was made beside an open transaction")
        } catch let error as PostgresError {
            #expect(error.description.contains(words) && error.description.contains("the slot \"one\""), "\(error)")
            #expect(error.isBusy && !error.isTransient)
            #expect(error.remedy?.text.contains("PREPARED") == true)
        }
        #expect(notes.all.contains { $0.contains(words) })
        #expect(try database.execute("SELECT count(*) FROM pg_replication_slots") == "0")
        if isPrepared {
            try database.execute("ROLLBACK PREPARED 'it''s forgotten'")
        } else {
            try holder.execute("ROLLBACK")
        }
        _ = try keeping.make("one", plugin: .pgoutput, host: .selfHosted)
        #expect(try database.execute("SELECT count(*) FROM pg_replication_slots") == "1")
    }
}
