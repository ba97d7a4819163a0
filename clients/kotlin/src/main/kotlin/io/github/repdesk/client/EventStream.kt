package io.github.repdesk.client

import io.github.repdesk.client.apis.EventsApi
import io.github.repdesk.client.models.Event
import io.github.repdesk.client.models.EventType
import io.github.repdesk.client.models.Retry
import io.github.repdesk.client.models.StreamClosing
import io.github.repdesk.client.models.StreamReady
import java.io.IOException
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.mapNotNull
import okhttp3.HttpUrl
import okhttp3.OkHttpClient
import okhttp3.Request

/**
 * What happens on a desk, as it happens: a snapshot, and then every event after it.
 *
 * Nothing is missed and nothing comes twice, however often the connection is lost: the stream goes on where it was. Where that
 * is not possible, or the rep may see more than before, it begins anew with another snapshot.
 */
public class EventStream internal constructor(
    private val base: HttpUrl,
    private val client: OkHttpClient,
    private val events: EventsApi,
    private val random: Random,
) {
    /**
     * Follows the desk for as long as the flow is collected, on a connection of its own. Of a console's connections the newest
     * alone lives, so several screens share one flow, by `shareIn`.
     *
     * The flow ends with [StreamUpdate.Closed] when the server says that the client should not come back by itself. It fails with a
     * [ProblemException] when the server refuses for good: after a 401 the token is to be forgotten. Everything else it rides out.
     *
     * @param types Only events of these types; none means all but `rep.presence_changed`.
     */
    public fun updates(vararg types: EventType): Flow<StreamUpdate> = flow { Following(this, types.asList()).run() }

    /** One collection of the flow. */
    private inner class Following(private val out: FlowCollector<StreamUpdate>, private val types: List<EventType>) {
        private val backoff = Backoff(random)
        private var position: String? = null
        private var heartbeat = USUAL_HEARTBEAT

        suspend fun run() {
            while (true) {
                when (val end = follow()) {
                    is End.Anew -> {
                        position = null
                        delay(backoff.next())
                    }
                    is End.Lost -> {
                        val told = (end.cause as? ProblemException)?.retryAfter ?: Duration.ZERO
                        val pause = told + backoff.next()
                        out.emit(StreamUpdate.Interrupted(end.cause, pause))
                        delay(pause)
                    }
                    is End.Closing -> {
                        val told = end.closing.retryAfterSeconds ?: return out.emit(StreamUpdate.Closed(end.closing))
                        delay(told.seconds + backoff.next())
                    }
                }
            }
        }

        /** Loads what is on the desk, where need be, and follows it until the connection ends. */
        private suspend fun follow(): End {
            if (position == null) {
                val snapshot = try {
                    events.getSnapshot()
                } catch (failure: IOException) {
                    return endBy(failure)
                }
                position = snapshot.cursor
                out.emit(StreamUpdate.Loaded(snapshot))
            }
            val patient = client.newBuilder().readTimeout((heartbeat * 2).toJavaDuration()).build()
            return patient.messages(request()).mapNotNull(::take).first()
        }

        private fun request(): Request {
            val url = base.newBuilder().addPathSegments("v1/events").addQueryParameter("after", position)
            if (types.isNotEmpty()) url.addQueryParameter("types", Csv(types).toString())
            return Request.Builder().url(url.build()).build()
        }

        /** Tells what a message says, or how it ends the connection. */
        private suspend fun take(message: Message): End? = when (message) {
            is Message.Lost -> endBy(message.cause)
            is Message.Told -> when (message.name) {
                "ready" -> {
                    val ready = json.decodeFromString<StreamReady>(message.data)
                    position = ready.cursor
                    heartbeat = ready.heartbeatSeconds.seconds
                    backoff.reset()
                    out.emit(StreamUpdate.Ready)
                    null
                }
                "reset" -> End.Anew
                "closing" -> End.Closing(json.decodeFromString(message.data))
                else -> {
                    out.emit(StreamUpdate.Happened(message.name, json.decodeFromString<Event>(message.data)))
                    position = message.id ?: position
                    null
                }
            }
        }

        private fun endBy(failure: IOException): End = when {
            failure !is ProblemException || failure.passes() -> End.Lost(failure)
            failure.status == 410 -> End.Anew
            else -> throw failure
        }

        private fun ProblemException.passes() = status in PASSING || status >= 500 || retry == Retry.SAME_KEY
    }

    /** How a connection ended. */
    private sealed interface End {
        object Anew : End
        class Lost(val cause: IOException) : End
        class Closing(val closing: StreamClosing) : End
    }
}

/** What the server does before it says otherwise. */
private val USUAL_HEARTBEAT = 25.seconds
