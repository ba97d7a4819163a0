package io.github.repdesk.client

import java.io.EOFException
import java.io.IOException
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.channels.trySendBlocking
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okhttp3.sse.EventSource
import okhttp3.sse.EventSourceListener
import okhttp3.sse.EventSources

/** What a stream of server-sent events brings. */
internal sealed interface Message {
    /** A message, with the id that holds for it: its own, or that of the last before it that had one. */
    data class Told(val name: String, val id: String?, val data: String) : Message

    /** The connection ended, or did not come about. Nothing follows. */
    class Lost(val cause: IOException) : Message
}

/** The messages of the stream that answers a request. Who takes them slowly slows the connection. */
internal fun OkHttpClient.messages(request: Request): Flow<Message> = callbackFlow {
    val listener = object : EventSourceListener() {
        override fun onEvent(eventSource: EventSource, id: String?, type: String?, data: String) {
            trySendBlocking(Message.Told(type ?: "message", id, data))
        }

        override fun onClosed(eventSource: EventSource) = end(EOFException("The stream ended."))

        override fun onFailure(eventSource: EventSource, t: Throwable?, response: Response?) =
            end(t as? IOException ?: IOException("No event stream came.", t))

        private fun end(cause: IOException) {
            trySendBlocking(Message.Lost(cause))
            close()
        }
    }
    // Compression would hold messages back.
    val plain = request.newBuilder().header("Accept-Encoding", "identity").build()
    val source = EventSources.createFactory(this@messages).newEventSource(plain, listener)
    awaitClose { source.cancel() }
}
