import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A request, as it came to a ``StubServer``.
struct StubRequest: Sendable {
  var method: String
  /// Path and query, as they were sent.
  var target: String
  /// By their names in lower case.
  var headers: [String: String]
  var body: String
}

/// What a ``StubServer`` does with a request.
enum StubReply: Sendable {
  /// Answers it.
  case answer(Int, body: String, headers: [String: String] = [:])
  /// Ends the connection without a word.
  case cut
  /// Answers with an event stream: these pieces, and then its end.
  case stream([String])
  /// The same, but the connection stays open, and silent, until the client closes it.
  case streamThenSilence([String])

  static func json(_ body: String) -> StubReply {
    .answer(200, body: body, headers: ["Content-Type": "application/json"])
  }

  static func problem(_ status: Int, _ code: String, retry: String = "never", headers: [String: String] = [:])
    -> StubReply
  {
    let body = """
      {"type":"/docs/problems#\(code)","title":"No","status":\(status),"detail":"Not so.","code":"\(code)",\
      "retry":"\(retry)","request_id":"REQ1"}
      """
    return .answer(status, body: body, headers: headers.merging(["Content-Type": "application/problem+json"]) { $1 })
  }
}

/// An HTTP server on loopback that answers as a test says, and can do what a real one seldom does: cut connections, and
/// say nothing.
final class StubServer: @unchecked Sendable {
  typealias Handler = @Sendable (_ request: StubRequest, _ number: Int) -> StubReply

  let url: URL

  private let listener: Int32
  private let lock = NSLock()
  private var seen: [StubRequest] = []
  private var left = 0

  /// - Parameter handler: What it does with a request; `number` counts from 0
  init(_ handler: @escaping Handler) throws {
    signal(SIGPIPE, SIG_IGN)
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    listener = socket(AF_INET, kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port: UInt16? = withUnsafeMutablePointer(to: &address) { [listener] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        guard bind(listener, $0, size) == 0, listen(listener, 16) == 0, getsockname(listener, $0, &size) == 0 else {
          return nil
        }
        return pointer.pointee.sin_port.bigEndian
      }
    }
    guard let port else { throw CocoaError(.fileReadUnknown) }
    url = URL(string: "http://127.0.0.1:\(port)")!
    Thread.detachNewThread { [self] in accept(handler) }
  }

  /// All requests so far, in the order in which they came.
  var requests: [StubRequest] { lock.withLock { seen } }

  /// How many clients have closed a silent stream.
  var closedByClients: Int { lock.withLock { left } }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func accept(_ handler: @escaping Handler) {
    while true {
      #if canImport(Glibc)
        let client = Glibc.accept(listener, nil, nil)
      #elseif canImport(Musl)
        let client = Musl.accept(listener, nil, nil)
      #else
        let client = Darwin.accept(listener, nil, nil)
      #endif
      guard client >= 0 else { return }
      Thread.detachNewThread { [self] in
        serve(client, handler)
        close(client)
      }
    }
  }

  private func serve(_ client: Int32, _ handler: Handler) {
    guard let request = read(from: client) else { return }
    let number = lock.withLock {
      seen.append(request)
      return seen.count - 1
    }
    switch handler(request, number) {
    case .cut: break
    case .answer(let status, let body, let headers):
      let head = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
      write(
        "HTTP/1.1 \(status) Stub\r\n\(head)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)",
        to: client)
    case .stream(let pieces): stream(pieces, to: client)
    case .streamThenSilence(let pieces):
      stream(pieces, to: client)
      var byte: UInt8 = 0
      while recv(client, &byte, 1, 0) > 0 {}
      lock.withLock { left += 1 }
    }
  }

  private func stream(_ pieces: [String], to client: Int32) {
    write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n", to: client)
    for piece in pieces { write(piece, to: client) }
  }

  private func read(from client: Int32) -> StubRequest? {
    var bytes: [UInt8] = []
    let end = Array("\r\n\r\n".utf8)
    while !bytes.suffix(4).elementsEqual(end) {
      guard let byte = next(from: client) else { return nil }
      bytes.append(byte)
    }
    let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    let first = lines[0].split(separator: " ")
    var request = StubRequest(method: String(first[0]), target: String(first[1]), headers: [:], body: "")
    for line in lines.dropFirst() where line.contains(":") {
      let parts = line.split(separator: ":", maxSplits: 1)
      request.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    let body = (0..<(Int(request.headers["content-length"] ?? "") ?? 0)).compactMap { _ in next(from: client) }
    request.body = String(decoding: body, as: UTF8.self)
    return request
  }

  private func next(from client: Int32) -> UInt8? {
    var byte: UInt8 = 0
    return recv(client, &byte, 1, 0) == 1 ? byte : nil
  }

  private func write(_ text: String, to client: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { send(client, $0.baseAddress, $0.count, 0) }
      guard written > 0 else { return }
      bytes.removeFirst(written)
    }
  }
}
