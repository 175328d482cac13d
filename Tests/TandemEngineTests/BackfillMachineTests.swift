import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// Every state with every event.
@Suite struct BackfillMachineTests {
    private typealias Machine = BackfillMachine
    private let start = RunClock.Instant(.zero)
    private let retries = RetryPolicy(limit: 2, firstPause: .seconds(1), longestPause: .seconds(30))
    private let table = BackfillSample.plan(1)

    /// What leads to each state, with a table that a plan asks for.
    private var states: [(name: String, events: [Machine.Event])] {
        let planned = Machine.Event.planned([table], at: BackfillSample.place(1))
        let began = Machine.Event.streamBegan(keeping: nil, isEndless: true)
        let starting = [planned, began]
        let copying = starting + [.buffering(.begun, 1, at: BackfillSample.place(2))]
        let loaded = copying + [.loaded(BackfillSample.outcome(table), end: Checkpoint("5"))]
        return [
            ("wanted", [planned]),
            ("wanted, with a stream that ends", [planned, .streamBegan(keeping: nil, isEndless: false)]),
            ("wanted, after a pause", [planned, .couldNotCopy([table], areLocked: false), began]),
            ("starting", starting),
            ("copying, buffered", copying),
            ("copying, no stream", copying + [.streamEnded]),
            ("cancelling", copying + [.streamEnded, .planned([], at: BackfillSample.place(2))]),
            ("loaded, awaited", loaded),
            ("loaded, arrived", loaded + [.buffering(.joined, 1, at: BackfillSample.place(5))]),
            ("loaded, no stream", loaded + [.streamEnded]),
            ("loaded, whole, no stream", loaded + [.streamEnded, .standing(at: BackfillSample.place(2))]),
            ("published, arrived", loaded + [.buffering(.joined, 1, at: BackfillSample.place(5)), .published]),
            ("published, no stream", loaded + [.streamEnded, .standing(at: BackfillSample.place(3)), .published]),
            ("discarding", copying + [.copyFailed(TestFault(isTransient: false))]),
            ("followed", loaded + [.buffering(.joined, 1, at: BackfillSample.place(5)), .published, .joined]),
        ]
    }

    private var events: [(name: String, event: Machine.Event)] {
        [
            ("planned", .planned([table], at: BackfillSample.place(4))),
            ("planned without it", .planned([], at: BackfillSample.place(4))),
            (
                "planned under another name",
                .planned([BackfillSample.plan(1, target: "other")], at: BackfillSample.place(4))
            ),
            ("planned for another stream", .planned([table], at: BackfillSample.place(4, of: "other"))),
            ("could not copy", .couldNotCopy([table], areLocked: false)),
            ("must copy", .mustCopy(Recopy(table: table, reason: "it changed"))),
            ("standing", .standing(at: BackfillSample.place(4))),
            ("standing where it was", .standing(at: BackfillSample.place(2))),
            ("standing for another stream", .standing(at: BackfillSample.place(4, of: "other"))),
            ("stream began", .streamBegan(keeping: nil, isEndless: true)),
            ("stream with an end began", .streamBegan(keeping: nil, isEndless: false)),
            ("stream ended", .streamEnded),
            ("buffering began", .buffering(.begun, 1, at: BackfillSample.place(4))),
            ("buffering lost", .buffering(.lost("too much"), 1, at: BackfillSample.place(4))),
            ("buffering of another lost", .buffering(.lost("too much"), 2, at: BackfillSample.place(4))),
            ("joined with a batch", .buffering(.joined, 1, at: BackfillSample.place(5))),
            ("cannot buffer", .cannotBuffer),
            ("reached", .reached(BackfillSample.place(6))),
            ("loaded", .loaded(BackfillSample.outcome(table), end: Checkpoint("5"))),
            ("loaded, end unknown", .loaded(BackfillSample.outcome(table), end: nil)),
            ("copy failed", .copyFailed(TestFault(isTransient: false))),
            ("copy failed in passing", .copyFailed(TestFault(isTransient: true))),
            ("copy cancelled", .copyFailed(CancellationError())),
            ("published", .published),
            ("joined", .joined),
            ("could not join", .couldNotJoin(TestFault(isTransient: false))),
            ("must copy instead of joining", .couldNotJoin(Recopy(table: table, reason: "it changed"))),
            ("discarded", .discarded),
            ("pause is over", .pauseIsOver),
        ]
    }

    private func machine(after events: [Machine.Event]) -> Machine {
        var machine = Machine(retries: retries)
        for event in events { _ = machine.handle(event, at: start) }
        return machine
    }

