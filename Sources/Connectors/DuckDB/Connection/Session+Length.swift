extension Session {
    /// What comes before the blocks of a file.
    private static let headers = 3 * 4096

    /// Refuses a file that is too short for what it holds, such as one that was not copied whole: DuckDB itself notices
    /// only once it comes to a block that is not there.
    func refuseShortFile() throws {
        let question = """
            SELECT (used_blocks * block_size)::VARCHAR FROM pragma_database_size()
            WHERE database_name = \(SQL.literal(catalog))
            """
        try refuse(needing: question)
    }

    /// Refuses a file that ends before the last block of one of its tables. This looks at each of them.
    func refuseCutTables() throws {
        let names = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = \(SQL.literal(catalog))"
        for cells in try texts(names, to: "list its tables") {
            guard let schema = cells[0], let table = cells[1] else { continue }
            let name = [catalog, schema, table].map(SQL.identifier).joined(separator: ".")
            try refuse(
                needing: """
                    SELECT ((max(greatest(block_id, list_max(additional_block_ids))) + 1) * any_value(d.block_size))::VARCHAR
                    FROM pragma_storage_info(\(SQL.literal(name))), pragma_database_size() d
                    WHERE d.database_name = \(SQL.literal(catalog)) AND persistent
                    """
            )
        }
    }

    private func refuse(needing question: String) throws {
        let answer = try texts(question, to: "measure its file").first?.first.flatMap { $0 }
        guard let blocks = answer.flatMap({ Int($0) }), blocks > 0 else { return }
        let (has, needs) = (FileFacts.size(of: file.path), blocks + Self.headers)
        guard has < needs else { return }
        throw DuckDBError.damaged(path: file.path, reason: "it ends after \(has) of at least \(needs) bytes")
    }
}
