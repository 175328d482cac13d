/// What may stand where hosts are named: names, addresses and folders of sockets, with commas between.
///
/// Whatever else does may be a password, which errors would show as a part of the host's name.
enum HostSetting {
    /// What is wrong with `hosts`, as it follows the setting's name; nothing of it is quoted.
    static func problem(of hosts: String) -> String? {
        hosts.split(separator: ",").lazy.compactMap(problem).first
    }

    private static func problem(of host: Substring) -> String? {
        // Sockets' folders begin with a slash, or with `@` where they are none of the file system.
        if host.hasPrefix("/") || host.hasPrefix("@") { return nil }
        let text = "is a name, an address or a socket's folder, or several with commas between"
        if host.contains("@") || host.contains("://") || host.contains("?") {
            return text + "; a URI is written as \"url\""
        }
        if host.contains("=") {
            return text
                + "; what else a connection string says is written as \"port\", \"user\", \"password\", \"database\""
        }
        if host.contains("/") { return text + "; the database is written as \"database\", a URI as \"url\"" }
        if host.contains("[") || host.contains("]") { return text + "; an address has no brackets, and no port" }
        if host.count(where: { $0 == ":" }) == 1 { return text + "; the port is written as \"port\"" }
        return host.unicodeScalars.allSatisfy(isPlain) ? nil : text + ", which has letters, digits and .-_: only"
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        // `%` and what follows names the interface of an address.
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || ".-_:%".unicodeScalars.contains(scalar)
    }
}
