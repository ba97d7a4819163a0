import Foundation

/// A push's data, as far as it can be read.
struct Push {
  let data: [String: String]

  init(_ data: [String: String]) {
    self.data = data
  }

  var version: String? { data["v"] }
  var serverId: String? { data["server_id"] }
  var repId: String? { data["rep_id"] }
  var title: String { data["title"] ?? "" }
  var body: String { data["body"] ?? "" }
  var type: PushType? { text("type").map { PushType(rawValue: $0) } }

  /// What it stands for.
  var key: String? { text("key") }

  var rev: Int64? {
    guard let digits = data["rev"], digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(digits)
  }

  var sentAt: Date? {
    data["sent_at"].flatMap { try? Date($0, strategy: .iso8601) }
  }

  /// The delivery that is reported as received.
  ///
  /// Some never are, for any request of a console says that its rep is there, and these pushes show only that the
  /// device is.
  var acknowledgement: String? {
    switch type {
    case .message, .session, .withdrawal, .signedOut: nil
    default: text("delivery_id")
    }
  }

  private func text(_ key: String) -> String? {
    data[key].flatMap { $0.isEmpty ? nil : $0 }
  }
}

extension PushType {
  /// For how many seconds after it was sent a push is worth showing; nil: it shows nothing by itself.
  var timeToLive: TimeInterval? {
    switch self {
    case .invitation, .transfer: 24 * 60 * 60
    case .queue, .session: 10 * 60
    case .message: 60 * 60
    case .test: 60
    case .withdrawal, .signedOut, .unknown: nil
    }
  }
}
