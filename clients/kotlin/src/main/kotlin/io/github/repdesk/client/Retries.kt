package io.github.repdesk.client

import io.github.repdesk.client.models.Retry
import java.io.IOException
import java.net.ProtocolException
import java.net.UnknownServiceException
import javax.net.ssl.SSLHandshakeException
import javax.net.ssl.SSLPeerUnverifiedException
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import okhttp3.Call
import okhttp3.Interceptor
import okhttp3.Request
import okhttp3.RequestBody
import okhttp3.Response
import okio.BufferedSink

/** How often a request is made again at most. */
private const val RETRIES = 3

/** The longest pause that a caller is kept waiting for; who is told to wait longer learns so at once. */
private val PATIENCE = 10.seconds

/**
 * Makes a request again that failed for a reason which passes, unchanged, and so under the same key: what had its effect
 * already when the answer was lost has it once.
 */
internal class Retries(private val random: Random, private val pause: (Call, Duration) -> Unit = ::sleep) : Interceptor {
    override fun intercept(chain: Interceptor.Chain): Response {
        val request = chain.request().run { if (isRepeatable()) this else sentOnce() }
        val backoff = Backoff(random)
        repeat(RETRIES) {
            try {
                return chain.proceed(request)
            } catch (failure: IOException) {
                if (chain.call().isCanceled() || !failure.passes(request)) throw failure
                pause(chain.call(), failure.pause(backoff) ?: throw failure)
            }
        }
        return chain.proceed(request)
    }

    /** Whether the same request may go well, and can do no harm. */
    private fun IOException.passes(request: Request): Boolean = when (this) {
        is ProblemException -> when {
            status == 429 -> true // it was turned away at the door
            !request.isRepeatable() -> false
            else -> status in PASSING || retry == Retry.SAME_KEY || retry != Retry.NEVER && retryAfter != null
        }
        is SSLHandshakeException, is SSLPeerUnverifiedException, is ProtocolException, is UnknownServiceException -> false
        else -> request.isRepeatable()
    }

    /** Whether making the request twice has the effect of making it once. */
    private fun Request.isRepeatable() = method in setOf("GET", "HEAD", "PUT", "DELETE") || header(IDEMPOTENCY_KEY) != null

    /** The same request, which OkHttp does not send again by itself when a connection of before swallows it. */
    private fun Request.sentOnce(): Request {
        val whole = body ?: return this
        val once = object : RequestBody() {
            override fun contentType() = whole.contentType()

            override fun contentLength() = whole.contentLength()

            override fun writeTo(sink: BufferedSink) = whole.writeTo(sink)

            override fun isOneShot() = true
        }
        return newBuilder().method(method, once).build()
    }

    /** The pause before the next try, with some spread; null if it is longer than anybody waits. */
    private fun IOException.pause(backoff: Backoff): Duration? {
        val told = (this as? ProblemException)?.retryAfter ?: Duration.ZERO
        return (told + backoff.next()).takeIf { told <= PATIENCE }
    }
}

/** Waits on OkHttp's own thread, until the call is cancelled at the latest. */
private fun sleep(call: Call, time: Duration) {
    val end = System.nanoTime() + time.inWholeNanoseconds
    while (true) {
        val left = end - System.nanoTime()
        if (left <= 0) return
        Thread.sleep((left / 1_000_000 + 1).coerceAtMost(SLICE.inWholeMilliseconds))
        if (call.isCanceled()) throw IOException("Canceled")
    }
}

private val SLICE = 100.milliseconds
