import TandemCore

/// The clause of `CREATE USER` that sets a password: as it is shown, and as it is run.
struct SetupPassword: Sendable {
    let shown: String
    let run: String

    /// - Parameters:
    ///   - secret: The password, if the configuration has one.
    ///   - hashed: Turns it into what the server keeps, or `nil` where it has to be sent as it is.
    init(_ secret: String?, request: SetupRequest, hashed: (String) -> String? = { _ in nil }) {
        guard let secret else {
            // To be run, it has to be right as it stands: users that certificates let in have no password.
            shown = request.apply ? "" : " PASSWORD '<choose a password>'"
            run = ""
            return
        }
        shown = " PASSWORD " + (request.showPassword ? SQL.literal(secret) : "'<choose a password>'")
        run = " PASSWORD " + SQL.literal(request.apply ? hashed(secret) ?? secret : secret)
    }
}
