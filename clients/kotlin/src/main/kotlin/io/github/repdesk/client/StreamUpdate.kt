package io.github.repdesk.client

import io.github.repdesk.client.models.Event
import io.github.repdesk.client.models.EventType
import io.github.repdesk.client.models.Snapshot
import io.github.repdesk.client.models.StreamClosing
import java.io.IOException
import kotlin.time.Duration

/** What an [EventStream] tells. */
public sealed interface StreamUpdate {
    /** All that is on the desk, at one moment. It takes the place of what was shown. */
    public class Loaded(public val snapshot: Snapshot) : StreamUpdate

    /**
     * Something happened. The object that the event names is there whole; of each object the highest `rev` counts.
     *
     * @property name The type as it came: [event] has [EventType.UNKNOWN] for one that is newer than this client.
     */
    public class Happened(public val name: String, public val event: Event) : StreamUpdate

    /** All that had been missed has been told. */
    public data object Ready : StreamUpdate

    /**
     * The connection is lost, and made again by itself after [retryIn]. It goes on where it was.
     *
     * @property cause What happened to it; a [ProblemException] where the server said so.
     */
    public class Interrupted(public val cause: IOException, public val retryIn: Duration) : StreamUpdate

    /** The server closed the stream, says why, and does not want the client back by itself. Nothing follows. */
    public class Closed(public val closing: StreamClosing) : StreamUpdate
}
