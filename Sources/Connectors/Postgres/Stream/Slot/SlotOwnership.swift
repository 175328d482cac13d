import TandemCore

/// Thrown before something is made: the destination is to learn of it first. What was made and is not known of would
/// stay for ever, and keep log.
struct Unclaimed: Error {
    var made: [MadeObject]
    var gone: [MadeObject]
}

/// Which slots and publications of a database are those of one sync. Pure.
struct SlotOwnership: Sendable {
    private let known: [MadeObject]
    private let sync: String
    private let project: String
    private let place: String
    private let database: String
    /// The slot of the stream that the destination knows, where it is not where that stream left it.
    private let elsewhere: String?
    /// What an earlier version made, which remembered no more of it than the stream's name.
    let adopted: [MadeObject]
    /// The slot of the stream that the destination knows, if it has a name that earlier versions chose.
    private let earlier: String?

    /// - Parameters:
    ///   - state: What the destination has of the stream.
    ///   - slots: All of the server.
    init(
        _ made: [MadeObject],
        sync: String,
        project: String,
        place: String,
        state: StreamCheckpoint?,
        slots: [SlotFacts],
        config: PostgresConfig,
        database: String
    ) {
        (self.sync, self.project, self.place, self.database) = (sync, project, place, database)
        let stream = state.flatMap { StreamIdentity($0.id) }
        known = made.filter { $0.sync == sync && $0.place == place }
        // One that was being made anew when the run was killed is ours, whatever its place is.
        let isOngoing = known.contains { $0.kind == .slot && $0.name == stream?.slot && $0.replacing == state?.id }
        let slot = stream.flatMap { stream in slots.first { $0.name == stream.slot } }
        let isElsewhere = state.flatMap { slot?.isElsewhere(than: $0) } ?? false
        elsewhere = isElsewhere && !isOngoing ? stream?.slot : nil
        let isEarlier = stream.map { SlotName.isEarlier($0.slot, in: database) } ?? false
        earlier = isEarlier && config.slot == nil ? stream?.slot : nil
        if let stream, earlier != nil, elsewhere == nil, !known.contains(where: { $0.kind == .slot }) {
            let names = SlotName.publication(for: stream.slot)
            let publications = config.publication == nil ? [names.all, names.appends] : []
            adopted =
                [MadeObject(sync: sync, project: project, kind: .slot, name: stream.slot, place: place)]
                + publications.map {
                    MadeObject(sync: sync, project: project, kind: .publication, name: $0, place: place)
                }
        } else {
            adopted = []
        }
    }

    func has(_ kind: MadeObject.Kind, _ name: String) -> Bool {
        guard kind != .slot || name != elsewhere else { return false }
        return (known + adopted).contains { $0.kind == kind && $0.name == name }
    }

    /// Whether `slot` is that of the known stream and not where it left it.
    func isContradicted(_ slot: String) -> Bool {
        slot == elsewhere && (slot == earlier || known.contains { $0.kind == .slot && $0.name == slot })
    }

    /// What is remembered and turned out to be another's.
    var disowned: [MadeObject] { known.filter { $0.kind == .slot && $0.name == elsewhere } }

    func object(_ kind: MadeObject.Kind, _ name: String, replacing: String? = nil) -> MadeObject {
        MadeObject(sync: sync, project: project, kind: kind, name: name, place: place, replacing: replacing)
    }

    /// The first of our names that is free, or is of a slot of ours.
    func newName(of syncs: [String], among slots: [SlotFacts]) -> String {
        let taken = Set(slots.map(\.name))
        let names = (1...slots.count + 1).map { name($0, syncs) }
        return names.first { !taken.contains($0) || has(.slot, $0) } ?? names[0]
    }

    /// Slots whose names come before `name` and are others', and the one that this sync read until now.
    func passedOver(for name: String, of syncs: [String], among slots: [SlotFacts]) -> [String] {
        let before = (1...slots.count + 1).map { self.name($0, syncs) }.prefix { $0 != name }
        let left =
            (before.count <= slots.count ? Array(before) : []) + [elsewhere].compactMap { $0 }.filter(isContradicted)
        return slots.map(\.name).filter(left.contains)
    }

    private func name(_ number: Int, _ syncs: [String]) -> String {
        SlotName.made(for: sync, of: syncs, in: database, project: project, number: number)
    }
}
