package io.github.repdesk.client

/**
 * Several values of one query parameter.
 *
 * @property values Any one of these is meant.
 */
public class Csv<T : Any>(public val values: List<T>) {
    /** The same, one by one: `Csv(EventType.INVITATION_CREATED, EventType.INVITATION_ENDED)`. */
    public constructor(vararg values: T) : this(values.asList())

    /** As it stands in the query: joined by commas. */
    override fun toString(): String = values.joinToString(",")
}
