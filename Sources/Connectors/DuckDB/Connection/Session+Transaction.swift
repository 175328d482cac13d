extension Session {
    /// Runs `body` as one transaction: all of it durable when this returns, or none of it done.
    func transaction(_ body: () throws -> Void) throws {
        try run("BEGIN", to: "begin")
        do {
            try body()
            try run("COMMIT", to: "commit")
        } catch {
            // A failed commit has rolled back already, and says so here.
            try? run("ROLLBACK", to: "roll back")
            throw error
        }
    }
}
