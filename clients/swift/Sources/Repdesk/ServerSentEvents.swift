import Foundation

/// One event of a stream of server-sent events, as its text says it.
struct ServerSentEvent: Hashable, Sendable {
  /// Its name; `message` where the stream gives none.
  var name: String
  /// Its data; of several lines one text.
  var data: String
  /// The id that holds for it: its own, or that of the last event that had one.
  var id: String?
}

/// Reads server-sent events out of the bytes of a stream, wherever these are cut (HTML standard, section 9.2.6).
struct ServerSentEventParser: Sendable {
  private var line: [UInt8] = []
  private var isFirstLine = true
  private var lastWasCarriageReturn = false
  private var name = ""
  private var data: [String] = []
  private var id: String?

  /// The events that are whole with these bytes. What the stream breaks off in the middle of is none.
  mutating func read(_ bytes: some Sequence<UInt8>) -> [ServerSentEvent] {
    var events: [ServerSentEvent] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\n") where lastWasCarriageReturn: break  // the two are one end of a line
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        if let event = endLine() { events.append(event) }
      default: line.append(byte)
      }
      lastWasCarriageReturn = byte == UInt8(ascii: "\r")
    }
    return events
  }

  /// Takes the line that is whole; an empty one ends the event, if there is one.
  private mutating func endLine() -> ServerSentEvent? {
    defer { line.removeAll(keepingCapacity: true) }
    if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }  // a byte order mark
    isFirstLine = false
    guard line.isEmpty else {
      takeField()
      return nil
    }
    defer {
      name = ""
      data = []
    }
    guard !data.isEmpty else { return nil }
    return ServerSentEvent(name: name.isEmpty ? "message" : name, data: data.joined(separator: "\n"), id: id)
  }

  private mutating func takeField() {
    let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    var bytes = parts.count > 1 ? parts[1] : []
    if bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
    let value = String(decoding: bytes, as: UTF8.self)
    switch String(decoding: parts[0], as: UTF8.self) {
    case "event": name = value
    case "data": data.append(value)
    case "id" where !bytes.contains(0): id = value
    default: break  // a comment, or a field that nobody knows
    }
  }
}
