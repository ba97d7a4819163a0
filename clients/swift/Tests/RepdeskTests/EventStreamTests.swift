import Foundation
import Testing

@testable import Repdesk

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

@Suite(.timeLimit(.minutes(1))) struct EventStreamTests {
  @Test func beginsWithASnapshotAndGoesOnAfterIt() async throws {
    let server = try desk(.streamThenSilence([event(1), ready(1), event(2)]))
    defer { server.stop() }
    #expect(try await told(by: server, 4) == ["snapshot 0", "event 1", "up to date", "event 2"])
    #expect(server.positions == ["0"])
    let request = try #require(server.requests.last)
    #expect(request.target == "/v1/events")
    #expect(request.headers["accept"] == "text/event-stream")
    #expect(request.headers["authorization"] == "Bearer rdc_1")
  }

  @Test func takesTheTokenToNoOtherServer() async throws {
    let other = try StubServer { _, _ in .streamThenSilence([ready(1)]) }
    defer { other.stop() }
    let server = try desk(.answer(307, body: "", headers: ["Location": "\(other.url)/v1/events"]))
    defer { server.stop() }
    await #expect(throws: ProblemError.self) { try await told(by: server, 2) }
    #expect(other.requests.count == 0)
  }

  @Test func asksForTheTypesThatTheAppWants() async throws {
    let server = try desk(.streamThenSilence([ready(1)]))
    defer { server.stop() }
    #expect(
      try await told(by: server, 2, types: [.invitationCreated, .repPresenceChanged]) == ["snapshot 0", "up to date"])
    #expect(server.requests.last?.target == "/v1/events?types=invitation.created,rep.presence_changed")
  }

  @Test func missesAndRepeatsNothingWhenConnectionsAreCut() async throws {
    let server = try desk(
      .stream([event(1), event(2), "id: 3\nevent: me.changed\nda"]), .cut, .stream([event(3)]),
      .streamThenSilence([ready(7)]))
    defer { server.stop() }
    let updates = try await told(by: server, 8)
    #expect(
      updates.map { $0.hasPrefix("interrupted") ? "interrupted" : $0 }
        == ["snapshot 0", "event 1", "event 2", "interrupted", "interrupted", "event 3", "interrupted", "up to date"])
    #expect(server.positions == ["0", "2", "2", "3"])
    #expect(server.snapshots == 1)
  }

  /// What the stream was not asked for has passed too.
  @Test func goesOnWhereTheServerSaysThatItStands() async throws {
    let server = try desk(.stream([event(1), ready(7)]), .streamThenSilence([event(8)]))
    defer { server.stop() }
    #expect(
      try await told(by: server, 5) == ["snapshot 0", "event 1", "up to date", "interrupted cut", "event 8"])
    #expect(server.positions == ["0", "7"])
  }

  @Test func loadsEverythingAnewAfterAReset() async throws {
    let server = try desk(
      .stream([ready(5), sse("reset", #"{"reason":"rights_changed"}"#)]), .streamThenSilence([event(101)]))
    defer { server.stop() }
    #expect(try await told(by: server, 4) == ["snapshot 0", "up to date", "snapshot 100", "event 101"])
    #expect(server.positions == ["0", "100"])
  }

  @Test func loadsEverythingAnewWhenThePositionIsTooOld() async throws {
    let server = try desk(.problem(410, "cursor_too_old"), .streamThenSilence([ready(101)]))
    defer { server.stop() }
    #expect(
      try await told(by: server, 4) == ["snapshot 0", "interrupted cursor_too_old", "snapshot 100", "up to date"])
  }

  @Test func comesAgainWhenTheServerSaysSo() async throws {
    let server = try desk(
      .stream([ready(3), sse("closing", #"{"reason":"shutdown","retry_after_seconds":1}"#)]),
      .streamThenSilence([ready(3)]))
    defer { server.stop() }
    let began = Date()
    #expect(
      try await told(by: server, 4) == ["snapshot 0", "up to date", "interrupted shutdown 1", "up to date"])
    #expect(Date().timeIntervalSince(began) >= 1)
    #expect(server.positions == ["0", "3"])
  }

  @Test func endsWhenTheServerWantsNoOther() async throws {
    let server = try desk(.stream([ready(3), sse("closing", #"{"reason":"replaced"}"#)]))
    defer { server.stop() }
    #expect(try await told(by: server, .max) == ["snapshot 0", "up to date", "closed replaced"])
    #expect(server.positions == ["0"])
  }

  @Test func failsWhenTheLogInIsOver() async throws {
    let server = try desk(.problem(401, "console_revoked"))
    defer { server.stop() }
    let refusal = await refusal { try await told(by: server, .max) }
    #expect(refusal?.code == .consoleRevoked)
    #expect(refusal?.endsLogIn == true)
  }

  @Test func waitsWhenTheServerIsBusy() async throws {
    let server = try desk(
      .problem(503, "unavailable", retry: "same_key", headers: ["Retry-After": "0"]),
      .answer(200, body: "<html>", headers: ["Content-Type": "text/html"]), .streamThenSilence([ready(1)]))
    defer { server.stop() }
    #expect(
      try await told(by: server, 4)
        == ["snapshot 0", "interrupted unavailable", "interrupted -1011", "up to date"])
  }

  @Test func takesASilentConnectionForDead() async throws {
    let server = try desk(.streamThenSilence([ready(4, heartbeat: 1)]), .streamThenSilence([event(5)]))
    defer { server.stop() }
    let began = Date()
    #expect(
      try await told(by: server, 4) == ["snapshot 0", "up to date", "interrupted silent", "event 5"])
    #expect((2...20).contains(Date().timeIntervalSince(began)))  // before it is ready, it would have waited for 50
    try await eventually { server.closedByClients == 2 }
    #expect(server.positions == ["0", "4"])
  }

  @Test func passesOnWhatItDoesNotKnow() async throws {
    let server = try desk(
      .streamThenSilence([sse("holiday.begun", #"{"type":"holiday.begun","at":"2026-11-22T12:00:00Z","sun":1}"#)]))
    defer { server.stop() }
    for try await update in client(of: server).eventStream() {
      guard case .event(let event) = update else { continue }
      #expect(event.type == .unknown("holiday.begun"))
      break
    }
  }

  @Test func closesTheConnectionWhenTheTaskIsCancelled() async throws {
    let server = try desk(.streamThenSilence([ready(1)]))
    defer { server.stop() }
    let following = Task { try await told(by: server, .max) }
    try await eventually { server.positions.count == 1 }
    following.cancel()
    _ = try? await following.value
    try await eventually { server.closedByClients == 1 }
  }
}

/// A server whose streams are these, one after the other; each snapshot stands a hundred events further.
private func desk(_ streams: StubReply...) throws -> StubServer {
  let (snapshots, connections) = (Counter(), Counter())
  return try StubServer { request, _ in
    if request.target == "/v1/snapshot" { return .json(snapshot(cursor: 100 * snapshots.next())) }
    let number = connections.next()
    return streams.indices.contains(number) ? streams[number] : .problem(404, "not_found")
  }
}

/// The first updates of a stream that waits for nothing between two connections.
private func told(by server: StubServer, _ count: Int, types: [EventType] = []) async throws -> [String] {
  var stream = client(of: server).eventStream(types: types)
  stream.backoff = Backoff(first: 0, longest: 0)
  var told: [String] = []
  for try await update in stream {
    told.append(describe(update))
    if told.count == count { break }
  }
  return told
}

private func describe(_ update: StreamUpdate) -> String {
  switch update {
  case .snapshot(let snapshot): "snapshot \(snapshot.cursor)"
  case .event(let event): "event \(event.id ?? 0)"
  case .ready: "up to date"
  case .closed(let reason): "closed \(reason.rawValue)"
  case .interrupted(let seconds, StreamInterruption.closing(let reason, _)):
    "interrupted \(reason.rawValue) \(Int(seconds))"
  case .interrupted(_, let interruption as StreamInterruption): "interrupted \(interruption)"
  case .interrupted(_, let refusal as ProblemError): "interrupted \(refusal.code.rawValue)"
  case .interrupted(_, let error): "interrupted \((error as? URLError)?.code.rawValue ?? 0)"
  }
}

extension StubServer {
  /// After what each stream was to go on.
  fileprivate var positions: [String?] {
    requests.filter { $0.target.hasPrefix("/v1/events") }.map { $0.headers["last-event-id"] }
  }

  fileprivate var snapshots: Int { requests.filter { $0.target == "/v1/snapshot" }.count }
}

private final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0

  func next() -> Int {
    lock.withLock {
      defer { count += 1 }
      return count
    }
  }
}

private func sse(_ name: String, _ data: String) -> String { "event: \(name)\ndata: \(data)\n\n" }

private func event(_ id: Int) -> String {
  "id: \(id)\n" + sse("me.changed", #"{"id":\#(id),"type":"me.changed","at":"2026-11-22T12:00:00Z"}"#)
}

private func ready(_ cursor: Int, heartbeat: Int = 25) -> String {
  sse("ready", #"{"cursor":"\#(cursor)","heartbeat_seconds":\#(heartbeat)}"#)
}

/// A snapshot of a desk where nothing happens.
private func snapshot(cursor: Int) -> String {
  """
  {"cursor":"\(cursor)","server_time":"2026-11-22T12:00:00Z","badge":0,"truncated":[],"queues":[],"entries":[],\
  "invitations":[],"sessions":[],"portals":[],"preferences":{"rev":1,"queue_columns":[],"queue_sort":"waiting",\
  "queue_order":"desc"},"console":{"id":"con_1","rev":1,"rep_id":"rep_1","platform":"ios","connected":true,"current":true,\
  "created_at":"2026-11-22T12:00:00Z","seen_at":"2026-11-22T12:00:00Z"},"me":{"id":"rep_1","rev":1,"username":"ana",\
  "name":"Ana","public_name":"Ana","role":"rep","permissions":[],"teams":[],"show_on_public_page":false,\
  "presence":"available","busy":false,"extended_availability":false,"locale":"en","time_zone":"UTC",\
  "specialists_may_share_screen":false,"alerts":{"transfers":true,"queue":true,"team_queues":"none","sessions":true,\
  "messages":true}}}
  """
}
