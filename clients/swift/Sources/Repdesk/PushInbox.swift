import Foundation

/// What an app remembers of the pushes that it got, and what it therefore does with the next one.
///
/// Pushes may come twice, in any order, late, or for the rep who was logged in before. The inbox keeps of each key the
/// highest revision, for 48 hours, and says of each push what to do.
///
/// It is a value that can be encoded, so that it outlives the app's process. ``PushInboxFile`` keeps one where the app
/// and its notification service extension share it.
public struct PushInbox: Codable, Hashable, Sendable {
  /// Whose pushes it takes: the server's id, as `client.server.getServer()` says it.
  public let serverId: String

  /// Whose pushes it takes: the rep's id, as `client.consoles.getMe()` says it.
  public let repId: String

  private var kept: [String: Kept] = [:]

  /// What is known of a key: the newest push of it, whether that shows or is over.
  fileprivate struct Kept: Codable, Hashable, Sendable {
    var rev: Int64
    var cameAt: Date
    /// Until when it shows; nil: it does not.
    var showsUntil: Date?
    var title: String
    var body: String
  }

  /// How long a key is remembered, in seconds: twice as long as the longest time of a push.
  private static let memory: TimeInterval = 48 * 60 * 60

  /// An inbox that knows nothing yet. Another rep, or another server, needs a new one.
  public init(serverId: String, repId: String) {
    self.serverId = serverId
    self.repId = repId
  }

  /// Takes a push, and says what to do about it.
  ///
  /// - Parameters:
  ///   - data: The keys and values of the push's data
  ///   - now: The time by the device's clock
  public mutating func receive(_ data: [String: String], at now: Date = Date()) -> PushVerdict {
    kept = kept.filter { now.timeIntervalSince($0.value.cameAt) < Self.memory }
    let push = Push(data)
    guard push.serverId == serverId else { return .ignore(.otherServer) }
    guard push.repId == repId else { return .ignore(.otherRep) }
    guard push.version == "1" else { return .ignore(.unknownVersion, acknowledge: push.acknowledgement) }
    guard let type = push.type else { return .ignore(.unreadable) }
    if case .unknown = type { return .ignore(.unknownType, acknowledge: push.acknowledgement) }
    guard let key = push.key, let rev = push.rev else { return .ignore(.unreadable) }
    if let last = kept[key], rev <= last.rev {
      return .ignore(.notNewer, acknowledge: push.acknowledgement, showing: last.notification(key))
    }
    return take(push, of: type, key: key, rev: rev, at: now)
  }

  /// The keys of the notifications that show: an app that starts anew can compare these with what the system shows.
  public func shows(at now: Date = Date()) -> Set<String> {
    Set(kept.filter { $0.value.shows(at: now) }.keys)
  }

  /// Takes a push that is newer than what is known of its key.
  private mutating func take(_ push: Push, of type: PushType, key: String, rev: Int64, at now: Date) -> PushVerdict {
    let showed = kept[key]?.shows(at: now) ?? false
    let end = type.timeToLive.map { (push.sentAt ?? now).addingTimeInterval($0) }
    let isStale = end.map { $0 <= now } ?? false
    let notification = PushNotification(tag: key, title: push.title, body: push.body, data: push.data)
    kept[key] = Kept(rev: rev, cameAt: now, showsUntil: isStale ? nil : end, title: push.title, body: push.body)
    switch type {
    case .withdrawal: return PushVerdict(.cancel(notification))
    case .signedOut: return PushVerdict(.checkLogIn(notification))
    case _ where isStale: return .ignore(.stale, acknowledge: push.acknowledgement, showing: notification)
    default:
      return PushVerdict(showed ? .replace(notification) : .show(notification), acknowledge: push.acknowledgement)
    }
  }
}

extension PushInbox {
  /// The same for a push as `UserNotifications` and `UIApplication` hand it over.
  public mutating func receive(userInfo: [AnyHashable: Any], at now: Date = Date()) -> PushVerdict {
    var data: [String: String] = [:]
    for case (let key as String, let value as String) in userInfo { data[key] = value }
    return receive(data, at: now)
  }
}

extension PushInbox.Kept {
  fileprivate func shows(at now: Date) -> Bool {
    showsUntil.map { now < $0 } ?? false
  }

  fileprivate func notification(_ key: String) -> PushNotification {
    PushNotification(tag: key, title: title, body: body, data: [:])
  }
}
