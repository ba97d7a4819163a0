import Foundation
import Testing

@testable import Repdesk

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Ana shares a session with Ben, on a real server.
@Suite(.enabled(if: repdeskBinary != nil, "REPDESK_BINARY names no program"), .timeLimit(.minutes(1)))
struct LiveTests {
  @Test func anInvitationFromBeginningToEnd() async throws {
    let desk = try await Desk()
    defer { desk.stop() }
    var told = desk.ben.eventStream().makeAsyncIterator()
    let snapshot = try #require(try await told.next()?.snapshot)
    #expect(snapshot.me.name == "Ben Okafor")
    #expect(snapshot.invitations == [])

    let invited = try await desk.ana.sharing.invite(
      sessionId: desk.session.id, InviteRequest(comment: "Tray 2, please", repId: "@ben"))
    #expect(invited.state == .active)
    #expect(try await told.next(.invitationCreated)?.invitation?.id == invited.id)
    #expect(try await desk.pushes.next(.show, tag: invited.id).message?.comment == "Tray 2, please")

    let cancelled = try await desk.ana.sharing.cancelInvitation(invitationId: invited.id)
    #expect(cancelled.state == .cancelled)
    let ended = try await told.next(.invitationEnded)?.invitation
    #expect(ended?.state == .cancelled)
    #expect(ended?.rev == cancelled.rev)
    #expect(try await desk.pushes.next(.cancel, tag: invited.id).message?.reason == .cancelled)
    let late = await refusal { try await desk.ben.sharing.acceptInvitation(invitationId: invited.id) }
    #expect(late?.code == .invitationNotActive)
    #expect(late?.problem.conflict?.by?.name == "Ana Ruiz")

    let help = try await desk.ana.sharing.requestHelp(sessionId: desk.session.id, HelpRequest(issueId: "@paper-jam"))
    #expect(help.kind == .issue)
    #expect(try await told.next(.invitationCreated)?.invitation?.id == help.id)
    let accepted = try await desk.ben.sharing.acceptInvitation(invitationId: help.id)
    #expect(accepted.invitation.state == .accepted)
    #expect(accepted.session.attendees?.contains { $0.name == "Ben Okafor" } == true)
    #expect(try await told.next(.invitationEnded)?.invitation?.state == .accepted)
  }

  /// The session ends, and with it the invitation, which nobody took back.
  @Test func anInvitationThatIsWithdrawn() async throws {
    let desk = try await Desk()
    defer { desk.stop() }
    let invited = try await desk.ana.sharing.invite(sessionId: desk.session.id, InviteRequest(repId: "@ben"))
    let delivery = try await desk.pushes.next(.show, tag: invited.id)
    let received = try await desk.ben.sharing.ackDelivery(
      deliveryId: delivery.data["delivery_id"]!, AckDeliveryRequest(state: .received))
    #expect(received.state == .received)
    try await desk.ana.sessions.endSession(sessionId: desk.session.id)
    let withdrawn = try await desk.pushes.next(.cancel, tag: invited.id)
    #expect(withdrawn.message?.state == .withdrawn)
    #expect(withdrawn.message?.reason == .sessionEnded)
    #expect(withdrawn.message?.ends == .invitation)
    #expect(try await desk.ben.sharing.listMyInvitations().items == [])
  }

  @Test func theStreamGoesOnWhenTheServerIsStartedAgain() async throws {
    let desk = try await Desk()
    defer { desk.stop() }
    var stream = desk.ben.eventStream()
    stream.backoff = Backoff(first: 0.1, longest: 0.1)
    var told = stream.makeAsyncIterator()
    _ = try await told.next()
    try #require(try await told.next()?.isUpToDate == true)
    try desk.server.restart()
    let invited = try await desk.ana.sharing.invite(sessionId: desk.session.id, InviteRequest(repId: "@ben"))
    var (snapshots, interruptions) = (0, 0)
    while let update = try await told.next() {
      if update.snapshot != nil { snapshots += 1 }
      if case .interrupted = update { interruptions += 1 }
      if case .event(let event) = update, event.invitation?.id == invited.id { break }
    }
    #expect(snapshots == 0)
    #expect(interruptions > 0)
  }

