import Testing

@testable import TandemPostgres

/// How long a server is left alone between two looks at what it has sent.
struct ReplicationPaceTests {
    /// - Parameter rates: What the server sends, in bytes a microsecond.
    @Test(arguments: [30, 45, 60, 90])
    func pausesSettleWhereEnoughComes(rate: Int) {
        for (pace, wanted) in [
            (ReplicationPace.overNetwork, 9_000...11_000), (ReplicationPace.withinMachine, 200_000...250_000),
        ] {
            let brought = settled(pace, rate: rate)
            // One step of it is an eighth.
            #expect((wanted.lowerBound * 7 / 8...wanted.upperBound * 9 / 8).contains(brought))
        }
    }

    @Test func slowServersAreNotLeftAloneForLong() {
        #expect(settled(.overNetwork, rate: 1) == 400)
        #expect(settled(.withinMachine, rate: 1) == 8_000)
    }

    @Test func thereIsNoPauseWhileMoreWaits() {
        var pace = ReplicationPace.withinMachine
        #expect(pace.next(unread: 8192) == 0)
        // The rest of a piece, of which more comes once there is room.
        pace.look(finding: 16_000)
        #expect(pace.next(unread: 12) == 0)
        pace.look(finding: 12)
        #expect(pace.next(unread: 12) > 0)
        var other = ReplicationPace.overNetwork
        other.look(finding: 16_000)
        #expect(other.next(unread: 100_000) > 0)
    }

    @Test func whoIsWaitedForIsNotLeftAloneForLong() {
        var pace = ReplicationPace.withinMachine
        for _ in 0..<100 {
            pace.note(200)
            #expect(pace.next(unread: 0, isPrompt: true) <= 500)
        }
        // Single changes, whose messages come one behind the other, are put together at once.
        pace.note(200)
        #expect(pace.next(unread: 0, isPrompt: true) <= 100)
        // Unless much comes: then each look disturbs more than it brings.
        for _ in 0..<100 {
            pace.note(100_000)
            _ = pace.next(unread: 0, isPrompt: true)
        }
        pace.note(100_000)
        #expect(pace.next(unread: 0, isPrompt: true) > 500)
    }

    /// The bytes of the last of many pauses.
    private func settled(_ pace: ReplicationPace, rate: Int) -> Int {
        var (pace, brought) = (pace, 0)
        for _ in 0..<200 {
            pace.note(brought)
            // A look that finds nothing more.
            pace.look(finding: 0)
            brought = Int(pace.next(unread: 0)) * rate
        }
        return brought
    }
}
