import Foundation
import Testing

@testable import Repdesk

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

@Suite struct RetryPolicyTests {
  let policy = RetryPolicy()

  @Test func waitsTwiceAsLongEachTimeAndSpreadsClientsOut() throws {
    for (attempt, longest) in [(1, 0.5), (2, 1), (3, 2)] {
      let waits = (0..<200).compactMap { _ in
        policy.wait(after: URLError(.timedOut), attempts: attempt, repeatable: true)
      }
      #expect(waits.count == 200)
      #expect(waits.allSatisfy { (0...longest).contains($0) })
      #expect(waits.max()! > longest * 0.9 && waits.min()! < longest * 0.1)
    }
    #expect(policy.wait(after: URLError(.timedOut), attempts: 4, repeatable: true) == nil)
  }

  @Test func waitsNoLongerThanTheLongest() {
    let backoff = Backoff(first: 1, longest: 60)
    #expect((0..<200).allSatisfy { _ in backoff.wait(attempt: 5000) <= 60 })
    #expect((0..<200).contains { _ in backoff.wait(attempt: 7) > 30 })
  }

  @Test func waitsAsTheServerSays() throws {
    let wait = try #require(policy.wait(after: refusal(503, .sameKey, after: 7), attempts: 1, repeatable: true))
    #expect((7...7.5).contains(wait))
  }

  @Test func tellsWhoWouldWaitTooLong() {
    #expect(policy.wait(after: refusal(429, .sameKey, after: 600), attempts: 1, repeatable: true) == nil)
  }

  @Test(arguments: [
    (429, Retry.sameKey, nil as TimeInterval?, false, true), (503, .sameKey, nil, true, true),
    (503, .sameKey, nil, false, false),
    (504, .sameKey, nil, true, true), (500, .sameKey, nil, true, true), (500, .sameKey, nil, false, false),
    (409, .never, nil, true, false), (409, .safe, nil, true, false), (409, .safe, 1, true, true),
    (409, .never, 1, true, false),
    (422, .unknown("perhaps"), nil, true, false), (401, .never, nil, true, false),
  ])
  func repeatsWhatMayBeRepeated(status: Int, retry: Retry, after: TimeInterval?, repeatable: Bool, again: Bool) {
    let wait = policy.wait(after: refusal(status, retry, after: after), attempts: 1, repeatable: repeatable)
    #expect((wait != nil) == again)
  }

  @Test func repeatsFaultsOfTheNetworkAlone() {
    #expect(policy.wait(after: URLError(.networkConnectionLost), attempts: 1, repeatable: true) != nil)
    #expect(policy.wait(after: URLError(.networkConnectionLost), attempts: 1, repeatable: false) == nil)
    for code in [URLError.Code.cancelled, .badURL, .serverCertificateUntrusted] {
      #expect(policy.wait(after: URLError(code), attempts: 1, repeatable: true) == nil)
    }
    #expect(policy.wait(after: CancellationError(), attempts: 1, repeatable: true) == nil)
    #expect(policy.wait(after: NotModified(), attempts: 1, repeatable: true) == nil)
  }

  private func refusal(_ status: Int, _ retry: Retry, after seconds: TimeInterval?) -> ProblemError {
    let problem = Problem(
      code: .unknown("any"), detail: "", requestId: "", retry: retry, status: status, title: "", type: "about:blank")
    return ProblemError(problem: problem, retryAfter: seconds)
  }
}
