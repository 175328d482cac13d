import TandemCore
import Testing

@testable import TandemPostgres

/// What stands where hosts are named.
struct HostSettingTests {
    @Test(arguments: ["postgresql://u:secret@127.0.0.1/d", "u:secret@127.0.0.1", "a,u:secret@b", "postgres://db"])
    func aURLIsRefusedAndNotQuoted(host: String) {
        let problems = PostgresConnector.problems(of: PostgresConnector.configure(["host": host]).config)
        #expect(problems.map(\.name) == ["host"])
        #expect(problems.allSatisfy { !$0.reason.contains("secret") })
    }

    @Test(arguments: ["127.0.0.1", "a,b.internal", "::1", "/var/run/postgresql", "/run/a@b", "@abstract"])
    func hostsAreNamed(host: String) {
        #expect(PostgresConnector.problems(of: PostgresConnector.configure(["host": host]).config).isEmpty)
    }
}
