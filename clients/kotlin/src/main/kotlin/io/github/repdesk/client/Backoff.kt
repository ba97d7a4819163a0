package io.github.repdesk.client

import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * Pauses between tries: each a random part of a span that begins at [first] and doubles up to [most], so that clients who
 * lost the server at one moment do not all come back at another.
 */
internal class Backoff(private val random: Random, private val first: Duration = 1.seconds, private val most: Duration = 60.seconds) {
    private var span = first

    /** The next pause. */
    fun next(): Duration {
        val pause = random.nextLong(span.inWholeMilliseconds + 1).milliseconds
        span = (span * 2).coerceAtMost(most)
        return pause
    }

    /** Begins anew, since a try went well. */
    fun reset() {
        span = first
    }
}
