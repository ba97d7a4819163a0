import Foundation

/// JSON as the API writes it: times are RFC 3339 in whole seconds, what is absent is left out.
enum Wire {
  static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    return decoder
  }

  /// The same value always makes the same bytes, as the repetition of a request under its key has to.
  static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}
