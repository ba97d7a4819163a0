import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// When a request that failed is sent again, and after how long.
struct RetryPolicy: Sendable {
  var retries = 3
  var backoff = Backoff(first: 0.5, longest: 8)

  /// Seconds. Who is told to wait longer than this is told so, rather than left waiting.
  var patience: TimeInterval = 10

  /// Seconds to wait before the attempt after `attempts` failed ones; nil where the failure stands.
  ///
  /// - Parameter repeatable: Whether it does no harm to send the request again when nobody knows what became of it
  func wait(after error: any Error, attempts: Int, repeatable: Bool) -> TimeInterval? {
    guard attempts <= retries, mayRepeat(error, repeatable: repeatable) else { return nil }
    let asked = (error as? ProblemError)?.retryAfter ?? 0
    guard asked <= patience else { return nil }
    return asked + backoff.wait(attempt: attempts)
  }

  private func mayRepeat(_ error: any Error, repeatable: Bool) -> Bool {
    switch error {
    case let error as ProblemError: mayRepeat(error, repeatable: repeatable)
    case let error as URLError: repeatable && error.isFaultOfTheNetwork
    default: false
    }
  }

  private func mayRepeat(_ refusal: ProblemError, repeatable: Bool) -> Bool {
    if refusal.status == 429 { return true }  // it was turned away at the door
    guard repeatable else { return false }
    return refusal.passes || refusal.retry == .sameKey || refusal.retry != .never && refusal.retryAfter != nil
  }
}

/// How long to wait between attempts: twice as long each time, and any time up to that, so that clients which were cut
/// off together do not come back together.
struct Backoff: Sendable {
  /// Seconds.
  var first: TimeInterval
  /// Seconds.
  var longest: TimeInterval

  func wait(attempt: Int) -> TimeInterval {
    .random(in: 0...min(longest, first * pow(2, Double(attempt - 1))))
  }
}

extension URLError {
  /// Whether the request may have come to the server, or may come to it another time; not where it could never be sent,
  /// and not where whoever asked gave up.
  var isFaultOfTheNetwork: Bool {
    switch code {
    case .cancelled, .badURL, .unsupportedURL, .userAuthenticationRequired,
      .appTransportSecurityRequiresSecureConnection,
      .serverCertificateUntrusted, .serverCertificateHasBadDate, .serverCertificateHasUnknownRoot,
      .serverCertificateNotYetValid, .clientCertificateRejected, .clientCertificateRequired:
      false
    default: true
    }
  }
}

extension Task where Success == Never, Failure == Never {
  /// `Task.sleep(for:)` needs a newer system than the package does.
  static func sleep(seconds: TimeInterval) async throws {
    try await sleep(nanoseconds: UInt64(max(0, seconds) * 1_000_000_000))
  }
}
