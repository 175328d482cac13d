import ArgumentParser

/// Where the configuration is.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The configuration; TANDEM_CONFIG names another default.", valueName: "file")
    )
    var config: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where history is kept; .tandem/state.sqlite beside the configuration by default.",
            valueName: "file"
        )
    )
    var state: String?
}

/// For commands that report.
struct ReportOptions: ParsableArguments {
    @Flag(name: .long, help: "Print the result as JSON on standard output.")
    var json = false
}