    /// What an event leads to is written down for each state; where nothing is, it leads to nothing.
    @Test func everyStateWithEveryEvent() {
        var found: [String] = []
        for (state, before) in states {
            found.append("# \(state)")
            for (name, event) in events {
                var machine = machine(after: before)
                let earlier = BackfillSample.text(machine)
                let actions = machine.handle(event, at: start).map(BackfillSample.text)
                let now = BackfillSample.text(machine)
                guard now != earlier || !actions.isEmpty else { continue }
                found.append(
                    "\(name): \(([now == earlier ? nil : now].compactMap(\.self) + actions).joined(separator: ", "))"
                )
            }
        }
        let expected = Self.expected.split(separator: "\n").map(String.init)
        let difference = zip(found, expected).first { $0 != $1 }
        #expect(
            found == expected,
            "\(difference.map { "\($0) is not: \($1)" } ?? "")\n\(found.joined(separator: "\n"))"
        )
    }

    private static let expected = """
        # wanted
        planned without it: idle
        must copy: report copying again: it changed
        stream began: starting, start buffering t1
        # wanted, with a stream that ends
        planned without it: idle
        must copy: report copying again: it changed
        stream began: starting, start buffering t1
        reached: confirm 6
        # wanted, after a pause
        planned without it: idle
        could not copy: wake
        must copy: report copying again: it changed
        reached: confirm 6
        # starting
        planned: wanted
        planned without it: idle
        planned under another name: wanted
        planned for another stream: wanted
        must copy: report copying again: it changed
        stream began: start buffering t1
        stream with an end began: wanted
        stream ended: wanted
        buffering began: copying, buffered (4), copy t1 since 4
        buffering lost: copying (4), copy t1 since 4
        joined with a batch: copying (5), copy t1 since 5
        cannot buffer: copying (1), copy t1 since 1
        reached: confirm 6
        # copying, buffered
        planned: copying (2)
        planned without it: cancelling, cancel the copy
        planned under another name: cancelling, cancel the copy
        planned for another stream: cancelling, cancel the copy
        must copy: report copying again: it changed
        stream began: copying (2)
        stream with an end began: copying (2)
        stream ended: copying (2)
        buffering lost: copying (2)
        loaded: loaded, awaited (2), join after 5
        loaded, end unknown: loaded, buffered (2), stop the stream
        copy failed: discarding, discard with sections, report failure, confirm 2
        copy failed in passing: discarding, discard, report retrying, confirm 2
        copy cancelled: discarding, discard, confirm 2
        # copying, no stream
        planned without it: cancelling, cancel the copy
        planned under another name: cancelling, cancel the copy
        planned for another stream: cancelling, cancel the copy
        must copy: report copying again: it changed
        loaded: loaded, missed (2)
        loaded, end unknown: loaded, missed (2)
        copy failed: discarding, discard with sections, report failure
        copy failed in passing: discarding, discard, report retrying
        copy cancelled: discarding, discard
        # cancelling
        must copy: report copying again: it changed
        loaded: discarding, discard
        loaded, end unknown: discarding, discard
        copy failed: discarding, discard
        copy failed in passing: discarding, discard
        copy cancelled: discarding, discard
        # loaded, awaited
        planned: loaded, missed (2)
        planned without it: discarding, discard
        planned under another name: discarding, discard
        planned for another stream: discarding, discard
        must copy: report copying again: it changed
        stream began: loaded, missed (2), stop the stream
        stream with an end began: loaded, missed (2)
        stream ended: loaded, missed (2)
        buffering lost: loaded, missed (2), stop the stream
        joined with a batch: loaded, arrived (2), publish
        published: published, awaited (2)
        could not join: discarding, discard, report failure, stop the stream, confirm 2
        must copy instead of joining: discarding, discard, report copying again: it changed, stop the stream, confirm 2
        # loaded, arrived
        planned: loaded, missed (2)
        planned without it: discarding, discard
        planned under another name: discarding, discard
        planned for another stream: discarding, discard
        must copy: report copying again: it changed
        stream began: loaded, missed (2), stop the stream
        stream with an end began: loaded, missed (2)
        stream ended: loaded, missed (2)
        published: published, arrived (2)
        could not join: discarding, discard, report failure, stop the stream, confirm 2
        must copy instead of joining: discarding, discard, report copying again: it changed, stop the stream, confirm 2
        # loaded, no stream
        planned without it: discarding, discard
        planned under another name: discarding, discard
        planned for another stream: discarding, discard
        must copy: report copying again: it changed
        standing: publish
        standing where it was: loaded, none (2), publish as followed
        standing for another stream: discarding, discard, report copying again: the stream that it was copied for is gone
        stream began: stop the stream
        published: published, missed (2), reread 2 to 2
        could not join: discarding, discard, report failure
        must copy instead of joining: discarding, discard, report copying again: it changed
        # loaded, whole, no stream
        planned: loaded, missed (2)
        planned without it: discarding, discard
        planned under another name: discarding, discard
        planned for another stream: discarding, discard
        must copy: report copying again: it changed
        standing: loaded, missed (2), publish
        standing where it was: publish as followed
        standing for another stream: discarding, discard, report copying again: the stream that it was copied for is gone
        stream began: loaded, missed (2), stop the stream
        stream with an end began: loaded, missed (2)
        stream ended: loaded, missed (2)
        buffering lost: loaded, missed (2)
        published: followed
        could not join: discarding, discard, report failure
        must copy instead of joining: discarding, discard, report copying again: it changed
        # published, arrived
        planned: published, missed (2)
        planned without it: discarding, discard
        planned under another name: discarding, discard
        planned for another stream: discarding, discard
        must copy: report copying again: it changed
        stream began: published, missed (2), stop the stream
        stream with an end began: published, missed (2)
        stream ended: published, missed (2)
        joined: followed, confirm 2
        could not join: discarding, discard, report failure, stop the stream, confirm 2
        must copy instead of joining: discarding, discard, report copying again: it changed, stop the stream, confirm 2
        # published, no stream
        planned without it: discarding, discard
        planned under another name: discarding, discard
        planned for another stream: discarding, discard
        must copy: report copying again: it changed
        standing: reread 2 to 4
        standing where it was: reread 2 to 2
        standing for another stream: discarding, discard, report copying again: the stream that it was copied for is gone
        stream began: stop the stream
        published: reread 2 to 3
        joined: followed
        could not join: discarding, discard, report failure
        must copy instead of joining: discarding, discard, report copying again: it changed
        # discarding
        must copy: report copying again: it changed
        reached: confirm 6
        discarded: wanted, wake
        # followed
        planned: wanted
        planned under another name: wanted
        planned for another stream: wanted
        must copy: idle, report copying again: it changed
        reached: confirm 6
        """
}
