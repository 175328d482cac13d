import Foundation
import TandemCore
import TandemRows
import TandemTesting

extension InterceptedSource {
    /// A source whose rows do not come before `gate` lets them, which is told what streams are asked for.
    static func held(_ source: any Source, by gate: any RowGate) -> InterceptedSource {
        InterceptedSource(
            source,
            rows: { rows, _, _ in
                InterceptedRows(rows, onCancel: gate.open) { reader in
                    let batch = try reader.next()
                    gate.pass()
                    return batch
                }
            },
            log: { log in
                InterceptedLog(log) { stream, request in
                    gate.note(request)
                    return stream
                }
            }
        )
    }
}

/// What rows have to pass.
protocol RowGate: Sendable {
    /// Called with each stream that is asked for.
    func note(_ request: StreamRequest)
    /// Called with each batch, by the destination's own threads.
    func pass()
    /// Called when nobody wants the rows any more.
    func open()
}

/// Blocks who reads rows, until it is opened.
// Unchecked because the condition guards what changes.
final class OpenableGate: RowGate, @unchecked Sendable {
    private let condition = NSCondition()
    private var isOpen = false
    private var reached = false
    private var streams: [StreamRequest] = []

    /// The streams that were asked for.
    var requests: [StreamRequest] { condition.withLock { streams } }
    func note(_ request: StreamRequest) { condition.withLock { streams.append(request) } }

    /// Whether somebody has wanted rows.
    var isReached: Bool { condition.withLock { reached } }

    func open() {
        condition.withLock {
            isOpen = true
            condition.broadcast()
        }
    }

    func pass() {
        condition.withLock {
            reached = true
            while !isOpen { condition.wait() }
        }
    }
}
