import CLibPQ
import Foundation

/// The authorities that the operating system trusts, for `sslrootcert: system`.
///
/// libpq knows the word from 16 on, and takes it for a file's name before.
enum SystemAuthorities {
    static let word = "system"

    /// Where Debian and Alpine, Red Hat, SUSE, and BSD and macOS keep them.
    static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// What to tell libpq.
    ///
    /// - Parameter version: Of libpq: 150018 is 15.18.
    static func setting(version: Int32 = PQlibVersion(), isThere: (String) -> Bool = isReadable) -> String {
        version >= 160_000 ? word : files.first(where: isThere) ?? word
    }

    static func isReadable(_ path: String) -> Bool { FileManager.default.isReadableFile(atPath: path) }
}
