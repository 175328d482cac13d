/// The program's version, as `tandem --version` prints it.
enum Version {
    static let text = "0.1.0"
}
