import TandemCore
import Testing

@testable import TandemPostgres

@Suite struct ConfigTests {
    private func wrong(_ settings: [String: String]) -> [String] {
        PostgresConnector.configure(settings).wrong.map(\.description)
    }

    @Test func goodOnes() {
        #expect(wrong([:]).isEmpty)
        #expect(
            wrong([
                "host": "a,b", "port": "5432,5433", "sslmode": "verify-full", "target_session_attrs": "prefer-standby",
            ]).isEmpty
        )
        #expect(wrong(["url": "postgresql://u@h/d", "password": "x", "readers": "8"]).isEmpty)
        #expect(
            wrong(["service": "shop", "options": "-c work_mem=1MB", "connect_timeout": "5", "plugin": "wal2json"])
                .isEmpty
        )
        #expect(wrong(["url": "host=h dbname=d"]).isEmpty)
    }

    @Test(arguments: [
        (
            ["port": "70000"],
            "setting \"port\" must be a port from 1 to 65535, or several separated by commas, not \"70000\""
        ),
        (
            ["port": "1,x"],
            "setting \"port\" must be a port from 1 to 65535, or several separated by commas, not \"1,x\""
        ),
        (["readers": "0"], "setting \"readers\" must be a whole number from 1 to 64, not \"0\""),
        (
            ["sslmode": "on"],
            "setting \"sslmode\" must be one of disable, allow, prefer, require, verify-ca, verify-full, not \"on\""
        ),
        (["host": "a,b", "port": "1,2,3"], "setting \"port\" must be one port, or as many as there are hosts (2)"),
        (["url": "postgresql://h/d", "database": "e"], "setting \"database\" is also in \"url\": give it once"),
        (["sslcert": "c"], "setting \"sslkey\" is missing: a client certificate needs both sslcert and sslkey"),
    ])
    func badOnes(settings: [String: String], message: String) {
        #expect(wrong(settings) == [message])
    }

    @Test func secretsStaySecret() throws {
        let secret = "hunter2"
        let settings = ["url": "postgresql://u:\(secret)@h/d", "password_file": "f"]
        #expect(wrong(settings) == ["setting \"password_file\" is also in \"url\": give it once"])
        #expect(wrong(["password": secret, "password_file": "f"]).count == 1)
        for url in ["postgresql://u:\(secret)%zz@h/d", "postgresql://u:\(secret)@[h/d", "host=h \(secret)"] {
            let complaints = wrong(["url": url])
            #expect(complaints.count == 1 && !complaints[0].contains(secret), "\(complaints)")
        }
        var config = PostgresConfig()
        config.url = "postgresql://u:\(secret)@h:5433/d"
        config.password = secret
        var dumped = ""
        dump(config, to: &dumped)
        #expect(!"\(config) \(String(reflecting: config)) \(dumped)".contains(secret))
        #expect("\(config)".contains("h:5433/d"))
        config.url = nil
        config.host = secret + ".invalid"
        let error = #expect(throws: PostgresError.self) { try Session(config, in: .test) }
        #expect(error.map { "\($0)".contains("cannot be reached") } == true)
        let words = "password \"\(secret)\" is odd"
        #expect(try ConnectionParameters(config, in: .test).withoutSecrets(words) == "password \"********\" is odd")
    }

    @Test func everySettingIsDeclaredOnce() {
        let names = PostgresConnector.fields.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(PostgresConnector.fields.filter { $0.kind == .secret }.map(\.name) == ["url", "password"])
    }
}
