import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One request and its answer. `URLSession.data(for:)` would do on Apple's systems; on Linux it follows redirections, and takes
/// the token to wherever they lead.
final class Exchange: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  private let lock = NSLock()
  private var body = Data()
  private var waiting: CheckedContinuation<(Data, URLResponse), any Error>?

  /// Sends the request, and waits for all of the answer.
  static func answer(to request: URLRequest, by session: URLSession) async throws -> (Data, URLResponse) {
    let exchange = Exchange()
    #if canImport(FoundationNetworking)  // where tasks have no delegate of their own
      let session = URLSession(configuration: session.configuration, delegate: exchange, delegateQueue: nil)
      defer { session.finishTasksAndInvalidate() }
      let task = session.dataTask(with: request)
    #else
      let task = session.dataTask(with: request)
      task.delegate = exchange
    #endif
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiting in
        exchange.lock.withLock { exchange.waiting = waiting }
        task.resume()
      }
    } onCancel: {
      task.cancel()
    }
  }

  /// Follows no redirection: the server makes none. It is the answer.
  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    lock.withLock { body.append(data) }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let (waiting, body) = lock.withLock {
      defer { self.waiting = nil }
      return (self.waiting, self.body)
    }
    if let response = task.response, error == nil {
      waiting?.resume(returning: (body, response))
    } else {
      waiting?.resume(throwing: error ?? URLError(.badServerResponse))
    }
  }
}
