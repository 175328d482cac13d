// swift-tools-version:6.2
import Foundation
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Where `make deps` puts the libraries and servers that no package manager of the system provides.
let deps = ProcessInfo.processInfo.environment["TANDEM_DEPS"] ?? "\(Context.packageDirectory)/.deps"

/// The warehouse's library: beside the sources while developing, in `../lib/tandem` once installed.
let linkDuckDB: [LinkerSetting] = [
    .unsafeFlags([
        "-L\(deps)/lib",
        "-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/../lib/tandem",
        "-Xlinker", "-rpath", "-Xlinker", "\(deps)/lib",
        "-Xlinker", "--allow-shlib-undefined",
    ])
]

/// Connectors: one folder each under Sources/Connectors and Tests/Connectors, and what each is built on.
let connectors: [(name: String, dependencies: [Target.Dependency])] = [
    ("Memory", []),
    ("Postgres", ["CLibPQ"]),
    ("DuckDB", ["CDuckDB"]),
]

let asyncAlgorithms = Target.Dependency.product(name: "AsyncAlgorithms", package: "swift-async-algorithms")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "tandem",
    products: [
        .executable(name: "tandem", targets: ["tandem"]),
        .library(name: "TandemCore", targets: ["TandemCore", "TandemRows"]),
        .library(name: "TandemTesting", targets: ["TandemTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // The data plane: no dependencies, and no existentials, which the compiler checks.
        .target(name: "TandemRows", swiftSettings: strict + [.treatWarning("ExistentialType", as: .error)]),
        // The contracts between engine and connectors.
        .target(name: "TandemCore", dependencies: ["TandemRows"], swiftSettings: strict),
        .target(
            name: "TandemState",
            dependencies: ["TandemCore", "TandemRows", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict
        ),
        .target(
            name: "TandemEngine",
            dependencies: [
                "TandemCore", "TandemRows", "TandemState", asyncAlgorithms,
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),
        // What keeps two sides in step: decisions, links, and the run that acts on them.
        .target(
            name: "TandemTwoWay",
            dependencies: [
                "TandemCore", "TandemRows",
                .product(name: "GRDB", package: "GRDB.swift"),
                // What GRDB is built on, for what is done thousands of times a second.
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            exclude: ["DESIGN.md"],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "CDuckDB", linkerSettings: [.linkedLibrary("duckdb")]),
        .target(
            name: "TandemConnectors",
            dependencies: ["TandemCore"] + connectors.map { .byName(name: "Tandem\($0.name)") },
            swiftSettings: strict
        ),
        // What the commands and a server do with a configuration: it neither prints nor ends the process.
        .target(
            name: "TandemApp",
            dependencies: ["TandemConnectors", "TandemCore", "TandemEngine", "TandemRows", "TandemState"],
            swiftSettings: strict
        ),
        // A throw-away server, for the demo and for tests.
        .target(name: "LocalPostgres", swiftSettings: strict),
        .target(
            name: "TandemTesting",
            dependencies: ["LocalPostgres", "TandemCore", "TandemRows"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "tandem",
            dependencies: [
                "LocalPostgres", "TandemApp", "TandemConnectors", "TandemCore", "TandemEngine", "TandemRows",
                "TandemState", asyncAlgorithms, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict,
            linkerSettings: linkDuckDB
        ),
        .testTarget(name: "TandemRowsTests", dependencies: ["TandemRows", "TandemTesting"], swiftSettings: strict),
        .testTarget(
            name: "TandemStateTests",
            dependencies: [
                "TandemState", "TandemCore", "TandemRows", "TandemTesting",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TandemEngineTests",
            dependencies: ["TandemEngine", "TandemCore", "TandemRows", "TandemState", "TandemMemory", "TandemTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TandemTwoWayTests",
            dependencies: [
                "TandemTwoWay", "TandemCore", "TandemMemory", "TandemRows", "TandemTesting",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "TandemApp", "TandemConnectors", "TandemCore", "TandemDuckDB", "TandemEngine", "TandemMemory",
                "TandemPostgres", "TandemRows", "TandemState", "TandemTesting", "TandemTwoWay",
            ],
            swiftSettings: strict,
            linkerSettings: linkDuckDB
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: ["tandem", "TandemTesting", "CDuckDB"],
            swiftSettings: strict,
            linkerSettings: linkDuckDB
        ),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ]
        + connectors.map {
            .target(
                name: "Tandem\($0.name)",
                dependencies: ["TandemCore", "TandemRows"] + $0.dependencies,
                path: "Sources/Connectors/\($0.name)",
                exclude: ["DESIGN.md"],
                swiftSettings: strict
            )
        }
        + connectors.map {
            .testTarget(
                name: "Tandem\($0.name)Tests",
                dependencies: [.byName(name: "Tandem\($0.name)"), "TandemCore", "TandemRows", "TandemTesting"],
                path: "Tests/Connectors/\($0.name)Tests",
                swiftSettings: strict,
                linkerSettings: linkDuckDB
            )
        }
)
