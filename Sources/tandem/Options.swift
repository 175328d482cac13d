import ArgumentParser

/// For every command.
struct TerminalOptions: ParsableArguments {
    /// ``Paint`` looks for it by itself, so that what is wrong with the command line has its colours too.
    @Option(name: .long, help: "Colours: auto is for terminals, unless NO_COLOR is set or TERM is dumb.")
    var color: Paint.Choice = .auto
}

/// Where the configuration is.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The configuration; TANDEM_CONFIG names another default.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"])
    )
    var config: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where history is kept; .tandem/state.sqlite beside the configuration by default.",
            valueName: "file"
        ),
        completion: .file()
    )
    var state: String?
    @OptionGroup var terminal: TerminalOptions

    @Flag(
        name: .long,
        help: ArgumentHelp("Print, beside errors, a database's own words that may hold values of rows.")
    )
    var showValues = false
}

/// For commands that report.
struct ReportOptions: ParsableArguments {
    @Flag(name: .long, help: "Print the result as JSON on standard output.")
    var json = false
}
