import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A client of one repdesk server.
///
/// Its operations stand by subject: `client.sharing.invite(…)`, `client.sessions.listSessions(…)`. What is refused
/// comes as ``ProblemError``, what does not reach the server as `URLError`.
///
/// Each request carries the token, asks the server to leave out what it does not know (`Prefer: handling=lenient`), and,
/// where it is a POST, has an `Idempotency-Key`. After a fault of the network, or when the server asks to come again, it
/// is sent again up to three times with the same key: nothing is done twice. A PATCH has no key: after a fault of the
/// network the app looks what became of it.
public struct RepdeskClient: Sendable {
  let transport: Transport

  /// - Parameters:
  ///   - baseURL: Where the server is, such as `https://desk.example.com`; without `/v1`
  ///   - tokens: Where to take the bearer token from
  ///   - session: What carries the requests. Streams take a copy of its configuration.
  public init(baseURL: URL, tokens: any TokenProvider, session: URLSession = .shared) {
    self.init(transport: Transport(baseURL: baseURL, tokens: tokens, session: session))
  }

  init(transport: Transport) {
    self.transport = transport
  }

  /// What the rep is told from now on, after a snapshot of how everything stands.
  ///
  /// - Parameter types: Only events of these types; empty: all but `repPresenceChanged`
  public func eventStream(types: [EventType] = []) -> EventStream {
    EventStream(client: self, types: types)
  }
}
