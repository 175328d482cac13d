import Synchronization
package import TandemCore
import TandemRows

/// Does what a ``Reconciler`` asks for.
package final class ActionCalls: Sendable {
    /// Whose notes the sides keep: those of another link store are of no use to this one.
    private let store: String
    private let pairs: [PairRules]
    private let stores: Both<any RecordStore>
    private let links: any LinkKeeping
    /// Gets what a side's call failed with.
    private let noteFailure: @Sendable (Side, any Error) -> Void
    private let open = Mutex(Both<(any RecordTransaction)?>(left: nil, right: nil))

    package init(
        of store: String,
        pairs: [PairRules],
        stores: Both<any RecordStore>,
        links: any LinkKeeping,
        noteFailure: @escaping @Sendable (Side, any Error) -> Void = { _, _ in }
    ) {
        self.store = store
        self.pairs = pairs
        self.stores = stores
        self.links = links
        self.noteFailure = noteFailure
    }

    /// - Throws: Where the links cannot be read or stored.
    package func perform(_ action: Reconciler.Action) async throws -> Reconciler.Answer {
        switch action {
        case .lookUp(let items): return .links(try await links.links(of: items))
        case .store(let changes, let isDurable):
            try await links.store(changes, isDurable: isDurable)
            return .done
        case .read(let side, let pair, let keys):
            return await call(side) { .records(try await $0.read(keys, of: self.pairs[pair].shapes[side])) }
        case .find(let side, let pair, let values):
            let rules = pairs[pair]
            return await call(side) { .records(try await $0.find(values, in: rules.match, of: rules.shapes[side])) }
        case .made(let side, let pair, let operations):
            return await call(side) { .made(try await $0.made(by: operations, of: self.pairs[pair].shapes[side])) }
        case .write(let side, let writes): return await write(writes, at: side)
        case .commit(let side, let changes, let number, let forgotten):
            return await call(side) { _ in
                guard let transaction = self.take(side) else { throw CancellationError() }
                try await transaction.commit(
                    WriteNote(number: number, bytes: changes.encoded()),
                    forgetting: forgotten
                )
                return .done
            }
        case .rollback(let side):
            await take(side)?.rollback()
            return .done
        case .notes(let side, let number):
            return await call(side) { store in
                let notes = try await store.notes(of: self.store, after: number)
                return .notes(try notes.map { ($0.number, try LinkChanges(decoding: $0.bytes)) })
            }
        }
    }

    private func write(_ writes: [RecordWrite], at side: Side) async -> Reconciler.Answer {
        await take(side)?.rollback()
        let answer = await call(side) { store in
            guard let transaction = try await store.begin(self.store) else {
                return .outcomes(try await store.write(writes))
            }
            self.open.withLock { $0[side] = transaction }
            return .outcomes(try await transaction.write(writes))
        }
        if case .failed = answer { await take(side)?.rollback() }
        return answer
    }

    private func take(_ side: Side) -> (any RecordTransaction)? {
        open.withLock { open in
            defer { open[side] = nil }
            return open[side]
        }
    }

    private func call(
        _ side: Side,
        _ body: (any RecordStore) async throws -> Reconciler.Answer
    ) async -> Reconciler.Answer {
        do { return try await body(stores[side]) } catch {
            noteFailure(side, error)
            return .failed
        }
    }
}
