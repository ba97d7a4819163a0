import Foundation

/// What an event stream tells.
public enum StreamUpdate: Sendable {
  /// How everything stands: it takes the place of all that the app has.
  ///
  /// It comes first, and again whenever the server asks to load everything anew.
  case snapshot(Snapshot)

  /// What happened after it. Of an object keep the highest `rev`. A type that the app does not know is nothing to worry
  /// about.
  case event(Event)

  /// What was missed has been told: from here on events come as they happen.
  case ready

  /// The connection is cut, or the server asks to come again: it is tried again after these seconds, without the app.
  ///
  /// The cause is a ``StreamInterruption``, a ``ProblemError`` that passes (429, 5xx), or a `URLError`.
  case interrupted(retryIn: TimeInterval, because: any Error)

  /// The server ended the stream for good, and why: the log-in is over, or another stream of this console took its
  /// place. No update comes after it.
  case closed(ClosingReason)
}

/// Why a connection of an ``EventStream`` ended, though the stream goes on.
public enum StreamInterruption: Error, Hashable, Sendable {
  /// The connection ended, and nobody said why.
  case cut
  /// Nothing came for twice as long as the server lets pass between two signs of life.
  case silent
  /// The server asks to come again after these seconds: it is about to stop.
  case closing(ClosingReason, retryAfter: TimeInterval)
}

/// What a rep is told, without a gap: a snapshot, then each event once, over as many connections as it takes.
///
/// ```swift
/// for try await update in client.eventStream() {
///   switch update {
///   case .snapshot(let snapshot): desk = Desk(snapshot)
///   case .event(let event): desk.apply(event)
///   case .ready: status = nil
///   case .interrupted: status = "Connecting…"
///   case .closed(let reason): status = "Closed: \(reason.rawValue)"
///   }
/// }
/// ```
///
/// Cancel the task to close the stream, as an app does when it goes to the background. Each loop has a stream of its
/// own, and a console has one: a second closes the first.
///
/// The loop throws a ``ProblemError`` where coming again does not help, such as a token that is of no use any more.
public struct EventStream: AsyncSequence, Sendable {
  public typealias Element = StreamUpdate
  public typealias AsyncIterator = AsyncThrowingStream<StreamUpdate, any Error>.AsyncIterator

  let client: RepdeskClient
  let types: [EventType]
  var backoff = Backoff(first: 1, longest: 60)

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncThrowingStream<StreamUpdate, any Error> { updates in
      let following = Task {
        do {
          var follower = StreamFollower(client: client, types: types, backoff: backoff) { updates.yield($0) }
          try await follower.follow()
          updates.finish()
        } catch {
          updates.finish(throwing: error)
        }
      }
      updates.onTermination = { _ in following.cancel() }
    }.makeAsyncIterator()
  }
}
