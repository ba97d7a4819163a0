import Foundation
import Testing

@testable import Repdesk

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A client that waits for nothing between two attempts.
func client(
  of server: StubServer, path: String = "", tokens: any TokenProvider = MemoryTokenProvider("rdc_1")
) -> RepdeskClient {
  let url = URL(string: server.url.absoluteString + path)!
  let retries = RetryPolicy(backoff: Backoff(first: 0, longest: 0))
  return RepdeskClient(transport: Transport(baseURL: url, tokens: tokens, session: .shared, retries: retries))
}

/// The refusal with which `request` fails; nil where it does not.
func refusal(_ request: () async throws -> some Any) async -> ProblemError? {
  do {
    _ = try await request()
    Issue.record("The request was not refused")
    return nil
  } catch {
    #expect(error is ProblemError)
    return error as? ProblemError
  }
}

/// Waits until `condition` holds, for ten seconds at most.
func eventually(_ condition: () -> Bool) async throws {
  let deadline = Date().addingTimeInterval(10)
  while !condition() {
    try #require(Date() < deadline, "It did not come to pass in time")
    try await Task.sleep(nanoseconds: 2_000_000)
  }
}

/// An invitation, as the server writes it.
let invitation = """
  {"id":"inv_1","rev":3,"kind":"rep","session":{"id":"ses_1","kind":"support"},"inviter":{"id":"rep_1","name":"Ana"},\
  "access":"view","masked":false,"state":"cancelled","created_at":"2026-11-22T12:00:00Z"}
  """
