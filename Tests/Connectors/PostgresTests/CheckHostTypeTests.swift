import TandemCore
import Testing

@testable import TandemPostgres

@Suite struct CheckHostTypeTests {
    @Test(arguments: [
        (HostType.Signs(), HostType.selfHosted),
        (.init(hostName: "db.internal"), .selfHosted),
        (.init(settings: ["rds.extensions"], roles: ["rds_superuser"]), .rds),
        (.init(settings: ["rds.extensions"], functions: ["aurora_version"]), .aurora),
        (.init(hostName: "Shop.abc.eu-west-1.RDS.amazonaws.com"), .rds),
        (.init(hostName: "shop.cluster-abc.eu-west-1.rds.amazonaws.com"), .aurora),
        (.init(hostName: "shop.abc.rds.cn-north-1.amazonaws.com.cn", settings: ["rds.extensions"]), .rds),
        (.init(roles: ["cloudsqlsuperuser"]), .cloudSQL),
        (.init(settings: ["cloudsql.iam_authentication"]), .cloudSQL),
        (.init(hostName: "shop.postgres.database.azure.com"), .azure),
        (.init(settings: ["azure.extensions"]), .azure),
        (
            .init(
                hostName: "x.cluster-y.us-east-1.rds.amazonaws.com",
                schemas: ["heroku_ext"],
                functions: ["aurora_version"]
            ), .heroku
        ),
        (.init(hostName: "ec2-52-1-2-3.compute-1.amazonaws.com"), .heroku),
        (.init(hostName: "db.abcdef.supabase.co"), .supabase),
        (.init(hostName: "localhost", roles: ["supabase_admin"]), .supabase),
        (.init(hostName: "ep-cool-1-pooler.eu-central-1.aws.neon.tech"), .neon),
        (.init(settings: ["neon.tenant_id"]), .neon),
        (.init(hostName: "dpg-abc-a.frankfurt-postgres.render.com"), .render),
        (.init(hostName: "rds.amazonaws.com.evil.example"), .selfHosted),
    ])
    func isRecognised(signs: HostType.Signs, host: HostType) { #expect(HostType(signs) == host) }

    @Test(arguments: HostType.allCases)
    func hasAWayOutOfEverything(host: HostType) {
        for remedy in [host.logicalLogRemedy, host.replicationRemedy("o\"dd"), host.standbyRemedy, host.poolerRemedy] {
            #expect(remedy.text.hasSuffix("."))
            #expect(remedy.sql.allSatisfy { !$0.hasSuffix(";") })
        }
        #expect(host.replicationRemedy("o\"dd").sql.allSatisfy { $0.contains("\"o\"\"dd\"") })
    }
}
