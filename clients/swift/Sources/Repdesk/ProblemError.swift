import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A request that was refused.
///
/// Decide by ``code``, which never changes its meaning. The texts are English, for developers.
public struct ProblemError: Error, Hashable, Sendable {
  /// What the server says. Where something before it answered, such as a proxy, its `type` is `about:blank`, and its
  /// `code` `.unknown("http_502")` or the like.
  public let problem: Problem

  /// Seconds to wait before the request is repeated, where the answer says so.
  public let retryAfter: TimeInterval?

  /// Why it was refused.
  public var code: ProblemCode { problem.code }

  /// The HTTP status.
  public var status: Int { problem.status }

  /// How the request may be repeated. The client did so already, where waiting for a moment helps.
  public var retry: Retry { problem.retry }

  /// Whether the token is of no use any more: the app forgets it, and asks the user to log in.
  public var endsLogIn: Bool { status == 401 && code != .invalidCredentials }

  /// Whether it passes by itself: the server, or what stands before it, is busy or about to start.
  var passes: Bool { [408, 429, 502, 503, 504].contains(status) }
}

extension ProblemError {
  init(_ response: HTTPURLResponse, body: Data) {
    problem = (try? Wire.decoder().decode(Problem.self, from: body)) ?? Problem(answeredBySomethingElse: response)
    retryAfter =
      response.value(forHTTPHeaderField: "Retry-After").flatMap { UInt32($0) }.map { TimeInterval($0) }
      ?? problem.retryAfterSeconds.map { TimeInterval($0) }
  }
}

extension ProblemError: LocalizedError {
  /// What happened, for logs. What users read, the app says in their language.
  public var errorDescription: String? {
    "\(problem.title): \(problem.detail) (\(problem.code.rawValue), request \(problem.requestId))"
  }
}

extension Problem {
  /// A gateway that gave up does not know what became of the request: it may be repeated with the same key.
  fileprivate init(answeredBySomethingElse response: HTTPURLResponse) {
    self.init(
      code: .unknown("http_\(response.statusCode)"),
      detail: "Something other than the server answered.",
      requestId: response.value(forHTTPHeaderField: "Request-Id") ?? "",
      retry: response.statusCode >= 500 ? .sameKey : .never,
      status: response.statusCode,
      title: "No answer of the server",
      type: "about:blank")
  }
}

/// What was asked for is still as `ifNoneMatch` says.
public struct NotModified: Error, Hashable, Sendable {}
