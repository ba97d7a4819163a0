import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One connection to an event stream. `URLSession.bytes` would do on Apple's systems; this works on Linux too.
final class StreamConnection: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  /// What the server sends, piece by piece.
  ///
  /// It ends when the server ends it, and throws ``ProblemError`` where the server refuses, `URLError` where the
  /// connection is cut, and ``StreamInterruption/silent`` where nothing came for too long.
  let chunks: AsyncThrowingStream<Data, any Error>

  private let pieces: AsyncThrowingStream<Data, any Error>.Continuation
  private let lock = NSLock()
  private var session: URLSession?
  private var refusal = Data()
  private var patience: TimeInterval
  private var lastSign = ProcessInfo.processInfo.systemUptime
  private var watchdog: Task<Void, any Error>?

  /// - Parameters:
  ///   - configuration: As whose session it connects
  ///   - patience: Seconds of silence after which the connection counts as dead
  init(_ request: URLRequest, configuration: URLSessionConfiguration, patience: TimeInterval) {
    (chunks, pieces) = AsyncThrowingStream.makeStream()
    self.patience = patience
    super.init()
    var request = request
    request.timeoutInterval = 24 * 60 * 60  // the watchdog is stricter
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    self.session = session
    pieces.onTermination = { [weak self] _ in self?.close() }
    watch()
    session.dataTask(with: request).resume()
  }

  /// From here on the connection is dead after that many seconds of silence.
  func wait(atMost seconds: TimeInterval) {
    lock.withLock { patience = seconds }
    watch()
  }

  /// Ends the connection.
  func close() {
    let (session, watchdog) = lock.withLock { (self.session, self.watchdog) }
    watchdog?.cancel()
    session?.invalidateAndCancel()
  }

  private func watch() {
    let next = Task { [weak self] in
      while let left = self?.patienceLeft(), left > 0 { try await Task.sleep(seconds: left) }
      self?.pieces.finish(throwing: StreamInterruption.silent)
    }
    let last = lock.withLock {
      defer { watchdog = next }
      return watchdog
    }
    last?.cancel()
  }

  private func patienceLeft() -> TimeInterval {
    lock.withLock { lastSign + patience - ProcessInfo.processInfo.systemUptime }
  }

  /// As in an ``Exchange``: the token goes nowhere else.
  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let isStream = dataTask.isEventStream
    lock.withLock {
      lastSign = ProcessInfo.processInfo.systemUptime
      if !isStream { refusal.append(data) }
    }
    if isStream { pieces.yield(data) }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    guard error == nil, !task.isEventStream, let response = task.response as? HTTPURLResponse else {
      return pieces.finish(throwing: error)
    }
    let isPage = response.statusCode == 200  // of a network that wants somebody to log in, perhaps
    pieces.finish(
      throwing: isPage
        ? URLError(.badServerResponse) : ProblemError(response, body: lock.withLock { refusal }))
  }
}

extension URLSessionTask {
  fileprivate var isEventStream: Bool {
    guard let response = response as? HTTPURLResponse else { return false }
    return response.statusCode == 200 && response.mimeType == "text/event-stream"
  }
}
