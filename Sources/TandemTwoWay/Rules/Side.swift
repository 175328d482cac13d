/// One of the two ends of a two-way sync.
package enum Side: Int, Hashable, Sendable, Codable, CaseIterable {
    case left, right

    package var other: Side { self == .left ? .right : .left }
}

/// Something that each side has.
package struct Both<Thing> {
    package var left: Thing
    package var right: Thing

    package init(left: Thing, right: Thing) {
        self.left = left
        self.right = right
    }

    package init(_ make: (Side) throws -> Thing) rethrows {
        left = try make(.left)
        right = try make(.right)
    }

    package subscript(side: Side) -> Thing {
        get { side == .left ? left : right }
        // In place: a list of one side's is not copied for one of its elements.
        _modify {
            switch side {
            case .left: yield &left
            case .right: yield &right
            }
        }
    }

    package func map<Other>(_ transform: (Thing) throws -> Other) rethrows -> Both<Other> {
        Both<Other>(left: try transform(left), right: try transform(right))
    }
}

extension Both: Sendable where Thing: Sendable {}
extension Both: Equatable where Thing: Equatable {}
extension Both: Hashable where Thing: Hashable {}
extension Both: Encodable where Thing: Encodable {}
extension Both: Decodable where Thing: Decodable {}
