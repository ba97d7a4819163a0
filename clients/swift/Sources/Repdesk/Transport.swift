import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Carries calls to the server: adds what every request carries, repeats what may be repeated, and makes
/// ``ProblemError`` of refusals.
struct Transport: Sendable {
  let baseURL: URL
  let tokens: any TokenProvider
  let session: URLSession
  var retries = RetryPolicy()

  /// Sends the call and reads the answer.
  func answer<Answer: Decodable>(_ call: Call) async throws -> Answer {
    try Wire.decoder().decode(Answer.self, from: try await send(call))
  }

  /// Sends the call, whose answer has no body.
  func perform(_ call: Call) async throws {
    _ = try await send(call)
  }

  private func send(_ call: Call) async throws -> Data {
    let request = try await prepare(call)
    var attempts = 0
    while true {
      do {
        return try await send(request)
      } catch {
        attempts += 1
        guard let wait = retries.wait(after: error, attempts: attempts, repeatable: request.isRepeatable) else {
          throw error
        }
        try await Task.sleep(seconds: wait)
      }
    }
  }

  private func send(_ request: URLRequest) async throws -> Data {
    let (data, response) = try await Exchange.answer(to: request, by: session)
    guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
    switch response.statusCode {
    // A page in place of an answer: the network wants somebody to log in, perhaps.
    case 200..<300 where response.mimeType == "text/html": throw URLError(.badServerResponse)
    case 200..<300: return data
    case 304: throw NotModified()
    default: throw ProblemError(response, body: data)
    }
  }

  /// The request with what every request carries. It is made once for all attempts, so that all have the same key.
  func prepare(_ call: Call) async throws -> URLRequest {
    var request = try call.request(to: baseURL)
    if !call.isPublic, let token = try await tokens.token() {
      request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
    }
    // The app may be newer than the server, which then leaves out what it does not know.
    request.setValue("handling=lenient", forHTTPHeaderField: "Prefer")
    if call.method == "POST", request.idempotencyKey == nil {
      request.setValue(UUID().uuidString, forHTTPHeaderField: "Idempotency-Key")
    }
    return request
  }
}

extension URLRequest {
  fileprivate var idempotencyKey: String? { value(forHTTPHeaderField: "Idempotency-Key") }

  /// Whether it can be sent again when nobody knows whether it came: it then does nothing twice.
  fileprivate var isRepeatable: Bool {
    switch httpMethod {
    case "GET", "PUT", "DELETE": true
    case "POST": idempotencyKey != nil
    default: false
    }
  }
}
