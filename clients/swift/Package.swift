// swift-tools-version:6.0

import PackageDescription

let package = Package(
  name: "Repdesk",
  platforms: [.iOS(.v15), .macOS(.v12)],
  products: [.library(name: "Repdesk", targets: ["Repdesk"])],
  targets: [
    .target(name: "Repdesk"),
    .testTarget(name: "RepdeskTests", dependencies: ["Repdesk"]),
  ],
  swiftLanguageModes: [.v6]
)
