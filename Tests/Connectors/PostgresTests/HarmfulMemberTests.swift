import TandemCore
import TandemTesting
import Testing

@testable import TandemPostgres

/// Tables whose publication has the server refuse their updates.
@Suite(.blocking) struct HarmfulMemberTests {
    /// A name says nothing: another project's publication may be called as ours would be.
    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func onlyWhatTheDestinationRemembersIsAltered(version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        let session = try database.session()
        let likely = SlotName.publication(for: "tandem_\(database.name)").all
        try database.execute(
            """
            CREATE TABLE t (id int PRIMARY KEY);
            CREATE PUBLICATION \(SQL.identifier(likely)) FOR TABLE t; CREATE PUBLICATION tandem_ours FOR TABLE t;
            ALTER TABLE t DROP CONSTRAINT t_pkey
            """
        )
        let place = try Origin.read(session)
        func published() throws -> [String] {
            try session.query("SELECT pubname FROM pg_publication_tables ORDER BY pubname").rows.compactMap { $0[0] }
        }
        func remove(_ made: [MadeObject]) throws {
            let record = SourceRecord(sync: "one", made: made, streams: [])
            try HarmfulMembers(session: session, config: database.config).remove(record)
        }
        let elsewhere = MadeObject(sync: "one", project: "p", kind: .publication, name: likely, place: place + "0")
        try remove([])
        try remove([elsewhere])
        #expect(try published() == [likely, "tandem_ours"].sorted())
        try remove([elsewhere, MadeObject(sync: "one", project: "p", kind: .publication, name: "tandem_ours", place: place)])
        #expect(try published() == [likely])
        session.close()
    }
}
