import TandemCore
import Testing

@testable import TandemPostgres

/// What stands where hosts are named.
struct HostSettingTests {
    @Test(arguments: ["postgresql://u:secret@127.0.0.1/d", "u:secret@127.0.0.1", "a,u:secret@b", "postgres://db"])
    func aURLIsRefusedAndNotQuoted(host: String) {
        let problems = PostgresConnector.configure(["host": host]).wrong
        #expect(problems.map(\.name) == ["host"])
        #expect(problems.allSatisfy { !$0.reason.contains("secret") })
    }

    @Test(arguments: [
        ("host=127.0.0.1 password=secret", "key of its own"), ("127.0.0.1?password=secret", "key of its own"),
        ("a=secret", "\"password\""), ("a secret", "letters"), ("127.0.0.1:5432", "\"port\""),
        ("db/secret", "\"database\""),
        ("db?secret", "\"url\""), ("db\tsecret", "letters"), ("[::1]:5432", "brackets"), ("a,b:6", "\"port\""),
        ("secret$", "letters"), ("/tmp password=secret", "key of its own"), ("\"secret", "letters"),
        ("jdbc:postgresql://db/x?user=u&password=secret", "\"url\""), ("db;password=secret", "key of its own"),
    ])
    func whatIsNoHostIsRefusedAndNotQuoted(host: String, remedy: String) {
        let problems = PostgresConnector.configure(["host": host]).wrong
        #expect(problems.map(\.name) == ["host"])
        #expect(problems.allSatisfy { !$0.reason.contains("secret") && $0.reason.contains(remedy) }, "\(problems)")
    }

    /// What belongs to a whole connection may hold a password, wherever it stands.
    @Test(arguments: [
        "postgresql://u:secret@127.0.0.1/d", "host=127.0.0.1 password=secret", "host=127.0.0.1 password=\u{301}secret", "PASSWORD = 'secret'",
        "jdbc:postgresql://db/x?user=u&password=secret", "u:secret@db", "postgres://db?sslpassword=secret",
        "Server=db;Pwd=secret", "md:x?motherduck_token=secret",
    ])
    func connectionStringsAreNotShown(text: String) {
        for field in PostgresConnector.fieldSummaries where field.kind != .secret {
            let problems = PostgresConnector.configure([field.name: text]).wrong
            #expect(problems.map(\.name).contains(field.name), "\(field.name)")
            #expect(!problems.contains { $0.reason.contains("secret") }, "\(problems)")
        }
    }

    @Test func whatHasSignsOfItsOwnIsTaken() {
        let settings = [
            "options": "-c work_mem=64MB -c myapp.user=x -c search_path=a,b", "user": "tandem@tenant",
            "database": "a b-c", "application_name": "shop: nightly", "password_file": "/run/secrets/db@x",
            "sslrootcert": "certs/root=1.pem", "publication": "app's", "service": "shop.eu",
        ]
        #expect(PostgresConnector.configure(settings).wrong.isEmpty)
    }

    @Test(arguments: [
        "127.0.0.1", "a,b.internal", "::1", "fe80::1%eth0", "/var/run/postgresql", "/run/a@b", "/run/a b", "@abstract",
        "xn--bcher-kva.example", "bücher.example", "my_db", "a,", "2001:db8::5,10.0.0.1",
    ])
    func hostsAreNamed(host: String) {
        #expect(PostgresConnector.problems(of: PostgresConnector.configure(["host": host]).config).isEmpty)
    }
}
