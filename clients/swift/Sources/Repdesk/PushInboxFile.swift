import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A ``PushInbox`` in a file, which an app and its notification service extension share: in the folder of their app
/// group.
///
/// Only one of them changes it at a time. A file that is not there, cannot be read, or is of another rep is a new
/// inbox.
public struct PushInboxFile: Sendable {
  /// Where the file is.
  public let url: URL

  public init(url: URL) {
    self.url = url
  }

  /// Lets `change` change the inbox of that rep, and keeps what it made of it.
  ///
  /// - Throws: What the file system says, and what `change` throws; the inbox then stays as it was.
  public func update<Result>(
    serverId: String, repId: String, _ change: (inout PushInbox) throws -> Result
  ) throws -> Result {
    try locked {
      var inbox =
        load().flatMap { $0.serverId == serverId && $0.repId == repId ? $0 : nil }
        ?? PushInbox(serverId: serverId, repId: repId)
      let result = try change(&inbox)
      try JSONEncoder().encode(inbox).write(to: url, options: .atomic)
      return result
    }
  }

  private func load() -> PushInbox? {
    guard let data = try? Data(contentsOf: url) else { return nil }
    return try? JSONDecoder().decode(PushInbox.self, from: data)
  }

  /// The lock is a file of its own, since each change puts a new file in the place of the old.
  private func locked<Result>(_ body: () throws -> Result) throws -> Result {
    let file = open(url.path + ".lock", O_CREAT | O_RDWR, 0o600)
    guard file >= 0 else { throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path]) }
    defer { close(file) }
    guard flock(file, LOCK_EX) == 0 else { throw CocoaError(.fileLocking, userInfo: [NSFilePathErrorKey: url.path]) }
    return try body()
  }
}
