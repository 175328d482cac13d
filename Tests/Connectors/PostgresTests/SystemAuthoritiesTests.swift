import Foundation
import TandemCore
import TandemRows
import Testing

@testable import TandemPostgres

/// `sslrootcert: system`, whatever libpq makes of the word, and statements that are read by people.
struct SystemAuthoritiesTests {
    @Test func anOldLibraryIsToldTheFile() {
        let files = SystemAuthorities.files
        #expect(SystemAuthorities.setting(version: 150_018) { $0 == files[1] } == files[1])
        #expect(SystemAuthorities.setting(version: 160_000) { _ in true } == "system")
        #expect(SystemAuthorities.setting(version: 150_018) { _ in false } == "system")
    }

    @Test func theWordAsksForTheServersName() throws {
        func mode(_ config: PostgresConfig) throws -> String? {
            try ConnectionParameters(config, in: ConnectionContext(name: "c", folder: "/")).settings
                .last { $0.keyword == "sslmode" }?.value
        }
        var config = PostgresConfig()
        config.sslRootCertificate = "system"
        #expect(try mode(config) == "verify-full")
        config.url = "postgresql://u@h/d?sslmode=require"
        #expect(try mode(config) == nil)
        config.url = nil
        config.sslMode = .require
        #expect(PostgresConnector.problems(of: config).first?.reason.contains("must be verify-full") == true)
        config.sslRootCertificate = "ca.pem"
        #expect(PostgresConnector.problems(of: config).isEmpty)
    }

    @Test func whereNoFileIsFoundTheRemedyNamesOne() {
        let place = Endpoint(host: "h", port: "5432", database: "d", user: "u")
        let words = "root certificate file \"system\" does not exist\nEither provide the file or change sslmode"
        let error = ConnectFailure.error(at: place, words: words, timeout: 10)
        #expect(error.remedy?.text.contains("/etc/ssl/certs/ca-certificates.crt") == true)
        let refused = ConnectFailure.error(at: place, words: "FATAL:  password authentication failed", timeout: 10)
        #expect(refused.remedy?.text.contains("tandem setup") == true)
    }

    @Test func aLongListHasOneEntryALine() {
        #expect(SQL.list(["a", "b"]) == " a, b")
        let names = (1...200).map { TableName(schema: "public", table: "table_\($0)") }
        let create = PublicationPlan.create("p", names, isWhole: true, version: 160_000)
        let lines = create.split(separator: "\n")
        #expect(lines.count == 202 && lines.allSatisfy { $0.count < 120 })
        #expect(lines[1] == "    ONLY \"public\".\"table_1\"," && lines.last?.hasPrefix("WITH (") == true)
    }
}
