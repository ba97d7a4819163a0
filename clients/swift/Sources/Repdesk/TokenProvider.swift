/// Where the client takes its bearer token from: an app's own keeper of secrets, which stores it in the Keychain.
///
/// It is asked before each request, so a rep who logs in or out needs no new client.
public protocol TokenProvider: Sendable {
  /// The token to send, or nil while nobody is logged in: the request then goes without, and is refused with
  /// `not_logged_in`.
  func token() async throws -> String?
}

/// A token that lives as long as the process does: for scripts, tests, and the page of a guest.
public actor MemoryTokenProvider: TokenProvider {
  private var current: String?

  /// - Parameter token: What to begin with; nil: nobody is logged in
  public init(_ token: String? = nil) {
    current = token
  }

  /// The token of whoever is logged in.
  public func token() -> String? { current }

  /// Takes the token of a new log-in, or forgets it (nil).
  public func set(_ token: String?) {
    current = token
  }
}
