package import TandemCore
package import TandemRows

/// What goes from where to where.
package struct SyncConfiguration: Hashable, Sendable {
    package var name: String
    /// The project it is of: ``Configuration/project``. Empty where that is not known.
    package var project: String
    /// Names of connections.
    package var from: String
    package var to: String
    package var method: MethodChoice
    /// In the order written; what a later rule says of a table replaces what an earlier one said. Empty for every
    /// table.
    package var tables: [TableRule]
    /// The schema all tables go to. `nil` for each table's own.
    package var into: String?
    package var deletes: DeletePolicy
    /// Every how many reads by a cursor keys are compared, where deletes are found so.
    package var compareEvery: Int
    /// Whether each row has the time at which it was written.
    package var syncedAt: Bool
    package var unfitValues: UnfitPolicy
    /// What a column becomes that holds decimals of any number of digits: text, or a decimal.
    package var numeric: ColumnType
    /// What a run does when changes are missing.
    package var onGap: GapPolicy
    package var schedule: Schedule?
    /// Whether a run may make triggers in the source by itself.
    package var autoSetup: Bool
    /// The line of the sync's name, counted from one.
    package var line: Int

    package init(
        name: String,
        project: String = "",
        from: String,
        to: String,
        method: MethodChoice = .auto,
        tables: [TableRule] = [],
        into: String? = nil,
        deletes: DeletePolicy = .hard,
        compareEvery: Int = 1,
        syncedAt: Bool = false,
        unfitValues: UnfitPolicy = .text,
        numeric: ColumnType = .text,
        onGap: GapPolicy = .resnapshot,
        schedule: Schedule? = nil,
        autoSetup: Bool = false,
        line: Int = 0
    ) {
        self.name = name
        self.project = project
        self.from = from
        self.to = to
        self.method = method
        self.tables = tables
        self.into = into
        self.deletes = deletes
        self.compareEvery = compareEvery
        self.syncedAt = syncedAt
        self.unfitValues = unfitValues
        self.numeric = numeric
        self.onGap = onGap
        self.schedule = schedule
        self.autoSetup = autoSetup
        self.line = line
    }
}

extension SyncConfiguration {
    /// What Tandem adds to each copy.
    var metadataColumns: MetadataColumns {
        var columns: MetadataColumns = deletes == .soft ? .deletedAt : []
        if syncedAt { columns.insert(.syncedAt) }
        return columns
    }
}

/// The method a user asks for.
package enum MethodChoice: Hashable, Sendable, CaseIterable {
    /// The best one each table can use.
    case auto
    case fixed(Method)

    package static var allCases: [Self] { [.auto] + Method.allCases.map { .fixed($0) } }

    /// As it is written in a configuration.
    package var word: String {
        switch self {
        case .auto: "auto"
        case .fixed(let method): method.rawValue
        }
    }
}

/// What becomes of a row at the destination once it is deleted at the source.
package enum DeletePolicy: String, Hashable, Sendable, Codable, CaseIterable {
    case hard
    /// It stays, with the time in `_tandem_deleted_at`.
    case soft
    /// It goes, also where the method does not see deletes: keys are compared to find them.
    case compare
}

/// What becomes of the tables that a stream keeps up to date when it lacks changes.
package enum GapPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    /// They are copied again, by swap.
    case resnapshot
    /// The run says what is missing, and does nothing.
    case fail
}