  @Test func aStreamEndsWithTheLogIn() async throws {
    let desk = try await Desk()
    defer { desk.stop() }
    var told = desk.ben.eventStream().makeAsyncIterator()
    while try await told.next()?.isUpToDate == false {}
    try await desk.ben.consoles.logOut(consoleId: "current")
    var last: StreamUpdate?
    while let update = try await told.next() { last = update }
    guard case .closed(.consoleRevoked) = last else {
      Issue.record("\(String(describing: last))")
      return
    }
    #expect(await refusal { try await desk.ben.consoles.getMe() }?.endsLogIn == true)
  }

  @Test func theSameKeyStartsOneSession() async throws {
    let desk = try await Desk()
    defer { desk.stop() }
    let request = StartSessionRequest(customer: Customer(name: "Jo Doe"), portalId: "@main")
    let key = UUID().uuidString
    let first = try await desk.ana.sessions.startSession(request, idempotencyKey: key)
    let again = try await desk.ana.sessions.startSession(request, idempotencyKey: key)
    #expect(first == again)
    #expect(try await desk.ana.sessions.listSessions(q: "Jo Doe").items.map(\.id) == [first.session.id])
  }
}

/// A server, Ana with a session, and Ben with a phone.
private final class Desk {
  let server: RepdeskProcess
  let ana: RepdeskClient
  let ben: RepdeskClient
  let session: Session
  let pushes: Phone

  init() async throws {
    pushes = try Phone()
    server = try RepdeskProcess(fcm: pushes.url)
    (ana, _) = try await Self.logIn("ana", to: server.url, device: Device(platform: .script))
    let phone = Device(platform: .ios, pushKind: .fcmToken, pushTarget: "bens-phone")
    let me: Me
    (ben, me) = try await Self.logIn("ben", to: server.url, device: phone)
    pushes.use(PushInbox(serverId: try await ben.server.getServer().serverId, repId: me.id))
    let started = try await ana.sessions.startSession(
      StartSessionRequest(customer: Customer(name: "Vera"), portalId: "@main"))
    session = try await ana.sessions.acceptSession(sessionId: started.session.id)
  }

  func stop() {
    server.stop()
    pushes.stop()
  }

  private static func logIn(_ username: String, to url: URL, device: Device) async throws -> (RepdeskClient, Me) {
    let tokens = MemoryTokenProvider()
    let client = RepdeskClient(baseURL: url, tokens: tokens)
    let loggedIn = try await client.consoles.logIn(
      LogInRequest(device: device, password: "\(username)'s first password", username: username))
    await tokens.set(loggedIn.token)
    return (client, loggedIn.rep)
  }
}

/// A phone that gets the pushes which the server sends, as Firebase would hand them over.
private final class Phone: @unchecked Sendable {
  enum Action { case show, cancel }

  private let firebase: StubServer
  private var inbox: PushInbox?
  private var read = 0

  var url: URL { firebase.url }

  init() throws {
    firebase = try StubServer { _, number in .json(#"{"name":"projects/test/messages/\#(number)"}"#) }
  }

  func use(_ inbox: PushInbox) { self.inbox = inbox }

  func stop() { firebase.stop() }

  /// The next push with which that is to be done; its alert replaces others of the same tag.
  func next(_ action: Action, tag: String) async throws -> PushNotification {
    while true {
      try await eventually { firebase.requests.count > read }
      let sent = try JSONDecoder().decode(Sent.self, from: Data(firebase.requests[read].body.utf8)).message
      read += 1
      switch (action, inbox!.receive(sent.data).action) {
      case (.show, .show(let notification)) where notification.tag == tag,
        (.cancel, .cancel(let notification)) where notification.tag == tag:
        #expect(sent.apns.headers["apns-collapse-id"] == tag)
        return notification
      default: continue
      }
    }
  }

  private struct Sent: Decodable {
    struct Message: Decodable {
      var data: [String: String]
      var apns: Apns
    }

    struct Apns: Decodable {
      var headers: [String: String]
    }

    var message: Message
  }
}

extension StreamUpdate {
  fileprivate var snapshot: Snapshot? {
    if case .snapshot(let snapshot) = self { snapshot } else { nil }
  }

  fileprivate var isUpToDate: Bool {
    if case .ready = self { true } else { false }
  }
}

extension AsyncThrowingStream<StreamUpdate, any Error>.AsyncIterator {
  /// The next event of that type; what comes in between is passed over.
  fileprivate mutating func next(_ type: EventType) async throws -> Event? {
    while let update = try await next() {
      if case .event(let event) = update, event.type == type { return event }
    }
    return nil
  }
}
