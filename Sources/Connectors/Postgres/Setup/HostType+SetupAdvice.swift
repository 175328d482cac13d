extension HostType {
    /// What to know before the statements for `user` are run here.
    func setupAdvice(user: String) -> [String] {
        switch self {
        case .selfHosted:
            [
                "If the server refuses the user, add a line to pg_hba.conf such as "
                    + "\"hostssl all \(user) <this machine's address>/32 scram-sha-256\", and reload."
            ]
        case .rds, .aurora:
            ["Run it as the master user. A security group has to let this machine in."]
        case .cloudSQL:
            ["Run it as the user postgres. Authorised networks or the Auth Proxy have to let this machine in."]
        case .azure: ["Run it as the server's administrator. A firewall rule has to let this machine in."]
        case .heroku:
            [
                "Heroku makes users itself: heroku pg:credentials:create DATABASE --name \(user); take user and password "
                    + "from heroku pg:credentials:url, and run the rest as the default credential.",
                "Essential plans have the default credential only; use that one.",
            ]
        case .supabase:
            [
                "Run it as postgres in the SQL editor. Connect to db.<project>.supabase.co:5432, or to the session pooler, "
                    + "where the user is called \(user).<project>."
            ]
        case .render:
            ["Run it as the database's own user. The external address has to let this machine in (access control)."]
        case .neon: ["Run it as the project's owner. Connect without \"-pooler\" in the host's name."]
        }
    }
}
