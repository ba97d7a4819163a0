import Foundation

@testable import Repdesk

/// The program that `REPDESK_BINARY` names: `go build -o repdesk ./cmd/repdesk`.
let repdeskBinary = ProcessInfo.processInfo.environment["REPDESK_BINARY"]

/// A server with two reps, on a database of its own.
final class RepdeskProcess {
  let url: URL

  private let folder: URL
  private let fcm: URL
  private var process: Process

  /// - Parameter fcm: What stands in for Firebase Cloud Messaging
  init(fcm: URL) throws {
    self.fcm = fcm
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("repdesk-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(organization.utf8).write(to: folder.appendingPathComponent("organization.yaml"))
    (process, url) = try Self.start(in: folder, listen: "127.0.0.1:0", fcm: fcm)
  }

  /// Stops the server and starts it again, where it was and with what it had.
  func restart() throws {
    process.terminate()
    process.waitUntilExit()
    (process, _) = try Self.start(in: folder, listen: "127.0.0.1:\(url.port!)", fcm: fcm)
  }

  deinit { stop() }

  func stop() {
    guard process.isRunning else { return }
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: folder)
  }

  private static func start(in folder: URL, listen: String, fcm: URL) throws -> (Process, URL) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: repdeskBinary!)
    process.currentDirectoryURL = folder
    process.arguments = [
      "serve", "--listen", listen, "--database", "desk.db", "--org", "organization.yaml", "--fcm-project", "test",
      "--fcm-endpoint", fcm.absoluteString, "--log-level", "error",
    ]
    let out = Pipe()
    process.standardOutput = out
    try process.run()
    var said = ""
    while true {  // until it says where it listens, or ends
      let more = out.fileHandleForReading.availableData
      if more.isEmpty { throw CocoaError(.executableLoad, userInfo: [NSLocalizedDescriptionKey: said]) }
      said += String(decoding: more, as: UTF8.self)
      let line = said.components(separatedBy: "\n").dropLast().first { $0.contains("listening") }
      if let line, let url = line.split(separator: " ").last.flatMap({ URL(string: String($0)) }) {
        return (process, url)
      }
    }
  }
}

private let organization = """
  portals:
    - {slug: main, name: Help, sharing: all}
  teams:
    - {slug: printers, name: Printers}
  reps:
    - {username: ana, password: ana's first password, name: Ana Ruiz, teams: {printers: member}}
    - {username: ben, password: ben's first password, name: Ben Okafor, teams: {printers: member}}
  issues:
    - {slug: paper-jam, title: Paper jam, team: printers, request_help: true}
  """
