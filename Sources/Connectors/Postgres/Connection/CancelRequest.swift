import CLibPQ
import Dispatch

/// Asks a server to stop what it does for a connection.
// Unchecked because libpq documents that any thread may send it, at any time.
struct CancelRequest: @unchecked Sendable {
    private let request: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let request = PQgetCancel(connection) else { return nil }
        self.request = request
    }

    /// Sends it and waits for the server to have got it, but not longer than half a second: it takes a connection of
    /// its own, which a dead network keeps waiting. Use once.
    func send() {
        let sending = DispatchWorkItem {
            var complaint = [CChar](repeating: 0, count: 256)
            // Nothing is to be done when it fails: the connection is closed next.
            _ = PQcancel(request, &complaint, Int32(complaint.count))
            PQfreeCancel(request)
        }
        DispatchQueue(label: "tandem.postgres.cancel").async(execute: sending)
        _ = sending.wait(timeout: .now() + .milliseconds(500))
    }
}
