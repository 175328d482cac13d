/// Whether a text is what programs are told of a whole connection, with a password in it perhaps: a URI, or libpq's
/// settings with their names. What stands in a field of another meaning would be shown as that.
package enum ConnectionString {
    package static func isOne(_ text: String) -> Bool {
        // Every one of them has such a sign; patterns cost a program more to make than all of its start.
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "=") }) else { return false }
        // By scalars: a sign with an accent behind it is still that sign.
        return [start, userAndPassword, secret, place].contains { text.contains($0.matchingSemantics(.unicodeScalar)) }
    }

    private static var start: Regex<Substring> {
        #/(?:^|[\s,;"'])(?:jdbc:)?postgres(?:ql)?://|://[^/?\#\s]*@/#.ignoresCase()
    }
    private static var userAndPassword: Regex<Substring> { #/[^\s:/@]:[^\s/@]+@[^\s@]/# }
    private static var secret: Regex<Substring> {
        #/(?:^|[\s?&;,])(?:pass(?:word|wd|file)?|pwd|sslpassword|\w*(?:token|secret))\s*=/#.ignoresCase()
    }
    private static var place: Regex<Substring> {
        #/(?:^|[\s?&;,])(?:user(?:name)?|uid|host(?:addr)?|server|port|db(?:name)?|database|sslmode)\s*=/#.ignoresCase()
    }
}
