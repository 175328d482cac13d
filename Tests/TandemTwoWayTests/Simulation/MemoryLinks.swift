import Synchronization
import TandemRows
import TandemTwoWay

/// Links in memory, of which a crash leaves what was made durable.
final class MemoryLinks: LinkKeeping {
    struct Content {
        var links: [LinkID: Link] = [:]
        var byRecord: [WorkItem: LinkID] = [:]
        var cursors = Both<Checkpoint?>(left: nil, right: nil)
        var marks: [WorkItem: Mark] = [:]
        var issues: [WorkItem: [RecordIssue]] = [:]
        var conflicts: [LoggedConflict] = []
        var history: [HistoryEntry] = []
        var note: Int64 = 0
        var highest: LinkID = 0
    }

    private let state: Mutex<(now: Content, durable: Content)>
    private let sabotage: Sabotage

    init(_ sabotage: Sabotage = []) {
        self.sabotage = sabotage
        state = Mutex((Content(), Content()))
    }

    var content: Content { state.withLock { $0.now } }

    func crash() { state.withLock { $0.now = $0.durable } }

    func links(of items: [WorkItem]) throws -> [WorkItem: Link] {
        state.withLock { state in
            var found: [WorkItem: Link] = [:]
            for item in items {
                let id: LinkID? =
                    if case .link(let id) = item { id } else { state.now.byRecord[item] }
                if let id, let link = state.now.links[id] { found[item] = spoilt(link) }
            }
            return found
        }
    }

    func page(of pair: Int, after id: LinkID, limit: Int) throws -> [Link] {
        state.withLock { state in
            let links = state.now.links.values.filter { $0.pair == pair && $0.id > id }
            return Array(links.sorted { $0.id < $1.id }.prefix(limit))
        }
    }

    func store(_ changes: LinkChanges, isDurable: Bool) throws {
        state.withLock { state in
            state.now.apply(changes)
            if isDurable { state.durable = state.now }
        }
    }

    func start() -> Reconciler.Start {
        state.withLock { state in
            let content = state.now
            let unfinished = content.links.values.filter {
                !$0.isSevered && ($0.intent != nil || !$0.hasBase || $0.keys.left == nil || $0.keys.right == nil)
            }
            return Reconciler.Start(
                nextLink: content.highest + 1,
                note: content.note,
                marks: content.marks,
                unfinished: sabotage.contains(.noScan) ? [] : unfinished.map(spoilt).sorted { $0.id < $1.id }
            )
        }
    }

    private func spoilt(_ link: Link) -> Link {
        var link = link
        if sabotage.contains(.noIntents) { link.intent = nil }
        if sabotage.contains(.noVersions) { link.versions = Both(left: nil, right: nil) }
        if sabotage.contains(.sharedBase) { link.base.right = link.base.left }
        return link
    }
}

extension MemoryLinks.Content {
    mutating func apply(_ changes: LinkChanges) {
        for id in changes.removed { forget(id) }
        for (id, link) in changes.links {
            forget(id)
            links[id] = link
            highest = max(highest, id)
            for side in Side.allCases {
                if let key = link.keys[side] { byRecord[.record(side, pair: link.pair, key)] = id }
            }
        }
        for side in Side.allCases { cursors[side] = changes.cursors[side] ?? cursors[side] }
        for (item, mark) in changes.marks { marks[item] = mark }
        for (item, list) in changes.issues { issues[item] = list.isEmpty ? nil : list }
        conflicts += changes.conflicts
        history += changes.history
        note = changes.note ?? note
    }

    private mutating func forget(_ id: LinkID) {
        guard let link = links.removeValue(forKey: id) else { return }
        for side in Side.allCases {
            guard let key = link.keys[side] else { continue }
            let item = WorkItem.record(side, pair: link.pair, key)
            if byRecord[item] == id { byRecord[item] = nil }
        }
    }
}

/// Parts of the engine that a run does without, each of which it needs.
struct Sabotage: OptionSet, Sendable {
    let rawValue: Int

    /// One base for both sides.
    static let sharedBase = Sabotage(rawValue: 1)
    /// What is agreed is stored before it is written.
    static let baseFirst = Sabotage(rawValue: 1 << 1)
    /// A feed's place is stored before what it told is done.
    static let cursorFirst = Sabotage(rawValue: 1 << 2)
    /// Versions are not compared.
    static let noVersions = Sabotage(rawValue: 1 << 3)
    /// What is told of a record in work is dropped.
    static let noGenerations = Sabotage(rawValue: 1 << 4)
    /// Creates of which no answer came are not looked for.
    static let noSearch = Sabotage(rawValue: 1 << 5)
    /// No write is noted before it is begun.
    static let noIntents = Sabotage(rawValue: 1 << 6)
    /// What was left unfinished is not looked at after a crash.
    static let noScan = Sabotage(rawValue: 1 << 7)
    /// Notes are not read after a crash.
    static let noNotes = Sabotage(rawValue: 1 << 8)
}
