package import TandemCore
package import TandemEngine
import TandemRows

/// What comparing both ends of one table has come to.
package struct VerifiedTableReport: Codable, Sendable {
    package struct Column: Codable, Sendable {
        package var name: String
        package var reason: String
    }

    package var schema: String
    package var table: String
    package var verdict: String
    package var reason: String?
    package var remedy: Remedy?
    package var computation: String?
    package var sourceRows: Int?
    package var destinationRows: Int?
    package var sourceChecksum: String?
    package var destinationChecksum: String?
    package var sourceHasMoved = false
    package var missesDeletes = false
    package var notCompared: [Column] = []
    package var missing: [String]?
    package var extra: [String]?
    package var different: [String]?
    package var complete: Bool?

    package init(_ table: AbsentTable) {
        let name = table.target ?? table.source
        (schema, self.table, verdict) = (name.schema, name.table, "absent")
        (reason, remedy) = (table.reason, table.remedy)
    }

    package init(_ result: Verification.TableResult) {
        schema = result.copy.target.schema
        table = result.copy.target.table
        computation = result.computation?.rawValue
        sourceRows = result.sourceRows
        destinationRows = result.destinationRows
        // As text: a number of 64 bits does not survive readers that take every number for a double.
        sourceChecksum = result.sourceChecksum.map { String($0, radix: 16) }
        destinationChecksum = result.destinationChecksum.map { String($0, radix: 16) }
        sourceHasMoved = result.sourceHasMoved
        missesDeletes = result.missesDeletes
        notCompared = result.leftOut.map { Column(name: $0.name, reason: $0.reason) }
        switch result.verdict {
        case .equal: verdict = "equal"
        case .incomparable(let reason): (verdict, self.reason) = ("incomparable", reason)
        case .stale(let reason, let remedy): (verdict, self.reason, self.remedy) = ("stale", reason, remedy)
        case .kept(let reason): (verdict, self.reason) = ("kept", reason)
        case .different(let differences):
            verdict = "different"
            missing = differences.missing
            extra = differences.extra
            different = differences.different
            complete = differences.isComplete
        }
    }
}
