import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Follows the events of one rep from connection to connection.
struct StreamFollower {
  let client: RepdeskClient
  let types: [EventType]
  let backoff: Backoff
  let tell: (StreamUpdate) -> Void

  /// After what the stream goes on; nil: a snapshot is needed first.
  private var cursor: String?
  /// Connections since the server last said that all is told.
  private var attempts = 0
  /// How often the server gives a sign of life, as it last said.
  private var heartbeat: TimeInterval = 25

  init(client: RepdeskClient, types: [EventType], backoff: Backoff, tell: @escaping (StreamUpdate) -> Void) {
    self.client = client
    self.types = types
    self.backoff = backoff
    self.tell = tell
  }

  /// Returns when the server has closed the stream for good, and throws where coming again does not help.
  mutating func follow() async throws {
    while true {
      try Task.checkCancellation()
      attempts += 1
      do {
        guard try await connect() == .again else { return }
        // A server that asks to load anew without ever being ready is not to be asked in a circle.
        if attempts > 0 { try await Task.sleep(seconds: backoff.wait(attempt: attempts)) }
      } catch {
        try await wait(after: error)
      }
    }
  }

  private enum Ending {
    /// The next connection may be made.
    case again
    /// The server wants no other.
    case forGood
  }

  private mutating func connect() async throws -> Ending {
    let connection = StreamConnection(
      try await request(), configuration: client.transport.session.configuration, patience: 2 * heartbeat)
    defer { connection.close() }
    var parser = ServerSentEventParser()
    for try await chunk in connection.chunks {
      for message in parser.read(chunk) {
        if let ending = try take(message, from: connection) { return ending }
      }
    }
    try Task.checkCancellation()
    throw StreamInterruption.cut
  }

  /// The next connection's request; after a snapshot, where none holds any more.
  private mutating func request() async throws -> URLRequest {
    let cursor: String
    if let known = self.cursor {
      cursor = known
    } else {
      let snapshot = try await client.events.getSnapshot()
      tell(.snapshot(snapshot))
      cursor = snapshot.cursor
      self.cursor = cursor
    }
    var call = Call("GET", "/v1/events")
    call.header("Accept", "text/event-stream")
    call.header("Last-Event-ID", cursor)
    if !types.isEmpty { call.query("types", types) }
    return try await client.transport.prepare(call)
  }

  private mutating func take(_ message: ServerSentEvent, from connection: StreamConnection) throws -> Ending? {
    let data = Data(message.data.utf8)
    switch message.name {
    case "ready":
      let ready = try Wire.decoder().decode(StreamReady.self, from: data)
      cursor = ready.cursor
      heartbeat = TimeInterval(ready.heartbeatSeconds)
      connection.wait(atMost: 2 * heartbeat)
      attempts = 0
      tell(.ready)
    case "reset":
      cursor = nil
      return .again
    case "closing":
      let closing = try Wire.decoder().decode(StreamClosing.self, from: data)
      guard let seconds = closing.retryAfterSeconds else {
        tell(.closed(closing.reason))
        return .forGood
      }
      throw StreamInterruption.closing(closing.reason, retryAfter: TimeInterval(seconds))
    default:
      tell(.event(try Wire.decoder().decode(Event.self, from: data)))
      cursor = message.id ?? cursor
    }
    return nil
  }

  /// Waits before the next connection, or throws where none would help.
  private mutating func wait(after error: any Error) async throws {
    var seconds = backoff.wait(attempt: max(1, attempts))
    switch error {
    case let problem as ProblemError where problem.code == .cursorTooOld:
      cursor = nil
    case let problem as ProblemError where problem.passes || problem.status >= 500:
      seconds += problem.retryAfter ?? 0
    case StreamInterruption.closing(_, let retryAfter):
      seconds += retryAfter
    case is StreamInterruption: break
    case let fault as URLError where fault.isFaultOfTheNetwork: break
    default: throw error
    }
    tell(.interrupted(retryIn: seconds, because: error))
    try await Task.sleep(seconds: seconds)
  }
}
