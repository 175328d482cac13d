import Foundation
import TandemTesting
import Testing

/// Where output goes that cannot be taken, and what is kept back on request.
@Suite(.blocking) struct OutputTests {
    private func copied(_ method: String = "FULL_TABLE") throws -> (Program, PostgresServer, String) {
        let server = try PostgresServer.shared(.v15)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE items (id int PRIMARY KEY, v text)", in: database)
        try server.execute("INSERT INTO items SELECT g, repeat('x', 100) FROM generate_series(1, 5000) g", in: database)
        let program = try Program()
        try program.write(Program.configuration(server, database, method: method))
        #expect(try program.run("run").status == 0)
        return (program, server, database)
    }

    /// Every command that prints to standard output fails where that is full, and ends in silence where nobody reads.
    @Test func outputThatIsNotTakenIsAnError() throws {
        let (program, _, _) = try copied()
        defer { program.remove() }
        let commands = [
            "--help", "--version", "--generate-completion-script bash", "check", "check --json", "discover shop",
            "discover shop --json", "setup shop", "setup shop --json", "plan", "plan --json", "run", "run --json",
            "status", "status --json", "verify copy", "verify copy --json", "query warehouse 'FROM items'",
            "query warehouse 'FROM items' --csv", "query shop 'TABLE items' --json", "issues", "issues --json",
            "connectors", "connectors duckdb --json", "teardown warehouse --json",
        ]
        for command in commands {
            let full = try program.shell("tandem \(command) > /dev/full")
            #expect(full.status == 1, "\(command): \(full.errors)")
            #expect(full.errors.contains("Standard output could not be written: No space left"), "\(command)")
        }
        #expect(try program.run("run").status == 0)
        for command in ["query warehouse 'FROM items' --csv", "query warehouse 'FROM items' --json", "connectors"] {
            let gone = try program.shell("trap '' PIPE; tandem \(command) | head -c 0; exit ${PIPESTATUS[0]}")
            #expect(gone.status == 0, "\(command): \(gone.errors)")
            #expect(gone.errors.isEmpty, "\(command): \(gone.errors)")
        }
    }

    /// A number that is free is not given to a file or a connection, into which output would be written.
    @Test func withoutAnOutputNothingIsWrittenElsewhere() throws {
        let (program, server, database) = try copied()
        defer { program.remove() }
        try server.execute("INSERT INTO items VALUES (0, 'new')", in: database)
        #expect(try program.shell("tandem run >&- 2>&- <&-").status == 1)
        let verified = try program.run("verify", "copy")
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    }

    /// `--quiet` tells what went wrong, and nothing else.
    @Test func quietIsQuiet() throws {
        let (program, server, database) = try copied()
        defer { program.remove() }
        let quiet = try program.run("run", "--quiet")
        #expect(quiet.status == 0)
        #expect(quiet.output.isEmpty && quiet.errors.isEmpty, "\(quiet.output)\(quiet.errors)")
        try server.execute("CREATE VIEW bad AS SELECT 1 / (count(*) - 5000) AS x FROM items", in: database)
        let failed = try program.run("run", "--quiet")
        #expect(failed.status == 1)
        #expect(failed.output.isEmpty, "\(failed.output)")
        #expect(failed.errors.hasPrefix("error: public.bad: "), "\(failed.errors)")
        #expect(!failed.errors.contains("reading as of"))
    }
}
