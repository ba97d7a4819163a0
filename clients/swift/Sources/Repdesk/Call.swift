import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One request as an operation describes it, before it is sent.
struct Call: Sendable {
  let method: String

  /// Whether it goes without a token: whoever sends it has no account, or is about to log in.
  let isPublic: Bool

  private(set) var path: String
  private(set) var query: [(name: String, value: String)] = []
  private(set) var headers: [String: String] = [:]
  private(set) var body: Data?

  init(_ method: String, _ path: String, isPublic: Bool = false) {
    self.method = method
    self.path = path
    self.isPublic = isPublic
  }

  /// Fills the place `{name}` of the path.
  mutating func path(_ name: String, _ value: any ParameterValue) {
    path = path.replacingOccurrences(of: "{\(name)}", with: Self.escaped(value.parameter))
  }

  mutating func query(_ name: String, _ value: (any ParameterValue)?) {
    guard let value else { return }
    query.append((name, value.parameter))
  }

  mutating func header(_ name: String, _ value: (any ParameterValue)?) {
    guard let value else { return }
    headers[name] = value.parameter
  }

  mutating func body(_ value: (some Encodable)?) throws {
    guard let value else { return }
    body(try Wire.encoder().encode(value), type: "application/json")
  }

  mutating func body(_ data: Data?, type: String) {
    guard let data else { return }
    body = data
    headers["Content-Type"] = type
  }

  /// The request to the server at `base`, whose own path stays in front.
  func request(to base: URL) throws -> URLRequest {
    var text = base.absoluteString
    while text.hasSuffix("/") { text.removeLast() }
    text += path
    if !query.isEmpty {
      text += "?" + query.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }.joined(separator: "&")
    }
    guard let url = URL(string: text) else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    request.httpMethod = method
    request.httpBody = body
    for (name, value) in headers {
      request.setValue(value, forHTTPHeaderField: name)
    }
    return request
  }

  /// Only what means itself everywhere stays: `URLComponents` would leave a plus as it is, which servers read as a
  /// space.
  private static func escaped(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? text
  }

  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@,")
}

/// What can stand in a path, a query or a header.
protocol ParameterValue: Sendable {
  var parameter: String { get }
}

extension String: ParameterValue {
  var parameter: String { self }
}

extension Int: ParameterValue {
  var parameter: String { String(self) }
}

extension Bool: ParameterValue {
  var parameter: String { self ? "true" : "false" }
}

extension Array: ParameterValue where Element: ParameterValue {
  var parameter: String { map(\.parameter).joined(separator: ",") }
}

/// The contract's enumerations.
extension ParameterValue where Self: RawRepresentable, RawValue == String {
  var parameter: String { rawValue }
}
