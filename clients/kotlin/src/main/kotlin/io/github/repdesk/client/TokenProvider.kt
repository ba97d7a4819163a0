package io.github.repdesk.client

/**
 * Knows the token with which requests are made: a console's, a guest's or an API token.
 *
 * It is asked for each request, on the thread that makes it, so it answers from memory.
 */
public fun interface TokenProvider {
    /** The token, or null while nobody is logged in. */
    public fun token(): String?
}
