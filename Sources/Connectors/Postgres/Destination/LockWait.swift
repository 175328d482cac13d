/// How writing waits for what others have locked here.
///
/// The tables of a stream stand still meanwhile, so it is for a few seconds in all. A request that waits makes every
/// later reader wait behind it, so it is made anew with pauses in between, in which all others are let through.
enum LockWait {
    /// As `lock_timeout` takes it.
    static let timeout = "'2s'"
    /// Before each further attempt, in milliseconds.
    static let pauses = [500, 1000]
    /// The same where nobody else waits meanwhile.
    static let patientPauses = pauses + [2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000]
}

extension PostgresError {
    /// Others hold what was asked for, and may let go of it.
    var isLockConflict: Bool { sqlState == "55P03" || sqlState == "40P01" }
}
