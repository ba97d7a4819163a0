import Foundation

@testable import Repdesk

/// clients/testdata/push.json
struct PushVectors: Decodable {
  struct Case: Decodable {
    var name: String
    var serverId: String
    var repId: String
    var steps: [Step]
    var shows: [String]

    enum CodingKeys: String, CodingKey {
      case name, steps, shows
      case serverId = "server_id"
      case repId = "rep_id"
    }
  }

  struct Step: Decodable {
    var at: Date
    var data: [String: String]
    var expect: Expected
  }

  struct Expected: Decodable, Hashable {
    var action: String
    var why: String?
    var tag: String?
    var title: String?
    var body: String?
    var ack: Bool
  }

  struct AnyOrder: Decodable {
    var name: String
    var serverId: String
    var repId: String
    var at: Date
    var messages: [[String: String]]
    var shows: [String]

    enum CodingKeys: String, CodingKey {
      case name, at, messages, shows
      case serverId = "server_id"
      case repId = "rep_id"
    }
  }

  var cases: [Case]
  var anyOrder: [AnyOrder]

  enum CodingKeys: String, CodingKey {
    case cases
    case anyOrder = "any_order"
  }
}

extension PushVectors.Expected {
  /// What the vectors would say of that verdict.
  init(_ verdict: PushVerdict) {
    self.init(action: "", ack: verdict.acknowledge != nil)
    switch verdict.action {
    case .show(let notification): take("show", notification)
    case .replace(let notification): take("replace", notification)
    case .checkLogIn(let notification): take("check_log_in", notification)
    case .cancel(let notification): (action, tag) = ("cancel", notification.tag)
    case .ignore(let reason): (action, why) = ("ignore", reason.rawValue)
    }
  }

  private mutating func take(_ action: String, _ notification: PushNotification) {
    self.action = action
    (tag, title, body) = (notification.tag, notification.title, notification.body)
  }
}
