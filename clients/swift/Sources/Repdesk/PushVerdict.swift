import Foundation

/// What an app does about a push.
public struct PushVerdict: Hashable, Sendable {
  /// What to do.
  public let action: Action

  /// The delivery to report as received, whatever the action; nil: none.
  ///
  /// `client.sharing.ackDelivery(deliveryId: id, .init(state: .received))`
  public let acknowledge: String?

  /// What a notification service extension does with the alert that iOS is about to show.
  public let alert: Alert

  public enum Action: Hashable, Sendable {
    /// A notification is to be shown.
    case show(PushNotification)
    /// The same, in place of the one that shows under the tag.
    case replace(PushNotification)
    /// What shows under the tag is over; the texts say why.
    case cancel(PushNotification)
    /// The log-in on this device may be over: ask `client.consoles.getMe()`, and only if that throws an error that
    /// `endsLogIn`, forget the token and show this.
    case checkLogIn(PushNotification)
    /// Nothing is to be shown or removed.
    case ignore(Reason)
  }

  /// Why a push is ignored.
  public enum Reason: String, Hashable, Sendable {
    /// It comes from another server.
    case otherServer = "other_server"
    /// It is for another rep, who was logged in on this device before.
    case otherRep = "other_rep"
    /// It is of a version that this client does not read.
    case unknownVersion = "unknown_version"
    /// It tells of something that this client does not know.
    case unknownType = "unknown_type"
    /// It lacks what every push has.
    case unreadable
    /// What the device knows is as new, or newer.
    case notNewer = "not_newer"
    /// It came after its time.
    case stale
  }

  /// iOS shows the alert of every push, and a late one takes the place of a newer one with the same tag. A notification
  /// service extension cannot stop it, but can say what it says.
  public enum Alert: Hashable, Sendable {
    /// It is right as it came.
    case asItCame
    /// It is to say this, without a sound: what the device knew already, or what came after its time.
    case quiet(PushNotification)
    /// It is for nobody here: it gets a text that says nothing, without a sound, and the app removes it when it next
    /// runs.
    case notForHere
  }

  init(_ action: Action, acknowledge: String? = nil, alert: Alert = .asItCame) {
    self.action = action
    self.acknowledge = acknowledge
    self.alert = alert
  }

  static func ignore(_ reason: Reason, acknowledge: String? = nil, showing notification: PushNotification? = nil)
    -> PushVerdict
  {
    switch reason {
    case .otherServer, .otherRep: PushVerdict(.ignore(reason), alert: .notForHere)
    default:
      PushVerdict(.ignore(reason), acknowledge: acknowledge, alert: notification.map { .quiet($0) } ?? .asItCame)
    }
  }
}

/// A notification, as the device shows it.
public struct PushNotification: Hashable, Sendable {
  /// What it stands for: of all that have the tag, one shows. On iOS it is the identifier of the delivered
  /// notification.
  public let tag: String
  public let title: String
  public let body: String
  /// The push's data, such as `invitation_id`; empty where this stands in for a push that came earlier.
  public let data: [String: String]

  /// The data as the contract describes it; nil where something is missing that each push has.
  public var message: PushMessage? {
    guard let json = try? JSONEncoder().encode(data) else { return nil }
    return try? Wire.decoder().decode(PushMessage.self, from: json)
  }
}
