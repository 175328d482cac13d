import TandemCore

/// Gets a stream of one kind ready. Blocks.
protocol StreamReadying {
    func run(continuing state: StreamState?) throws -> PreparedStream

    /// What ``run(continuing:)`` would come to. Changes nothing, and waits for nobody.
    func foresee(continuing state: StreamState?) throws -> ForeseenStream
}
