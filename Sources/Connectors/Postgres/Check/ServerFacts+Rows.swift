extension ServerFacts {
    /// From the answers to ``ServerQueries``.
    init(facts: [String?], settings: [[String?]], signs: [[String?]], hostName: String, version: Int) throws {
        var row = ResultRow(facts)
        self.init(version: version, database: try row.text(), user: try row.text())
        isSuperuser = try row.flag()
        mayReplicate = try row.flag()
        bypassesRowSecurity = try row.flag()
        connectionLimit = try row.optionalNumber()
        databaseConnectionLimit = try row.optionalNumber()
        mayCreateInDatabase = try row.flag()
        hasNotesSchema = try row.flag()
        mayCreateNotes = try row.flag()
        isStandby = try row.flag()
        encoding = try row.text()
        connections = try row.number()
        ownConnections = try row.number()
        databaseConnections = try row.number()
        for cells in settings {
            var row = ResultRow(cells)
            self.settings[try row.text()] = try row.optional()
        }
        var seen = HostType.Signs(hostName: hostName, settings: Set(self.settings.keys))
        for cells in signs {
            var row = ResultRow(cells)
            let kind = try row.text()
            let name = try row.text()
            switch kind {
            case "role": seen.roles.insert(name)
            case "schema": seen.schemas.insert(name)
            default: seen.functions.insert(name)
            }
        }
        host = HostType(seen)
    }
}
